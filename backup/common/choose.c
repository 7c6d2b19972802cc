#include "backup/common/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/common/common.h"

static bool is_chosen(const struct choose *choose, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < choose->count; i++)
		if (choose->items[i] == snapshot)
			return true;
	return false;
}

int choose_filter(struct choose_arguments *arguments, struct select_filter *ret, struct err *err)
{
	static const struct str_list none;
	const char *host = getenv("RESTIC_HOST");
	int r = 0;

	if (!arguments->hosts.count && host && *host)
		r = str_list_add(&arguments->hosts, host, err);
	if (r < 0)
		return r;
	*ret = (struct select_filter){&arguments->hosts, &arguments->tags, &arguments->paths};
	if (str_list_has(&arguments->hosts, ""))
		ret->hosts = &none;
	return 0;
}

int choose_snapshots(const struct select_list *list, struct choose_arguments *arguments, int argc,
	char **argv, struct choose *ret, struct err *err)
{
	cleanup_choose struct choose choose = {0};
	struct select_filter filter;
	int r = choose_filter(arguments, &filter, err);

	if (r < 0)
		return r;
	choose.items = calloc(list->count ? list->count : 1, sizeof(*choose.items));
	if (!choose.items)
		return err_oom(err);
	for (int i = 0; r >= 0 && i < argc; i++) {
		cleanup_free char *folder = NULL;
		const struct snapshot *snapshot;

		r = select_find(list, argv[i], &filter, &snapshot, &folder, err);
		if (r >= 0 && !is_chosen(&choose, snapshot))
			choose.items[choose.count++] = snapshot;
	}
	for (size_t i = 0; !argc && i < list->count; i++)
		if (select_matches(&list->items[i], &filter))
			choose.items[choose.count++] = &list->items[i];
	if (r < 0)
		return r;
	*ret = choose;
	choose = (struct choose){0};
	return 0;
}

void choose_done(struct choose *choose)
{
	free(choose->items);
	*choose = (struct choose){0};
}

struct json *choose_json(const struct snapshot *snapshot)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	struct json *json = NULL;
	struct err err = ERR_INIT;
	char id[ID_TEXT_SIZE];

	if (snapshot_format(snapshot, &text, &err) < 0 ||
		json_parse((const char *)text.data, text.size, SNAPSHOT_MAX, &json, &err) < 0)
		return NULL;
	id_format(&snapshot->id, id);
	json_set_text(json, "id", id);
	id[8] = '\0';
	json_set_text(json, "short_id", id);
	return json;
}

static void print_list(const char *before, const struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		cleanup_free char *text = strdup(list->items[i]);

		if (text) {
			str_sanitize(text);
			printf(" %s%s", before, text);
		}
	}
}

void choose_print(const struct snapshot *snapshot, const struct str_list *reasons)
{
	cleanup_free char *host = strdup(snapshot->hostname ? snapshot->hostname : "");
	char time[32], id[ID_TEXT_SIZE];

	id_format(&snapshot->id, id);
	common_format_time(&snapshot->time, time);
	if (host)
		str_sanitize(host);
	printf("%.8s  %s  %-16.16s", id, time, host ? host : "");
	print_list("", &snapshot->paths);
	print_list("#", &snapshot->tags);
	for (size_t i = 0; reasons && i < reasons->count; i++)
		printf("%s%s", i ? ", " : "  (", reasons->items[i]);
	puts(reasons && reasons->count ? ")" : "");
}
