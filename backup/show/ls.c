#include <stdio.h>
#include <string.h>

#include "archive/read/traverse.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/show/entry.h"
#include "backup/show/order.h"
#include "backup/show/pick.h"
#include "backup/show/show.h"
#include "base/i18n.h"

#define LINE_MAX_SIZE (8u << 20)

static bool arg_long, arg_recursive, arg_human, arg_ncdu, arg_reverse;
static const char *arg_sort = "name";
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "long",
		.short_name = 'l',
		.help = N_("with mode, owner, size and time"),
		.flag = &arg_long},
	{.long_name = "recursive",
		.help = N_("with FOLDERs: all that is below them, too"),
		.flag = &arg_recursive},
	{.long_name = "human-readable", .help = N_("sizes with units"), .flag = &arg_human},
	{.long_name = "ncdu", .help = N_("print what 'ncdu -f -' reads"), .flag = &arg_ncdu},
	{.long_name = "sort",
		.short_name = 's',
		.argument = N_("WHAT"),
		.help = N_("sort by name (default), size, time (or mtime), atime, ctime or "
			   "extension"),
		.text = &arg_sort},
	{.long_name = "reverse", .help = N_("the last one first"), .flag = &arg_reverse},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct listing {
	const struct common *common;
	char **folders;
	int folder_count;
	struct order *order; /* NULL: as they come */
	struct buf line;
	unsigned depth; /* of ncdu's lists */
	bool failed;
};

/* Whether path is folder or below it. */
static bool is_within(const char *path, const char *folder)
{
	const char *rest = str_after(path, folder);

	return rest && (!*rest || *rest == '/' || str_ends(folder, "/"));
}

static bool is_wanted(const struct listing *listing, const char *path, bool *ret_towards)
{
	bool wanted = !listing->folder_count;

	*ret_towards = wanted;
	for (int i = 0; i < listing->folder_count; i++) {
		wanted = wanted || is_within(path, listing->folders[i]);
		*ret_towards = *ret_towards || is_within(listing->folders[i], path);
	}
	return wanted;
}

static int print_ncdu(struct listing *listing, const struct node *node, struct err *err)
{
	bool folder = node->type == NODE_DIR;
	int r = buf_printf(&listing->line, err, ",\n%*s%s", (int)(2 * listing->depth + 4), "",
		folder ? "[\n" : "");

	if (r >= 0 && folder)
		r = buf_printf(&listing->line, err, "%*s", (int)(2 * listing->depth + 6), "");
	if (r >= 0)
		r = entry_add_ncdu(&listing->line, node, err);
	if (r >= 0)
		fputs((const char *)listing->line.data, stdout);
	listing->depth += folder;
	return r;
}

static int print_node(
	struct listing *listing, const struct node *node, const char *path, struct err *err)
{
	int r;

	buf_clear(&listing->line);
	if (arg_ncdu)
		return print_ncdu(listing, node, err);
	if (listing->common->json)
		r = entry_add_ls(&listing->line, node, path, err);
	else
		r = entry_add_line(&listing->line, node, path, arg_long, arg_human, err);
	if (r >= 0 && listing->order)
		return order_add(listing->order, node, path, (const char *)listing->line.data, err);
	if (r >= 0)
		puts((const char *)listing->line.data);
	return r;
}

static int enter(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	struct listing *listing = context;
	bool towards, wanted = is_wanted(listing, path, &towards);
	int r = 0;

	(void)tree;
	/* ncdu needs the folders on the way, too. */
	if (wanted || (arg_ncdu && towards))
		r = print_node(listing, node, path, err);
	if (r < 0 || towards || (wanted && arg_recursive))
		return r;
	if (arg_ncdu && !wanted && node->type == NODE_DIR)
		listing->depth++; /* leave closes what was not opened */
	return TRAVERSE_SKIP;
}

static void leave(void *context, const struct node *node, const char *path)
{
	struct listing *listing = context;
	bool towards, wanted = is_wanted(listing, path, &towards);

	(void)node;
	listing->depth--;
	if (wanted || towards)
		printf("\n%*s]", (int)(2 * listing->depth + 4), "");
}

