#include <stdio.h>
#include <string.h>

#include "archive/select.h"
#include "archive/upkeep/group.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/show/show.h"
#include "base/i18n.h"
#include "base/parse.h"

static struct choose_arguments arg_choose;
static const char *arg_latest, *arg_group_by;
static bool arg_compact;

static const struct verb_option options[] = {
	{.long_name = "latest",
		.argument = N_("N"),
		.help = N_("only the last N of each host and set of paths"),
		.text = &arg_latest},
	{.long_name = "group-by",
		.short_name = 'g',
		.argument = N_("FIELDS"),
		.help = N_("list apart by host, paths, tags"),
		.text = &arg_group_by},
	{.long_name = "compact",
		.short_name = 'c',
		.help = N_("without the paths"),
		.flag = &arg_compact},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

static void print_texts(const char *mark, const struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		cleanup_free char *text = strdup(list->items[i]);

		if (!text)
			return;
		str_sanitize(text);
		printf(" %s%s", mark, text);
	}
}

static void print_row(const struct snapshot *snapshot)
{
	cleanup_free char *host = strdup(snapshot->hostname ? snapshot->hostname : "");
	char time[32], size[32] = "", id[ID_TEXT_SIZE];

	if (host)
		str_sanitize(host);
	id_format(&snapshot->id, id);
	common_format_time(&snapshot->time, time);
	if (snapshot->has_summary)
		common_format_bytes(snapshot->summary.total_bytes_processed, size);
	printf("%.8s  %s  %-16.16s %10s ", id, time, host ? host : "", size);
	if (!arg_compact)
		print_texts("", &snapshot->paths);
	print_texts("#", &snapshot->tags);
	putchar('\n');
}

/* Groups hold the newest first; lists are read from the oldest. */
static void print_rows(const struct common *common, const struct group *group)
{
	for (size_t i = group->count; i > 0; i--)
		print_row(group->items[i - 1]);
	if (!common->quiet)
		printf(P_("%zu snapshot\n", "%zu snapshots\n", group->count), group->count);
}

static struct json *json_of_rows(const struct group *group)
{
	struct json *array = json_array_new();

	for (size_t i = group->count; i > 0; i--)
		json_add(array, choose_json(group->items[i - 1]));
	return array;
}

static void set_list(struct json *json, const char *key, const struct str_list *list, bool used)
{
	cleanup_str_list struct str_list sorted = {0};
	struct err err = ERR_INIT;
	struct json *array;

	if (!used || !list->count || group_sorted(list, &sorted, &err) < 0) {
		json_set_null(json, key);
		return;
	}
	array = json_set_array(json, key);
	for (size_t i = 0; i < sorted.count; i++)
		json_add_text(array, sorted.items[i]);
}

static struct json *json_of_group(const struct group *group, unsigned by)
{
	const struct snapshot *first = group->items[0];
	struct json *json = json_object_new(), *key = json_set_object(json, "group_key");

	json_set_text(
		key, "hostname", by & GROUP_BY_HOST && first->hostname ? first->hostname : "");
	set_list(key, "paths", &first->paths, by & GROUP_BY_PATHS);
	set_list(key, "tags", &first->tags, by & GROUP_BY_TAGS);
	json_set(json, "snapshots", json_of_rows(group));
	return json;
}

static void print_head(const struct group *group, unsigned by)
{
	const struct snapshot *first = group->items[0];
	cleanup_free char *host = strdup(first->hostname ? first->hostname : "");

	if (host)
		str_sanitize(host);
	fputs(_("Snapshots"), stdout);
	if (by & GROUP_BY_HOST)
		printf(_(" of host %s"), host ? host : "");
	if (by & GROUP_BY_PATHS) {
		fputs(_(" of the paths"), stdout);
		print_texts("", &first->paths);
	}
	if (by & GROUP_BY_TAGS) {
		fputs(_(" with the tags"), stdout);
		print_texts("", &first->tags);
	}
	puts(":");
}

static void print_groups(const struct common *common, const struct group_list *groups, unsigned by)
{
	struct json *array = common->json ? json_array_new() : NULL;

	for (size_t i = 0; i < groups->count; i++) {
		if (common->json) {
			json_add(array, json_of_group(&groups->groups[i], by));
			continue;
		}
		print_head(&groups->groups[i], by);
		print_rows(common, &groups->groups[i]);
	}
	if (common->json)
		common_print_json(array);
}

/* Keeps the newest of each host and set of paths, at most latest of them. */
static int keep_latest(struct choose *choose, uint64_t latest, struct err *err)
{
	cleanup_group_list struct group_list groups = {0};
	int r = group_split(
		choose->items, choose->count, GROUP_BY_HOST | GROUP_BY_PATHS, &groups, err);

	if (r < 0)
		return r;
	choose->count = 0;
	for (size_t i = 0; i < groups.count; i++)
		for (size_t j = 0; j < groups.groups[i].count && j < latest; j++)
			choose->items[choose->count++] = groups.groups[i].items[j];
	return 0;
}

static int print(const struct common *common, struct choose *choose, uint64_t latest, unsigned by,
	struct err *err)
{
	cleanup_group_list struct group_list groups = {0};
	const struct group none = {0};
	const struct group *all;
	int r = latest ? keep_latest(choose, latest, err) : 0;

	/* Without --group-by all are one group: so they are sorted. */
	if (r >= 0)
		r = group_split(choose->items, choose->count, by, &groups, err);
	if (r < 0)
		return r;
	if (by) {
		print_groups(common, &groups, by);
		return 0;
	}
	all = groups.count ? &groups.groups[0] : &none;
	if (common->json)
		common_print_json(json_of_rows(all));
	else
		print_rows(common, all);
	return 0;
}

static int list(const struct common *common, struct repository *repository, int argc, char **argv,
	uint64_t latest, unsigned by, struct err *err)
{
	cleanup_select struct select_list snapshots = {0};
	cleanup_choose struct choose choose = {0};
	int r = select_load(repository, &snapshots, err);
	if (r >= 0)
		r = choose_snapshots(&snapshots, &arg_choose, argc, argv, &choose, err);
	if (r >= 0)
		r = print(common, &choose, latest, by, err);
	if (r < 0 || !snapshots.damaged)
		return r;
	common_tell(common, "snapshots", &snapshots.err);
	return 1;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	uint64_t latest = 0;
	unsigned by = 0;
	int code, r;

	if ((arg_latest && parse_u64(arg_latest, 1, 1000000, &latest, &err) < 0) ||
		(arg_group_by && group_by_parse(arg_group_by, &by, &err) < 0))
		return common_fail(common, &err);
	code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	r = list(common, session.repository, argc, argv, latest, by, &err);
	if (r < 0)
		return common_fail(common, &err);
	return r ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

const struct verb verb_snapshots = {
	.name = "snapshots",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("list the snapshots"),
	.details = N_("One line a snapshot, the oldest first: id, time, host, size, paths and "
		      "#tags.\n\nExample: nexus-backup -r /data/backup/repo snapshots --latest 5"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
