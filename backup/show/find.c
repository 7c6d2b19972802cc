#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/filter.h"
#include "archive/read/traverse.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/show/entry.h"
#include "backup/show/seek.h"
#include "backup/show/show.h"
#include "base/i18n.h"

#define RESULT_MAX (1u << 30) /* bytes of JSON of one snapshot */

static bool arg_ignore_case, arg_long, arg_human, arg_blob, arg_tree, arg_pack, arg_reverse;
static bool arg_show_pack;
static const char *arg_oldest, *arg_newest;
static struct str_list arg_snapshots;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "ignore-case",
		.short_name = 'i',
		.help = N_("great and small letters alike"),
		.flag = &arg_ignore_case},
	{.long_name = "long",
		.short_name = 'l',
		.help = N_("with mode, owner, size and time"),
		.flag = &arg_long},
	{.long_name = "human-readable", .help = N_("sizes with units"), .flag = &arg_human},
	{.long_name = "oldest",
		.short_name = 'O',
		.argument = N_("TIME"),
		.help = N_("only what was changed then or later, as '2026-11-22 08:41'"),
		.text = &arg_oldest},
	{.long_name = "newest",
		.short_name = 'N',
		.argument = N_("TIME"),
		.help = N_("only what was changed then or earlier"),
		.text = &arg_newest},
	{.long_name = "snapshot",
		.short_name = 's',
		.argument = N_("SNAPSHOT"),
		.help = N_("only in this one (may be given again)"),
		.list = &arg_snapshots},
	{.long_name = "blob", .help = N_("PATTERN is the id of a data blob"), .flag = &arg_blob},
	{.long_name = "tree", .help = N_("PATTERN is the id of a tree"), .flag = &arg_tree},
	{.long_name = "pack",
		.help = N_("PATTERN is the id of a pack: whose blobs are in it"),
		.flag = &arg_pack},
	{.long_name = "show-pack-id",
		.help = N_("with --blob or --tree: in which pack it is"),
		.flag = &arg_show_pack},
	{.long_name = "reverse",
		.short_name = 'R',
		.help = N_("the oldest snapshot first"),
		.flag = &arg_reverse},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct finding {
	const struct common *common;
	struct repository *repository;
	const struct snapshot *snapshot; /* the current one */
	struct filter patterns;
	struct node_time oldest, newest;
	struct seek seek; /* with --blob, --tree or --pack */
	struct buf result; /* JSON of the current snapshot */
	size_t hits; /* in it */
	size_t printed; /* JSON values so far */
	bool failed;
};

static int read_time(const char *text, struct node_time *ret, struct err *err)
{
	static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *rest = strptime(text, formats[i], &tm);

		if (!rest || *rest)
			continue;
		*ret = (struct node_time){mktime(&tm), 0};
		return 0;
	}
	if (clock_rfc3339_parse(text, &ret->seconds, &ret->nanoseconds, NULL, err) >= 0)
		return 0;
	return err_set(
		err, ERR_CONFIG, EINVAL, "read time %s: as 2026-11-22 or 2026-11-22 08:41", text);
}

static bool in_time(const struct finding *finding, const struct node *node)
{
	return (!arg_oldest || node_time_compare(&node->modified, &finding->oldest) >= 0) &&
	       (!arg_newest || node_time_compare(&node->modified, &finding->newest) <= 0);
}

static void print_snapshot_head(struct finding *finding)
{
	char time[32], id[ID_TEXT_SIZE];

	if (finding->hits++ || finding->common->quiet)
		return;
	id_format(&finding->snapshot->id, id);
	common_format_time(&finding->snapshot->time, time);
	printf(_("%sFound in snapshot %.8s of %s:\n"), finding->printed++ ? "\n" : "", id, time);
}

static int on_match(
	struct finding *finding, const struct node *node, const char *path, struct err *err)
{
	int r;

	if (!finding->common->json) {
		print_snapshot_head(finding);
		buf_clear(&finding->result);
		r = entry_add_line(&finding->result, node, path, arg_long, arg_human, err);
		if (r >= 0)
			puts((const char *)finding->result.data);
		return r;
	}
	r = finding->hits++ ? buf_add_byte(&finding->result, ',', err) : 0;
	return r < 0 ? r : entry_add_find(&finding->result, node, path, err);
}

static void print_object(struct finding *finding, const char *kind, const struct id *id,
	const char *path, const struct id *tree)
{
	const struct snapshot *snapshot = finding->snapshot;
	char text[ID_TEXT_SIZE], in_tree[ID_TEXT_SIZE], of[ID_TEXT_SIZE], time[CLOCK_RFC3339_SIZE];
	cleanup_free char *clean = strdup(path);
	struct json *json;

	id_format(id, text);
	id_format(tree, in_tree);
	id_format(&snapshot->id, of);
	if (finding->common->json) {
		json = json_object_new();
		json_set_text(json, "object_type", kind);
		json_set_text(json, "id", text);
		json_set_text(json, "path", path);
		if (*kind == 'b')
			json_set_text(json, "parent_tree", in_tree);
		json_set_text(json, "snapshot", of);
		clock_rfc3339_format(snapshot->time.seconds, snapshot->time.nanoseconds, time);
		json_set_text(json, "time", time);
		fputs(finding->printed++ ? "," : "[", stdout);
		common_print_json(json);
		return;
	}
	common_format_time(&snapshot->time, time);
	if (clean)
		str_sanitize(clean);
	if (*kind == 'b')
		printf(_("Blob %s\n  in file %s (tree %.8s)\n  in snapshot %.8s of %s\n"), text,
			clean ? clean : "", in_tree, of, time);
	else
		printf(_("Tree %s\n  is folder %s\n  in snapshot %.8s of %s\n"), text,
			clean ? clean : "", of, time);
	finding->printed++;
}

