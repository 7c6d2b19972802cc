#include "archive/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/apply.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "repo/stream/tree_stream.h"

#define BLOCK 4096u /* zeros of this size are left as holes */
#define PATH_MAX_SIZE (1u << 20)
#define DEPTH_MAX 2048 /* folders; also what keeps a tree that contains itself finite */

/* A folder being restored. It is made when the first thing in it is. */
struct place {
	struct place *parent; /* NULL: the target */
	const struct node *node; /* borrowed; NULL: the target */
	int fd; /* -1: not made yet */
	bool selected;
};

/* The first name of a file with several. */
struct link {
	struct link *next; /* owned */
	uint64_t inode, device_id;
	char path[]; /* from the target, NUL-terminated */
};

#define LINK_SLOTS 4096u

struct restorer {
	struct repository *repository;
	const struct restore_options *options;
	struct buf path; /* in the snapshot: "/a/b" */
	struct buf blob;
	struct link *links[LINK_SLOTS]; /* owned */
	int root_fd;
	unsigned depth;
};

static void restorer_done(struct restorer *restorer)
{
	for (size_t i = 0; i < LINK_SLOTS; i++)
		for (struct link *link = restorer->links[i], *next; link; link = next) {
			next = link->next;
			free(link);
		}
	buf_done(&restorer->path);
	buf_done(&restorer->blob);
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

static int tick(struct restorer *restorer, struct err *err)
{
	if (restorer->options->stop && *restorer->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "restore: interrupted");
	if (restorer->options->tick)
		restorer->options->tick(restorer->options->context);
	return 0;
}

/* Whether the thing at the current path is wanted; ret_below: or something below it. */
static bool is_selected(struct restorer *restorer, bool *ret_below)
{
	const struct restore_options *options = restorer->options;
	const char *path = (const char *)restorer->path.data;

	*ret_below = true;
	if (filter_match(options->excludes, path, NULL)) {
		*ret_below = false;
		return false;
	}
	if (!options->includes->patterns.count)
		return true;
	return filter_match(options->includes, path, ret_below);
}

/* The folder's descriptor, made with all above it if need be. */
static int place_open(struct place *place, struct err *err)
{
	int parent;

	if (place->fd >= 0)
		return place->fd;
	parent = place_open(place->parent, err);
	if (parent < 0)
		return parent;
	place->fd = apply_folder(parent, place->node->name, err);
	return place->fd;
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !*data && memcmp(data, data + 1, size - 1) == 0;
}

/* Writes data at offset but for its blocks of zeros: they stay holes. */
static int write_sparse(int fd, const uint8_t *data, size_t size, uint64_t offset, struct err *err)
{
	size_t at = 0;

	while (at < size) {
		size_t run = at, block;
		ssize_t n;

		for (; run < size; run += block) {
			block = size - run < BLOCK ? size - run : BLOCK;
			if (is_zero(data + run, block))
				break;
		}
		while (at < run) {
			n = pwrite(fd, data + at, run - at, (off_t)(offset + at));
			if (n < 0 && errno != EINTR)
				return err_errno(err, errno, "write it");
			at += n < 0 ? 0 : (size_t)n;
		}
		if (at < size)
			at += size - at < BLOCK ? size - at : BLOCK;
	}
	return 0;
}

static int write_content(
	struct restorer *restorer, int fd, const struct node *node, struct err *err)
{
	struct repository *repository = restorer->repository;
	uint64_t offset = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		r = repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
			&node->content[i], &restorer->blob, err);
		if (r >= 0 && restorer->blob.size)
			r = write_sparse(fd, restorer->blob.data, restorer->blob.size, offset, err);
		if (r < 0)
			return r;
		offset += restorer->blob.size;
		progress_add(&restorer->options->progress->bytes_done, restorer->blob.size);
		r = tick(restorer, err);
	}
	if (r >= 0 && ftruncate(fd, (off_t)offset) < 0)
		return err_errno(err, errno, "set its size");
	if (r >= 0 && offset != node->size)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"restore it: it has %llu bytes, its entry says %llu",
			(unsigned long long)offset, (unsigned long long)node->size);
	return r;
}

