#include "archive/restore/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/restore/apply.h"
#include "archive/restore/content.h"
#include "archive/restore/feed.h"
#include "archive/restore/links.h"
#include "archive/restore/plan.h"
#include "archive/restore/prune.h"
#include "archive/restore/scout.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "repo/snapshot.h"
#include "repo/stream/tree_stream.h"

#define PATH_MAX_SIZE (1u << 20)

/* Kept out of the frames of the folders above: so deep, each may not have more than 4 KiB. */
#define OWN_FRAME __attribute__((noinline))

/* A folder being restored. It is made when the first thing in it is; in a dry run it stays as it
 * is, and may be absent. */
struct place {
	struct place *parent; /* NULL: the target */
	const struct node *node; /* borrowed; NULL: the target */
	struct tree_stream stream; /* owned: of its tree, while it is gone through */
	int fd; /* -1: not made yet */
	bool selected, absent;
};

struct restorer {
	struct repository *repository;
	const struct restore_options *options;
	struct restore_counts counts;
	struct buf path; /* in the snapshot: "/a/b" */
	struct content content;
	struct links links; /* first names of files with several */
	struct feed *feed; /* owned; NULL: nothing comes early */
	uint64_t key; /* of the node that is being restored, see scout_key */
	int root_fd;
	struct tree_depth depth;
};

static void restorer_done(struct restorer *restorer)
{
	links_done(&restorer->links);
	feed_free(restorer->feed);
	buf_done(&restorer->path);
	content_done(&restorer->content);
	if (restorer->root_fd >= 0)
		close(restorer->root_fd);
}

static void tell(struct restorer *restorer, const struct err *err)
{
	progress_add(&restorer->options->progress->errors, 1);
	if (restorer->options->on_error)
		restorer->options->on_error(
			restorer->options->context, (const char *)restorer->path.data, err);
}

static int go_on(struct restorer *restorer, struct err *err)
{
	if (restorer->options->stop && *restorer->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "restore: interrupted");
	return 0;
}

/* Whether the thing at the current path is wanted; ret_below: or something below it. */
static bool is_selected(const struct restorer *restorer, bool *ret_below)
{
	return filter_chooses(restorer->options->includes, restorer->options->excludes,
		(const char *)restorer->path.data, ret_below);
}

/* The folder's descriptor, made with all above it if need be. */
static int place_open(struct restorer *restorer, struct place *place, struct err *err)
{
	int parent;

	if (place->fd >= 0)
		return place->fd;
	if (place->absent || !place->parent)
		return -ENOENT;
	parent = place_open(restorer, place->parent, err);
	place->absent = place->parent->absent;
	if (parent < 0)
		return parent;
	place->fd = apply_folder(parent, place->node->name, restorer->options->dry_run, err);
	place->absent = place->fd == -ENOENT && restorer->options->dry_run;
	return place->fd;
}

static void count_skipped(struct restorer *restorer, uint64_t bytes)
{
	restorer->counts.skipped++;
	restorer->counts.skipped_bytes += bytes;
}

static void count_restored(struct restorer *restorer, uint64_t bytes)
{
	restorer->counts.restored++;
	restorer->counts.restored_bytes += bytes;
}

static bool same_time(const struct node *node, const struct stat *st)
{
	return node->modified.seconds == st->st_mtim.tv_sec &&
	       node->modified.nanoseconds == (uint32_t)st->st_mtim.tv_nsec;
}

static bool is_newer(const struct node *node, const struct stat *st)
{
	const struct node_time there = {st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec};

	return node_time_compare(&node->modified, &there) > 0;
}