static void damaged(void *context, const char *path, const struct err *err)
{
	struct listing *listing = context;

	listing->failed = true;
	common_tell(listing->common, path, err);
}

static void print_head(const struct common *common, const struct pick *pick)
{
	struct snapshot shown = *pick->snapshot; /* borrows its texts */
	const struct snapshot *snapshot = &shown;
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	struct err err = ERR_INIT;
	char time[32], id[ID_TEXT_SIZE];
	struct json *json;

	shown.tree = pick->tree; /* as restic: that of the folder */
	if (arg_ncdu) {
		if (snapshot_format(snapshot, &text, &err) >= 0)
			printf("[1, 2, %s, [{\"%s\":\"/\"}", (const char *)text.data, "name");
		return;
	}
	if (common->json) {
		json = choose_json(snapshot);
		json_set_text(json, "message_type", "snapshot");
		json_set_text(json, "struct_type", "snapshot");
		common_print_json(json);
	} else if (!common->quiet) {
		id_format(&snapshot->id, id);
		common_format_time(&snapshot->time, time);
		printf(_("Snapshot %.8s of %s:\n"), id, time);
	}
}

static int list(
	struct listing *listing, struct repository *repository, const char *which, struct err *err)
{
	cleanup_pick struct pick pick = {0};
	const struct traverse traverse = {
		.repository = repository,
		.stop = listing->common->stop,
		.enter = enter,
		.leave = arg_ncdu ? leave : NULL,
		.damaged = damaged,
		.context = listing,
	};
	int r = pick_one(repository, which, &arg_choose, &pick, err);

	if (r < 0)
		return r;
	print_head(listing->common, &pick);
	r = traverse_run(&traverse, &pick.tree, "", err);
	if (r >= 0 && listing->order)
		r = order_print(listing->order, stdout, err);
	if (r >= 0 && arg_ncdu)
		puts("\n]]");
	return r;
}

static int read_options(
	const struct common *common, struct listing *listing, struct order **ret, struct err *err)
{
	enum order_by by;
	int r = order_parse(arg_sort, &by, err);

	if (r < 0)
		return r;
	if (common->json && arg_ncdu)
		return err_set(err, ERR_CONFIG, EINVAL, "list: one of --json and --ncdu alone");
	if (arg_ncdu && (by != ORDER_BY_NAME || arg_reverse))
		return err_set(err, ERR_CONFIG, EINVAL,
			"list: --sort and --reverse do not go with --ncdu, which sorts itself");
	for (int i = 0; i < listing->folder_count; i++) {
		char *folder = listing->folders[i];
		size_t size = strlen(folder);

		if (*folder != '/')
			return err_set(err, ERR_CONFIG, EINVAL,
				"list %s: folders begin with a slash", folder);
		while (size > 1 && folder[size - 1] == '/')
			folder[--size] = '\0';
	}
	return by != ORDER_BY_NAME || arg_reverse ? order_new(by, arg_reverse, ret, err) : 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct listing listing = {
		.common = common,
		.folders = argv + 1,
		.folder_count = argc - 1,
		.line = BUF_INIT(LINE_MAX_SIZE),
	};
	cleanup_order struct order *order = NULL;
	struct err err = ERR_INIT;
	int code, r;

	r = read_options(common, &listing, &order, &err);
	if (r < 0)
		return common_fail(common, &err);
	listing.order = order;
	code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	r = list(&listing, session.repository, argv[0], &err);
	buf_done(&listing.line);
	if (r < 0)
		return common_fail(common, &err);
	return listing.failed ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

const struct verb verb_ls = {
	.name = "ls",
	.arguments = N_("SNAPSHOT[:FOLDER] [FOLDER...]"),
	.summary = N_("list what is in a snapshot"),
	.details = N_("SNAPSHOT is 'latest', an id, or the start of one; with ':FOLDER' only what "
		      "is below it.\nWith FOLDERs only they and what is right in them.\n\n"
		      "Example: nexus-backup -r /data/backup/repo ls latest:/etc"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