/* Reads the file back and compares each chunk's hash. */
static int verify_content(
	struct restorer *restorer, int fd, const struct node *node, struct err *err)
{
	struct repository *repository = restorer->repository;
	struct blob_codec *codec = repository_codec(repository);
	uint64_t offset = 0, size;
	struct id found;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		if (!repository_blob_size(repository, BLOB_DATA, &node->content[i], &size))
			return err_set(err, ERR_CORRUPT, ENOENT, "verify it: a blob is unknown");
		buf_clear(&restorer->blob);
		r = buf_reserve(&restorer->blob, size, err);
		if (r >= 0)
			r = file_pread_full(fd, restorer->blob.data, size, offset, "it", err);
		if (r >= 0)
			r = blob_id(codec, restorer->blob.data, size, &found, err);
		if (r >= 0 && !id_equal(&found, &node->content[i]))
			r = err_set(err, ERR_CORRUPT, EBADMSG, "verify it: other bytes on disk");
		offset += size;
	}
	return r;
}

static struct link **link_slot(struct restorer *restorer, const struct node *node)
{
	uint64_t mixed = (node->inode ^ node->device_id << 17) * 0x9e3779b97f4a7c15ull;

	return &restorer->links[mixed >> 52];
}

static const struct link *find_link(struct restorer *restorer, const struct node *node)
{
	const struct link *link = *link_slot(restorer, node);

	while (link && (link->inode != node->inode || link->device_id != node->device_id))
		link = link->next;
	return link;
}

static int remember_link(struct restorer *restorer, const struct node *node, struct err *err)
{
	struct link **slot = link_slot(restorer, node);
	size_t size = restorer->path.size; /* without the slash at its start, with a NUL */
	struct link *link = malloc(sizeof(*link) + size);

	if (!link)
		return err_oom(err);
	link->inode = node->inode;
	link->device_id = node->device_id;
	memcpy(link->path, restorer->path.data + 1, size);
	link->next = *slot;
	*slot = link;
	return 0;
}

static int restore_file(
	struct restorer *restorer, int dir_fd, const struct node *node, struct err *err)
{
	bool several = node->links > 1 && node->inode;
	const struct link *link = several ? find_link(restorer, node) : NULL;
	cleanup_close int fd = -1;
	int r;

	if (link) {
		if (unlinkat(dir_fd, node->name, 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, "replace it");
		if (linkat(restorer->root_fd, link->path, dir_fd, node->name, 0) < 0)
			return err_errno(err, errno, "link it to %s", link->path);
		progress_add(&restorer->options->progress->bytes_done, node->size);
		return 0;
	}
	fd = apply_file(dir_fd, node->name, err);
	if (fd < 0)
		return fd;
	r = write_content(restorer, fd, node, err);
	if (r >= 0 && restorer->options->verify)
		r = verify_content(restorer, fd, node, err);
	if (r == -ECANCELED)
		return r;
	if (several && r >= 0)
		r = remember_link(restorer, node, err);
	return r;
}

/* Restores anything but a folder. Its failures are told; -ECANCELED is returned. */
static int restore_leaf(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	struct err leaf_err = ERR_INIT;
	int fd = place_open(place, &leaf_err), r = fd;

	if (fd >= 0) {
		if (node->type == NODE_FILE)
			r = restore_file(restorer, fd, node, &leaf_err);
		else
			r = apply_special(fd, node->name, node, &leaf_err);
		if (r == 0)
			r = apply_metadata(fd, node->name, node, &leaf_err);
	}
	if (r == -ECANCELED || r == -ENOSPC || r == -EDQUOT) {
		*err = leaf_err;
		return err_wrap(err, "restore %s", (const char *)restorer->path.data);
	}
	if (r < 0)
		tell(restorer, &leaf_err);
	if (node->type == NODE_FILE)
		progress_add(&restorer->options->progress->files_done, 1);
	return 0;
}

static int restore_tree(
	struct restorer *restorer, const struct id *tree, struct place *place, struct err *err);

static int restore_folder(struct restorer *restorer, struct place *parent, const struct node *node,
	bool selected, struct err *err)
{
	struct place place = {.parent = parent, .node = node, .fd = -1, .selected = selected};
	struct err folder_err = ERR_INIT;
	int r = 0;

	if (restorer->depth >= DEPTH_MAX) {
		err_set(&folder_err, ERR_CORRUPT, ELOOP, "restore it: folders are too deep");
		tell(restorer, &folder_err);
		return 0;
	}
	if (selected && place_open(&place, &folder_err) < 0) {
		tell(restorer, &folder_err);
		return 0;
	}
	if (node->has_subtree) {
		restorer->depth++;
		r = restore_tree(restorer, &node->subtree, &place, err);
		restorer->depth--;
	}
	if (place.fd >= 0) {
		if (r >= 0 && apply_metadata(place.fd, ".", node, &folder_err) < 0)
			tell(restorer, &folder_err);
		close(place.fd);
	}
	return r;
}

static int restore_node(
	struct restorer *restorer, struct place *place, const struct node *node, struct err *err)
{
	struct err node_err = ERR_INIT;
	bool below, selected;