static int enter(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	struct finding *finding = context;
	bool below;

	if (arg_blob || arg_tree || arg_pack) {
		for (size_t i = 0; i < node->content_count; i++)
			if (seek_has(&finding->seek, BLOB_DATA, &node->content[i]))
				print_object(finding, "blob", &node->content[i], path, tree);
		if (node->has_subtree && seek_has(&finding->seek, BLOB_TREE, &node->subtree))
			print_object(finding, "tree", &node->subtree, path, tree);
		return 0;
	}
	if (filter_match(&finding->patterns, path, &below) && in_time(finding, node))
		return on_match(finding, node, path, err);
	return below ? 0 : TRAVERSE_SKIP;
}

static void damaged(void *context, const char *path, const struct err *err)
{
	struct finding *finding = context;

	finding->failed = true;
	common_tell(finding->common, path, err);
}

static int search(struct finding *finding, const struct snapshot *snapshot, struct err *err)
{
	const struct traverse traverse = {
		.repository = finding->repository,
		.stop = finding->common->stop,
		.enter = enter,
		.damaged = damaged,
		.context = finding,
	};
	char id[ID_TEXT_SIZE];
	int r;

	finding->snapshot = snapshot;
	finding->hits = 0;
	buf_clear(&finding->result);
	if (seek_has(&finding->seek, BLOB_TREE, &snapshot->tree))
		print_object(finding, "tree", &snapshot->tree, "/", &snapshot->tree);
	r = traverse_run(&traverse, &snapshot->tree, "", err);
	if (r < 0 || !finding->hits || !finding->common->json)
		return r;
	id_format(&snapshot->id, id);
	fputs(finding->printed++ ? "," : "[", stdout);
	fputs("{\"matches\":[", stdout);
	fputs((const char *)finding->result.data, stdout);
	printf("],\"hits\":%zu,\"snapshot\":\"%s\"}\n", finding->hits, id);
	return 0;
}

static int read_patterns(struct finding *finding, int argc, char **argv, struct err *err)
{
	int r = 0;

	if (arg_blob + arg_tree + arg_pack > 1)
		return err_set(
			err, ERR_CONFIG, EINVAL, "find: one of --blob, --tree and --pack alone");
	if (arg_oldest)
		r = read_time(arg_oldest, &finding->oldest, err);
	if (r >= 0 && arg_newest)
		r = read_time(arg_newest, &finding->newest, err);
	for (int i = 0; r >= 0 && i < argc && !arg_blob && !arg_tree && !arg_pack; i++)
		r = (arg_ignore_case ? filter_add_folded : filter_add)(
			&finding->patterns, argv[i], err);
	return r;
}

static int seek_all(struct finding *finding, int argc, char **argv, struct err *err)
{
	const enum seek_kind kind = arg_blob ? SEEK_BLOBS : arg_tree ? SEEK_TREES : SEEK_PACKS;
	int r = 0;

	if (!arg_blob && !arg_tree && !arg_pack)
		return 0;
	r = seek_init(&finding->seek, finding->repository, err);
	for (int i = 0; r >= 0 && i < argc; i++)
		r = seek_add(&finding->seek, kind, argv[i], err);
	return r;
}

static int find(struct finding *finding, int argc, char **argv, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_choose struct choose choose = {0};
	int r = select_load(finding->repository, &list, err);
	if (r >= 0)
		r = choose_snapshots(&list, &arg_choose, (int)arg_snapshots.count,
			arg_snapshots.items, &choose, err);
	if (r >= 0)
		r = repository_load_index(finding->repository, NULL, err);
	if (r >= 0)
		r = seek_all(finding, argc, argv, err);
	for (size_t i = 0; r >= 0 && i < choose.count; i++)
		r = search(finding, choose.items[arg_reverse ? i : choose.count - 1 - i], err);
	if (r < 0)
		return r;
	if (finding->common->json)
		puts(finding->printed ? "]" : "[]");
	else if (arg_show_pack)
		seek_print_packs(&finding->seek);
	return 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct finding finding = {.common = common, .result = BUF_INIT(RESULT_MAX)};
	struct err err = ERR_INIT;
	int code = 0, r = read_patterns(&finding, argc, argv, &err);

	if (r >= 0)
		code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (r >= 0 && !code) {
		finding.repository = session.repository;
		r = find(&finding, argc, argv, &err);
	}
	filter_done(&finding.patterns);
	seek_done(&finding.seek);
	buf_done(&finding.result);
	if (r < 0)
		return common_fail(common, &err);
	return code ? code : finding.failed ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

const struct verb verb_find = {
	.name = "find",
	.arguments = N_("PATTERN..."),
	.summary = N_("find files in the snapshots"),
	.details = N_("Looks through all snapshots, the newest first. Patterns are as those of "
		      "backup's --exclude:\n'*.sql', '/etc/**/hosts'. With --blob, --tree or "
		      "--pack they are ids, or starts of ids.\n\n"
		      "Example: nexus-backup -r /data/backup/repo find --newest 2026-11-01 "
		      "'*.sql'"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
