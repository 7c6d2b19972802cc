#include "hw/firmware/attribute.h"
#include "hw/firmware/board.h"
#include "hw/firmware/note.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fit(const char *text, size_t room)
{
	const size_t n = strnlen(text, room);

	if (n == room || !str_is_utf8(text, n) || memchr(text, '\033', n))
		abort();
}

static void check(const struct firmware_note *note)
{
	fit(note->name, sizeof(note->name));
	fit(note->boot_key, sizeof(note->boot_key));
	fit(note->setup_key, sizeof(note->setup_key));
	fit(note->kernel_args, sizeof(note->kernel_args));
	fit(note->nic, sizeof(note->nic));
	fit(note->verified, sizeof(note->verified));
	if (note->quirks >= FIRMWARE_QUIRK_KERNEL_ARGS * 2)
		abort();
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		const struct firmware_wish *wish = &note->wishes[i];

		fit(wish->menu, sizeof(wish->menu));
		fit(wish->attribute, sizeof(wish->attribute));
		fit(wish->values, sizeof(wish->values));
		/* It becomes a part of a path. */
		if (strchr(wish->attribute, '/') || wish->attribute[0] == '.')
			abort();
	}
}

/* Lines "NAME=value" are properties of one note; the others are a UUID, and a list of values of
 * which the notes' wishes are chosen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = malloc(size + 1);
	struct firmware_note note = {0};
	char *at = text, *line;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	while ((line = strsep(&at, "\n"))) {
		struct err err = ERR_INIT;
		char *equal = strchr(line, '='), value[64];
		const char *wanted = note.wishes[FIRMWARE_GOAL_AHCI].values;

		if (equal) {
			*equal = '\0';
			if (firmware_note_add(&note, line, equal + 1, &err) == 0 && err.code)
				abort();
			continue;
		}
		(void)firmware_board_judge_uuid(line);
		if (firmware_attribute_choose(line, wanted, value, sizeof(value)) &&
			!firmware_attribute_is(value, wanted))
			abort();
	}
	check(&note);
	return 0;
}