/* Whether what stands there is to stay as it is. */
static bool is_kept(struct restorer *restorer, int dir_fd, const struct node *node)
{
	enum restore_overwrite overwrite = restorer->options->overwrite;
	struct stat st;

	if (dir_fd < 0 || overwrite == RESTORE_ALWAYS || overwrite == RESTORE_IF_CHANGED ||
		fstatat(dir_fd, node->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return overwrite == RESTORE_NEVER || !is_newer(node, &st);
}

/* Whether the first name of several is right already, content and all: it may have names outside
 * of the target, so that nothing about it may be touched. */
static bool is_right(struct content *content, int fd, const struct node *node)
{
	struct stat st;
	struct err err = ERR_INIT;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && same_time(node, &st) &&
	       st.st_uid == node->uid && st.st_gid == node->gid &&
	       (st.st_mode & 07777) == node_permissions(node->mode) &&
	       content_compare(content, fd, node, false, &err) == 0;
}

/* What was found of a file that is there, and its descriptor. */
struct found {
	int fd; /* -1: none that can be used */
	bool same; /* its content is right */
	bool untouched; /* so is all else, and it has other names: it stays as it is */
};

/* Looks at the file that is there, and mends it unless this is a dry run. */
static int find_file(struct restorer *restorer, int dir_fd, const struct node *node, bool several,
	struct found *ret, struct err *err)
{
	const struct restore_options *options = restorer->options;
	struct stat st;
	int r;

	if (several) {
		ret->fd = apply_open(dir_fd, node->name, O_RDONLY, &st);
		ret->same = ret->untouched =
			ret->fd >= 0 && is_right(&restorer->content, ret->fd, node);
		return 0;
	}
	ret->fd = apply_existing(dir_fd, node->name, &st);
	if (ret->fd < 0)
		return 0;
	if (options->overwrite == RESTORE_IF_CHANGED && (uint64_t)st.st_size == node->size &&
		same_time(node, &st)) {
		ret->same = true;
		return 0;
	}
	r = content_compare(&restorer->content, ret->fd, node, !options->dry_run, err);
	ret->same = r == 0;
	return r;
}

/* Writes a file's content, anew or where it differs. ret->fd is the caller's, also on failure. */
static int put_file(struct restorer *restorer, int dir_fd, const struct node *node, bool several,
	struct found *ret, struct err *err)
{
	int r = find_file(restorer, dir_fd, node, several, ret, err);

	if (r < 0 || ret->same || restorer->options->dry_run)
		return r;
	if (ret->fd < 0 || several) {
		if (ret->fd >= 0)
			close(ret->fd);
		ret->fd = apply_file(dir_fd, node->name, err);
		if (ret->fd < 0)
			return ret->fd;
		r = content_write(&restorer->content, ret->fd, node, err);
	}
	if (r >= 0 && restorer->options->verify)
		r = content_verify(&restorer->content, ret->fd, node, err);
	return r;
}

/* Returns 0, or 1 when its metadata is not to be touched. dir_fd -1: absent in a dry run. */
static int restore_file(
	struct restorer *restorer, int dir_fd, const struct node *node, struct err *err)
{
	bool several = node->links > 1 && node->inode;
	const struct link *link = several ? links_find(&restorer->links, node) : NULL;
	struct found found = {.fd = -1};
	int r = 0;

	if (link) {
		if (!restorer->options->dry_run)
			r = links_make(link, restorer->root_fd, dir_fd, node->name, err);
		if (r >= 0)
			count_restored(restorer, 0);
		progress_add(&restorer->options->progress->bytes_done, node->size);
		return r < 0 ? r : 1; /* it has the metadata of its first name */
	}
	if (dir_fd >= 0)
		r = put_file(restorer, dir_fd, node, several, &found, err);
	if (r >= 0 && several)
		r = links_add(&restorer->links, node, (const char *)restorer->path.data + 1,
			found.fd, err);
	if (found.fd >= 0)
		close(found.fd);
	if (r < 0)
		return r;
	if (found.same)
		count_skipped(restorer, node->size);
	else
		count_restored(restorer, node->size);
	return found.untouched;
}

static int put_leaf(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	bool dry = restorer->options->dry_run;
	int fd = place_open(restorer, place, err), r;

	if (fd < 0 && !place->absent)
		return fd;
	if (is_kept(restorer, fd, node)) {
		count_skipped(restorer, node->size);
		return 0;
	}
	if (node->type == NODE_FILE) {
		r = restore_file(restorer, fd, node, err);
	} else {
		r = dry ? 0 : apply_special(fd, node->name, node, err);
		if (r >= 0)
			count_restored(restorer, 0);
	}
	return r == 0 && !dry ? apply_metadata(fd, node->name, node, restorer->options->rules, err)
			      : r;
}

/* Restores anything but a folder. Its failures are told; -ECANCELED is returned. */
OWN_FRAME static int restore_leaf(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	struct err leaf_err = ERR_INIT;
	bool is_file = node->type == NODE_FILE;
	int r;

	if (is_file)
		feed_begin(restorer->feed, restorer->key);
	r = put_leaf(restorer, place, node, &leaf_err);
	if (is_file)
		feed_end(restorer->feed);
	if (r == -ECANCELED || r == -ENOSPC || r == -EDQUOT) {
		*err = leaf_err;
		return err_wrap(err, "restore %s", (const char *)restorer->path.data);
	}
	if (r < 0)
		tell(restorer, &leaf_err);
	if (is_file)
		progress_add(&restorer->options->progress->files_done, 1);
	return 0;
}

static int restore_tree(
	struct restorer *restorer, const struct id *tree, struct place *place, struct err *err);

static int restore_folder(struct restorer *restorer, struct place *parent, const struct node *node,
	bool selected, struct err *err)
{
	struct place place = {.parent = parent, .node = node, .fd = -1, .selected = selected};
	const struct tree_stream *stream = &parent->stream;
	struct err folder_err = ERR_INIT;
	int r = 0;

	if (tree_depth_enter(&restorer->depth, stream, &folder_err) < 0) {
		err_wrap(&folder_err, "restore it");
		tell(restorer, &folder_err);
		return 0;
	}
	if (selected && place_open(restorer, &place, &folder_err) < 0 && !place.absent) {
		tree_depth_leave(&restorer->depth, stream);
		tell(restorer, &folder_err);
		return 0;
	}
	if (node->has_subtree)
		r = restore_tree(restorer, &node->subtree, &place, err);
	tree_depth_leave(&restorer->depth, stream);
	if (r >= 0 && (selected || place.fd >= 0))
		count_restored(restorer, 0);
	if (place.fd >= 0) {
		if (r >= 0 && !restorer->options->dry_run &&
			apply_metadata(place.fd, ".", node, restorer->options->rules, &folder_err) <
				0)
			tell(restorer, &folder_err);
		close(place.fd);
	}
	return r;
}

OWN_FRAME static void tell_unsafe(struct restorer *restorer)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_CORRUPT, EBADMSG, "restore an entry: its name is no file name");
	tell(restorer, &err);
}

