#include "archive/select.h"

#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/group.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SNAPSHOTS 4

/* Four snapshots whose ids begin alike: 1, 12, 123 and 1234 are ever less ambiguous. */
static void make_list(struct snapshot *items)
{
	static char *tags[] = {"a", "b", ""};
	static const uint8_t starts[SNAPSHOTS][2] = {
		{0x12, 0x34}, {0x12, 0x35}, {0x12, 0x40}, {0x13, 0x00}};

	for (size_t i = 0; i < SNAPSHOTS; i++) {
		items[i] = (struct snapshot){0};
		memcpy(items[i].id.bytes, starts[i], 2);
		items[i].time.seconds = (int64_t)i;
		items[i].tags = (struct str_list){.items = tags, .count = i};
	}
}

/* Who is found is who was named: its id begins so, or it was called the latest. */
static void check_find(const struct select_list *list, const char *text)
{
	const struct str_list none = {0};
	const struct select_filter filter = {&none, &none, &none};
	const struct snapshot *found = NULL;
	cleanup_free char *folder = NULL;
	char name[ID_TEXT_SIZE];
	struct err err = ERR_INIT;
	size_t size = strcspn(text, ":");

	if (select_find(list, text, &filter, &found, &folder, &err) < 0)
		return;
	id_format(&found->id, name);
	if (!folder)
		abort();
	if (strncmp(text, "latest", size) == 0 && size == strlen("latest")) {
		if (found != &list->items[SNAPSHOTS - 1])
			abort();
	} else if (strncmp(text, name, size) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	struct snapshot items[SNAPSHOTS];
	const struct select_list list = {.items = items, .count = SNAPSHOTS};
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct id id;
	unsigned by;

	if (!text)
		return 0;
	make_list(items);
	check_find(&list, text);
	if (id_parse(text, &id)) {
		id_format(&id, name);
		if (strcmp(name, text) != 0)
			abort();
	}
	/* More tags that are wanted never make more snapshots fit. */
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		cleanup_free char *more = str_printf("%s,no such", text);

		if (more && *text && select_has_tags(&items[i], more))
			abort();
		(void)select_has_tags(&items[i], text);
	}
	if (group_by_parse(text, &by, &err) >= 0 && by > 7)
		abort();
	return 0;
}