	if (node->unsafe) {
		err_set(&node_err, ERR_CORRUPT, EBADMSG,
			"restore an entry: its name is no file name");
		tell(restorer, &node_err);
		return 0;
	}
	selected = is_selected(restorer, &below);
	if (node->type == NODE_DIR)
		return selected || below ? restore_folder(restorer, place, node, selected, err) : 0;
	return selected ? restore_leaf(restorer, place, node, err) : 0;
}

/* Calls restore_node for each node of a tree, with the path set. A tree that can't be read is
 * told and passed over. */
static int restore_tree(
	struct restorer *restorer, const struct id *tree, struct place *place, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct repository *repository = restorer->repository;
	size_t path_size = restorer->path.size;
	struct err tree_err = ERR_INIT;
	struct node node;
	int r, step = 0;

	r = tree_stream_open(repository, repository_codec(repository), tree, &stream, &tree_err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, &tree_err)) == 1) {
		step = buf_add_byte(&restorer->path, '/', err);
		if (step >= 0)
			step = buf_add_text(&restorer->path, node.name, err);
		if (step >= 0)
			step = restore_node(restorer, place, &node, err);
		restorer->path.size = path_size;
		if (restorer->path.data)
			restorer->path.data[path_size] = '\0';
		if (step >= 0)
			step = tick(restorer, err);
		if (step < 0)
			return step;
	}
	if (r < 0)
		tell(restorer, &tree_err);
	return 0;
}

/* Adds up what is going to be restored; failures are told later. */
static void count_tree(struct restorer *restorer, const struct id *tree, unsigned depth)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct repository *repository = restorer->repository;
	struct progress *progress = restorer->options->progress;
	size_t path_size = restorer->path.size;
	struct err err = ERR_INIT;
	struct node node;
	bool below;

	if (depth >= DEPTH_MAX ||
		tree_stream_open(repository, repository_codec(repository), tree, &stream, &err) < 0)
		return;
	while (tree_stream_next(&stream, &node, &err) == 1 && tick(restorer, &err) >= 0) {
		if (buf_add_byte(&restorer->path, '/', &err) < 0 ||
			buf_add_text(&restorer->path, node.name, &err) < 0)
			return;
		if (is_selected(restorer, &below) && node.type == NODE_FILE) {
			progress_add(&progress->files_total, 1);
			progress_add(&progress->bytes_total, node.size);
		}
		if (node.type == NODE_DIR && node.has_subtree && below)
			count_tree(restorer, &node.subtree, depth + 1);
		restorer->path.size = path_size;
		restorer->path.data[path_size] = '\0';
	}
}

int restore_run(struct repository *repository, const struct id *tree,
	const struct restore_options *options, struct err *err)
{
	struct place root = {.fd = -1, .selected = true};
	struct restorer restorer = {
		.repository = repository,
		.options = options,
		.path = BUF_INIT(PATH_MAX_SIZE),
		.blob = BUF_INIT(BLOB_DATA_MAX + 1),
		.root_fd = -1,
	};
	int r = file_make_dirs(options->target, 0700, err);

	if (r < 0)
		return r;
	restorer.root_fd = open(options->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (restorer.root_fd < 0)
		return err_errno(err, errno, "open folder %s", options->target);
	root.fd = restorer.root_fd;
	count_tree(&restorer, tree, 0);
	restorer.path.size = 0;
	progress_know_total(options->progress);
	r = restore_tree(&restorer, tree, &root, err);
	restorer_done(&restorer);
	return r;
}