static int restore_node(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	bool below, selected;

	if (node->unsafe) {
		tell_unsafe(restorer);
		return 0;
	}
	selected = is_selected(restorer, &below);
	if (node->type == NODE_DIR)
		return selected || below ? restore_folder(restorer, place, node, selected, err) : 0;
	return selected ? restore_leaf(restorer, place, node, err) : 0;
}

static int restore_named(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	size_t path_size = restorer->path.size;
	int r = buf_add_byte(&restorer->path, '/', err);

	if (r >= 0)
		r = buf_add_text(&restorer->path, node->name, err);
	if (r >= 0)
		r = restore_node(restorer, place, node, err);
	restorer->path.size = path_size;
	if (restorer->path.data)
		restorer->path.data[path_size] = '\0';
	return r < 0 ? r : go_on(restorer, err);
}

static bool wants_removed(void *context, const char *path)
{
	struct restorer *restorer = context;
	bool below;

	(void)path; /* that is restorer->path, which prune_folder moves on */
	return is_selected(restorer, &below);
}

/* Removes from a folder what the snapshot has not. Only called when its tree was read to the end,
 * so that nothing is taken for foreign because of damage. */
OWN_FRAME static void remove_others(
	struct restorer *restorer, struct place *place, const struct str_list *names)
{
	const struct prune_options prune_options = {
		.path = &restorer->path,
		.names = names,
		.wants = wants_removed,
		.context = restorer,
		.dry_run = restorer->options->dry_run,
	};
	struct err prune_err = ERR_INIT;

	if (place->fd >= 0 &&
		prune_folder(place->fd, &prune_options, &restorer->counts.deleted, &prune_err) < 0)
		tell(restorer, &prune_err);
}

/* Calls restore_node for each node of a tree, with the path set. A tree that can't be read is
 * told and passed over. */
static int restore_tree(
	struct restorer *restorer, const struct id *tree, struct place *place, struct err *err)
{
	struct tree_stream *stream = &place->stream;
	cleanup_str_list struct str_list names = {0};
	struct repository *repository = restorer->repository;
	bool deletes = restorer->options->delete_others;
	struct err tree_err = ERR_INIT;
	uint64_t number = 0;
	struct node node;
	int r, step = 0;

