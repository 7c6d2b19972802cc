#include <stdio.h>
#include <string.h>

#include "archive/select.h"
#include "backup/common/common.h"
#include "backup/show/show.h"
#include "base/i18n.h"
#include "base/parse.h"

static struct str_list arg_hosts, arg_tags, arg_paths;
static const char *arg_latest;

static const struct verb_option options[] = {
	{.long_name = "host",
		.short_name = 'H',
		.argument = N_("NAME"),
		.help = N_("only of this host (may be given again)"),
		.list = &arg_hosts},
	{.long_name = "tag",
		.argument = N_("TAG"),
		.help = N_("only with this tag (may be given again)"),
		.list = &arg_tags},
	{.long_name = "path",
		.argument = N_("PATH"),
		.help = N_("only with this path (may be given again)"),
		.list = &arg_paths},
	{.long_name = "latest",
		.argument = N_("N"),
		.help = N_("only the last N"),
		.text = &arg_latest},
	{0},
};

static struct json *json_of_list(const struct str_list *list)
{
	struct json *json = json_array_new();

	for (size_t i = 0; i < list->count; i++)
		json_add_text(json, list->items[i]);
	return json;
}

static struct json *json_of(const struct snapshot *snapshot)
{
	struct json *json = json_object_new();
	char time[CLOCK_RFC3339_SIZE], id[ID_TEXT_SIZE];

	clock_rfc3339_format(snapshot->time.seconds, snapshot->time.nanoseconds, time);
	json_set_text(json, "time", time);
	id_format(&snapshot->tree, id);
	json_set_text(json, "tree", id);
	json_set(json, "paths", json_of_list(&snapshot->paths));
	json_set_text(json, "hostname", snapshot->hostname);
	json_set_text(json, "username", snapshot->username);
	if (snapshot->tags.count)
		json_set(json, "tags", json_of_list(&snapshot->tags));
	if (snapshot->excludes.count)
		json_set(json, "excludes", json_of_list(&snapshot->excludes));
	json_set_text(json, "program_version", snapshot->program_version);
	if (snapshot->has_summary) {
		json_set_integer(json, "total_files_processed",
			(int64_t)snapshot->summary.total_files_processed);
		json_set_integer(json, "total_bytes_processed",
			(int64_t)snapshot->summary.total_bytes_processed);
		json_set_integer(json, "data_added", (int64_t)snapshot->summary.data_added);
	}
	id_format(&snapshot->id, id);
	json_set_text(json, "id", id);
	id[8] = '\0';
	json_set_text(json, "short_id", id);
	return json;
}

static void print_row(const struct snapshot *snapshot)
{
	char time[32], size[32] = "", id[ID_TEXT_SIZE];

	id_format(&snapshot->id, id);
	common_format_time(&snapshot->time, time);
	if (snapshot->has_summary)
		common_format_bytes(snapshot->summary.total_bytes_processed, size);
	printf("%.8s  %s  %-16.16s %10s ", id, time, snapshot->hostname ? snapshot->hostname : "",
		size);
	for (size_t i = 0; i < snapshot->paths.count; i++) {
		str_sanitize(snapshot->paths.items[i]);
		printf(" %s", snapshot->paths.items[i]);
	}
	for (size_t i = 0; i < snapshot->tags.count; i++) {
		str_sanitize(snapshot->tags.items[i]);
		printf(" #%s", snapshot->tags.items[i]);
	}
	putchar('\n');
}

/* How many of the matching ones to skip so that the last N are left. */
static size_t to_skip(
	const struct select_list *list, const struct select_filter *filter, uint64_t latest)
{
	size_t matching = 0;

	for (size_t i = 0; i < list->count; i++)
		matching += select_matches(&list->items[i], filter);
	return latest && matching > latest ? matching - latest : 0;
}

static void print(const struct common *common, const struct select_list *list, uint64_t latest)
{
	const struct select_filter filter = {&arg_hosts, &arg_tags, &arg_paths};
	struct json *array = common->json ? json_array_new() : NULL;
	size_t skip = to_skip(list, &filter, latest), shown = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!select_matches(&list->items[i], &filter))
			continue;
		if (skip) {
			skip--;
			continue;
		}
		shown++;
		if (common->json)
			json_add(array, json_of(&list->items[i]));
		else
			print_row(&list->items[i]);
	}
	if (common->json)
		common_print_json(array);
	else if (!common->quiet)
		printf(P_("%zu snapshot\n", "%zu snapshots\n", shown), shown);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	cleanup_select struct select_list list = {0};
	struct err err = ERR_INIT;
	uint64_t latest = 0;
	int code;

	(void)argc;
	(void)argv;
	if (arg_latest && parse_u64(arg_latest, 1, 1000000, &latest, &err) < 0)
		return common_fail(common, &err);
	code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	if (select_load(session.repository, &list, &err) < 0)
		return common_fail(common, &err);
	print(common, &list, latest);
	if (!list.damaged)
		return EXIT_CODE_OK;
	common_tell(common, "snapshots", &list.err);
	return EXIT_CODE_FAILED;
}

const struct verb verb_snapshots = {
	.name = "snapshots",
	.arguments = "",
	.summary = N_("list the snapshots"),
	.details = N_("One line a snapshot, the oldest first: id, time, host, size, paths and "
		      "#tags.\n\nExample: nexus-backup -r /data/backup/repo snapshots --latest 5"),
	.options = options,
	.run = run,
};
