#include <stdio.h>
#include <string.h>

#include "archive/select.h"
#include "backup/common/common.h"
#include "backup/show/show.h"
#include "base/buf.h"
#include "base/i18n.h"
#include "repo/stream/tree_stream.h"

#define DEPTH_MAX 2048 /* folders */

static bool arg_long;

static const struct verb_option options[] = {
	{.long_name = "long",
		.short_name = 'l',
		.help = N_("with mode, owner, size and time"),
		.flag = &arg_long},
	{0},
};

struct listing {
	const struct common *common;
	struct repository *repository;
	struct buf path;
	unsigned depth;
};

static void format_mode(const struct node *node, char ret[11])
{
	static const char letters[] = "?-dlbcps";
	static const char bits[] = "rwxrwxrwx";
	mode_t mode = node_permissions(node->mode);

	ret[0] = letters[node->type];
	memset(ret + 1, '-', 9);
	for (int i = 0; i < 9; i++)
		if (mode & (0400u >> i))
			ret[1 + i] = bits[i];
	ret[10] = '\0';
}

static void print_plain(const struct listing *listing, const struct node *node)
{
	cleanup_free char *path = strdup((const char *)listing->path.data);
	char mode[11], time[32];

	if (!path)
		return;
	str_sanitize(path);
	if (arg_long) {
		format_mode(node, mode);
		common_format_time(&node->modified, time);
		printf("%s %5u %5u %12llu %s ", mode, node->uid, node->gid,
			(unsigned long long)node->size, time);
	}
	puts(path);
}

static void print_json(const struct listing *listing, const struct node *node)
{
	struct json *json = json_object_new();
	char time[CLOCK_RFC3339_SIZE], mode[11];

	json_set_text(json, "message_type", "node");
	json_set_text(json, "struct_type", "node");
	json_set_text(json, "name", node->name);
	json_set_text(json, "type", node_type_name(node->type));
	json_set_text(json, "path", (const char *)listing->path.data);
	json_set_integer(json, "uid", node->uid);
	json_set_integer(json, "gid", node->gid);
	if (node->type == NODE_FILE)
		json_set_integer(json, "size", (int64_t)node->size);
	json_set_integer(json, "mode", node->mode);
	format_mode(node, mode);
	json_set_text(json, "permissions", mode);
	clock_rfc3339_format(node->modified.seconds, node->modified.nanoseconds, time);
	json_set_text(json, "mtime", time);
	common_print_json(json);
}

static int list_tree(struct listing *listing, const struct id *tree, struct err *err);

static int list_node(struct listing *listing, const struct node *node, struct err *err)
{
	int r = 0;

	if (listing->common->json)
		print_json(listing, node);
	else
		print_plain(listing, node);
	if (node->type != NODE_DIR || !node->has_subtree || listing->depth >= DEPTH_MAX)
		return 0;
	listing->depth++;
	r = list_tree(listing, &node->subtree, err);
	listing->depth--;
	return r;
}

static int list_tree(struct listing *listing, const struct id *tree, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	size_t size = listing->path.size;
	struct node node;
	int r, step;

	r = tree_stream_open(
		listing->repository, repository_codec(listing->repository), tree, &stream, err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, err)) == 1) {
		step = buf_printf(&listing->path, err, "/%s", node.name);
		if (step >= 0)
			step = list_node(listing, &node, err);
		listing->path.size = size;
		if (step < 0)
			return step;
	}
	return r;
}

static void print_snapshot(const struct common *common, const struct snapshot *snapshot)
{
	char time[32], id[ID_TEXT_SIZE];
	struct json *json;

	id_format(&snapshot->id, id);
	if (!common->json) {
		common_format_time(&snapshot->time, time);
		if (!common->quiet)
			printf(_("Snapshot %.8s of %s:\n"), id, time);
		return;
	}
	json = json_object_new();
	json_set_text(json, "message_type", "snapshot");
	json_set_text(json, "struct_type", "snapshot");
	json_set_text(json, "id", id);
	json_set_text(json, "hostname", snapshot->hostname);
	common_print_json(json);
}

static int list(const struct common *common, struct repository *repository, const char *which,
	struct err *err)
{
	cleanup_select struct select_list snapshots = {0};
	struct listing listing = {
		.common = common, .repository = repository, .path = BUF_INIT(1u << 20)};
	const struct snapshot *snapshot;
	cleanup_free char *folder = NULL;
	struct id tree;
	int r = select_load(repository, &snapshots, err);

	if (r >= 0)
		r = select_find(&snapshots, which, NULL, &snapshot, &folder, err);
	if (r >= 0)
		r = repository_load_index(repository, NULL, err);
	if (r >= 0)
		r = select_folder(repository, &snapshot->tree, folder, &tree, err);
	if (r < 0)
		return r;
	print_snapshot(common, snapshot);
	r = list_tree(&listing, &tree, err);
	buf_done(&listing.path);
	return r;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);

	(void)argc;
	if (code)
		return code;
	if (list(common, session.repository, argv[0], &err) < 0)
		return common_fail(common, &err);
	return EXIT_CODE_OK;
}

const struct verb verb_ls = {
	.name = "ls",
	.arguments = N_("SNAPSHOT[:FOLDER]"),
	.summary = N_("list what is in a snapshot"),
	.details = N_("SNAPSHOT is 'latest', an id, or the start of one; with ':FOLDER' only what "
		      "is below it.\n\nExample: nexus-backup -r /data/backup/repo ls latest:/etc"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