	r = tree_stream_open(repository, repository_codec(repository), tree, stream, &tree_err);
	while (step >= 0 && r >= 0 && (r = tree_stream_next(stream, &node, &tree_err)) == 1) {
		step = deletes ? str_list_add(&names, node.name, err) : 0;
		restorer->key = scout_key(tree, number++);
		if (step >= 0)
			step = restore_named(restorer, place, &node, err);
	}
	tree_stream_done(stream);
	if (step < 0)
		return step;
	if (r < 0) {
		tell(restorer, &tree_err);
		feed_lost(restorer->feed);
	}
	if (r >= 0 && deletes)
		remove_others(restorer, place, &names);
	return 0;
}

/* Knows what is going to be made, and refuses what has no room, before the first write. */
static int plan(struct restorer *restorer, const struct id *tree, struct err *err)
{
	const struct restore_options *options = restorer->options;
	const struct plan_options plan_options = {
		.target = options->target,
		.includes = options->includes,
		.excludes = options->excludes,
		.keeps = options->overwrite == RESTORE_NEVER ||
			 options->overwrite == RESTORE_IF_NEWER,
		.frees = options->delete_others,
		.any_size = options->no_space_check,
		.stop = options->stop,
		.progress = options->progress,
		.on_tight = options->on_tight,
		.context = options->context,
	};

	return plan_run(restorer->repository, tree, restorer->root_fd, &plan_options, err);
}

int restore_overwrite_parse(const char *text, enum restore_overwrite *ret, struct err *err)
{
	static const char *const words[] = {
		[RESTORE_ALWAYS] = "always",
		[RESTORE_IF_CHANGED] = "if-changed",
		[RESTORE_IF_NEWER] = "if-newer",
		[RESTORE_NEVER] = "never",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret = (enum restore_overwrite)i;
		return 0;
	}
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --overwrite %s: always, if-changed, if-newer or never", text);
}

/* The target's descriptor; -1 in *ret if it is absent and stays so. */
static int open_target(const struct restore_options *options, int *ret, struct err *err)
{
	int r = options->dry_run ? 0 : file_make_dirs(options->target, 0700, err);

	if (r < 0)
		return r;
	*ret = open(options->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0 && !(options->dry_run && errno == ENOENT))
		return err_errno(err, errno, "open folder %s", options->target);
	return 0;
}

static int on_tick(void *context, uint64_t bytes, struct err *err)
{
	struct restorer *restorer = context;

	progress_add(&restorer->options->progress->bytes_done, bytes);
	return go_on(restorer, err);
}

static int on_wait(void *context, struct err *err)
{
	return go_on(context, err);
}

/* Without what comes early it is only slower. */
static void start_feed(struct restorer *restorer, const struct id *tree)
{
	const struct feed_options options = {
		.scout = {restorer->options->includes, restorer->options->excludes,
			restorer->root_fd},
		.keeps = restorer->options->overwrite == RESTORE_NEVER,
		.wait = on_wait,
		.context = restorer,
	};
	struct err err = ERR_INIT;

	if (!restorer->options->dry_run &&
		feed_new(restorer->repository, tree, &options, &restorer->feed, &err) >= 0)
		restorer->content.feed = restorer->feed;
}

int restore_run(struct repository *repository, const struct id *tree,
	const struct restore_options *options, struct restore_counts *ret, struct err *err)
{
	struct place root = {.fd = -1, .selected = true};
	struct restorer restorer = {
		.repository = repository,
		.options = options,
		.path = BUF_INIT(PATH_MAX_SIZE),
		.root_fd = -1,
	};
	int r = open_target(options, &restorer.root_fd, err);

	if (r < 0)
		return r;
	content_init(&restorer.content, repository, on_tick, &restorer);
	root.fd = restorer.root_fd;
	root.absent = root.fd < 0;
	r = plan(&restorer, tree, err);
	if (r >= 0) {
		start_feed(&restorer, tree);
		r = restore_tree(&restorer, tree, &root, err);
	}
	*ret = restorer.counts;
	restorer_done(&restorer);
	return r;
}
