#include "archive/restore/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/hash.h"
#include "repo/id_table.h"
#include "repo/index.h"
#include "repo/stream/tree_stream.h"

#define PATH_MAX_SIZE (1u << 20)
#define FRESH 32768u /* records of a table in memory: 2 MiB */
#define FRAME 1024u /* bytes to which the largest chunk of zeros compresses, and more */
#define NAME_BYTES 64u /* the least that a name needs, where inodes have no number of their own */

/* What is below a tree; numbers that are too large stay at their end. */
struct sum {
	struct id id; /* first: a table finds records by it */
	uint64_t files, bytes; /* what progress counts */
	uint64_t names; /* inodes that are made */
	uint64_t least, most; /* bytes on disk: with as many holes as there can be, and with few */
};

/* What a file system has. */
struct room {
	uint64_t bytes, names, block_bytes;
	bool counts_names; /* inodes have a number of their own */
};

struct planner {
	struct repository *repository;
	const struct plan_options *options;
	struct table *sums; /* owned; of trees that were gone through; NULL: paths are chosen */
	struct table *links; /* owned: struct id, files with several names that were met */
	struct hash *hash; /* owned */
	struct buf path;
	struct tree_depth depth;
	bool is_deep; /* not to go below the entry at hand */
	dev_t device; /* of the target */
	struct room whole; /* all that its file system has */
	bool has_whole;
};

static const struct table_type sum_type = ID_TABLE_TYPE(struct sum);
static const struct table_type link_type = ID_TABLE_TYPE(struct id);

static void planner_done(struct planner *planner)
{
	table_free(planner->sums);
	table_free(planner->links);
	hash_free(planner->hash);
	buf_done(&planner->path);
}

static void grow(uint64_t *sum, uint64_t amount)
{
	if (__builtin_add_overflow(*sum, amount, sum))
		*sum = UINT64_MAX;
}

static void add_sum(struct sum *to, const struct sum *sum)
{
	grow(&to->files, sum->files);
	grow(&to->bytes, sum->bytes);
	grow(&to->names, sum->names);
	grow(&to->least, sum->least);
	grow(&to->most, sum->most);
}

/* --- The target --- */

static int look_at(int fd, const char *target, struct statvfs *ret)
{
	cleanup_free char *path = fd >= 0 ? NULL : strdup(target);
	char *above = path;
	int r = fd >= 0 ? fstatvfs(fd, ret) : -1;

	/* An absent target is going to be made in what is above it. */
	while (r < 0 && above) {
		r = statvfs(above, ret);
		if (strcmp(above, "/") == 0 || strcmp(above, ".") == 0)
			break;
		above = dirname(above);
	}
	return r;
}

/* What can be used of it; all: also what is used now. False if it does not tell. */
static bool find_room(int fd, const struct plan_options *options, bool all, struct room *ret)
{
	struct statvfs st;
	bool root = geteuid() == 0;

	if (look_at(fd, options->target, &st) < 0 || !st.f_blocks || !st.f_frsize)
		return false;
	ret->bytes = all ? st.f_blocks : root ? st.f_bfree : st.f_bavail;
	if (__builtin_mul_overflow(ret->bytes, (uint64_t)st.f_frsize, &ret->bytes))
		return false;
	ret->names = all ? st.f_files : root ? st.f_ffree : st.f_favail;
	ret->counts_names = st.f_files;
	ret->block_bytes = st.f_frsize;
	return true;
}

static uint64_t with_names(const struct room *room, const struct sum *sum, uint64_t bytes)
{
	uint64_t names = NAME_BYTES;

	if (room->counts_names)
		return bytes;
	if (__builtin_mul_overflow(names, sum->names, &names))
		names = UINT64_MAX;
	grow(&bytes, names);
	return bytes;
}

static bool fits(const struct room *room, const struct sum *sum, uint64_t bytes)
{
	return (!room->counts_names || sum->names <= room->names) &&
	       with_names(room, sum, bytes) <= room->bytes;
}

static int refuse(const struct planner *planner, const struct room *room, const struct sum *sum,
	struct err *err)
{
	const char *target = planner->options->target;

	if (room->counts_names && sum->names > room->names)
		return err_set(err, ERR_SPACE, ENOSPC,
			"restore to %s: No space left on device: it has at least %llu names, there "
			"is room for %llu "
			"(--no-space-check restores what fits)",
			target, (unsigned long long)sum->names, (unsigned long long)room->names);
	return err_set(err, ERR_SPACE, ENOSPC,
		"restore to %s: No space left on device: it needs at least %llu KiB, there is room "
		"for %llu KiB (--no-space-check restores what fits)",
		target, (unsigned long long)with_names(room, sum, sum->least) / 1024 + 1,
		(unsigned long long)room->bytes / 1024);
}

/* --- One entry --- */

/* Whether this is the first name of a file with several. */
static int is_first(struct planner *planner, const struct node *node, struct err *err)
{
	const uint64_t which[2] = {node->inode, node->device_id};
	struct id id;
	int r;

	if (node->links < 2 || !node->inode)
		return 1;
	r = hash_once(planner->hash, which, sizeof(which), id.bytes, err);
	if (r < 0 || table_find(planner->links, &id))
		return r;
	r = table_add(planner->links, &id, err);
	return r < 0 ? r : 1;
}

/* The least that a chunk can come to on disk: what it was compressed to, but for the encoding.
 * Zeros compress to nothing. */
static uint64_t least_of(const struct blob_location *location)
{
	uint64_t plain = blob_plain_size(location), stored = location->length - CIPHER_OVERHEAD;

	stored -= stored / 128;
	stored = stored > FRAME ? stored - FRAME : 0;
	return stored < plain ? stored : plain;
}

/* Adds a file's content. A chunk that follows itself is taken for zeros. */
static void add_content(struct planner *planner, const struct node *node, struct sum *to)
{
	const struct index *index = repository_index(planner->repository);
	const struct index_entry *entry = NULL;
	uint64_t most = 0, rest;

	for (size_t i = 0; i < node->content_count; i++) {
		const struct id *id = &node->content[i];
		bool again = i && id_equal(id, id - 1);

		if (!again)
			entry = index_find(index, BLOB_DATA, id);
		if (!entry || index_is_pending(entry))
			continue;
		grow(&to->bytes, blob_plain_size(&entry->location));
		if (again)
			continue;
		grow(&to->least, least_of(&entry->location));
		grow(&most, blob_plain_size(&entry->location));
	}
	rest = planner->has_whole ? most % planner->whole.block_bytes : 0;
	grow(&to->most, most);
	grow(&to->most, rest ? planner->whole.block_bytes - rest : 0);
}

static bool makes_a_name(const struct node *node)
{
	return node->type != NODE_OTHER && node->type != NODE_SOCKET;
}

/* Takes off what is there and is going to be written over. */
static void take_off(
	const struct planner *planner, const struct node *node, int dir_fd, struct sum *sum)
{
	struct stat st;
	uint64_t there;

	if (dir_fd < 0 || fstatat(dir_fd, node->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	there = (uint64_t)st.st_blocks * 512;
	sum->names = 0;
	if (planner->options->keeps && node->type != NODE_DIR)
		there = UINT64_MAX;
	sum->least = sum->least > there ? sum->least - there : 0;
	sum->most = sum->most > there ? sum->most - there : 0;
}

/* A file, link or device, or the folder itself. */
static int add_entry(struct planner *planner, const struct node *node, int dir_fd, struct sum *to,
	struct err *err)
{
	struct sum sum = {.names = makes_a_name(node)};
	int r = 1;

	if (node->type == NODE_FILE) {
		sum.files = 1;
		add_content(planner, node, &sum);
		r = is_first(planner, node, err);
	}
	if (r < 0)
		return r;
	if (!r)
		sum.names = sum.least = sum.most = 0;
	take_off(planner, node, dir_fd, &sum);
	add_sum(to, &sum);
	return 0;
}

/* --- Trees --- */

static int go_on(const struct planner *planner, struct err *err)
{
	const struct plan_options *options = planner->options;

	if (options->stop && *options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "restore: interrupted");
	return 0;
}

/* A folder of the target. -1: absent, or not looked for. *ret_foreign: on another file system. */
static int open_below(
	const struct planner *planner, int dir_fd, const char *name, bool *ret_foreign)
{
	cleanup_close int fd = -1;
	struct stat st;

	if (dir_fd >= 0)
		fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	*ret_foreign = st.st_dev != planner->device;
	return TAKE_FD(fd);
}

static int add_tree(struct planner *planner, const struct id *tree, int dir_fd, struct sum *to,
	struct err *err);

static int add_below(struct planner *planner, const struct node *node, int dir_fd, struct sum *to,
	struct err *err)
{
	bool foreign = false;
	cleanup_close int fd = open_below(planner, dir_fd, node->name, &foreign);

	return foreign ? 0 : add_tree(planner, &node->subtree, fd, to, err);
}

static int add_node(struct planner *planner, const struct node *node, int dir_fd, struct sum *to,
	struct err *err)
{
	const struct plan_options *options = planner->options;
	bool below = true, chosen = true;
	size_t size = planner->path.size;
	int r = go_on(planner, err);

	if (r < 0 || node->unsafe)
		return r;
	if (!planner->sums) {
		r = buf_add_byte(&planner->path, '/', err);
		if (r >= 0)
			r = buf_add_text(&planner->path, node->name, err);
		if (r < 0)
			return r;
		chosen = filter_chooses(options->includes, options->excludes,
			(const char *)planner->path.data, &below);
	}
	if (chosen)
		r = add_entry(planner, node, dir_fd, to, err);
	/* One place after the other: it need not be gone on with when all is too small. */
	if (r >= 0 && !planner->sums && planner->has_whole && !fits(&planner->whole, to, to->least))
		r = refuse(planner, &planner->whole, to, err);
	if (r >= 0 && below && node->type == NODE_DIR && node->has_subtree && !planner->is_deep)
		r = add_below(planner, node, dir_fd, to, err);
	planner->path.size = size;
	return r;
}

/* What is below a tree. That it can't be read to its end is for restoring to tell. */
static int read_tree(
	struct planner *planner, const struct id *tree, int dir_fd, struct sum *to, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct repository *repository = planner->repository;
	struct err tree_err = ERR_INIT;
	struct node node;
	bool is_deep;
	int r, step;

	r = tree_stream_open(repository, repository_codec(repository), tree, &stream, &tree_err);
	while (r >= 0 && tree_stream_next(&stream, &node, &tree_err) == 1) {
		is_deep = tree_depth_enter(&planner->depth, &stream, &tree_err) < 0;
		planner->is_deep = is_deep;
		step = add_node(planner, &node, dir_fd, to, err);
		if (!is_deep)
			tree_depth_leave(&planner->depth, &stream);
		if (step < 0)
			return step;
	}
	return tree_err.code == ENOMEM ? (*err = tree_err, -ENOMEM) : 0;
}

static int add_tree(
	struct planner *planner, const struct id *tree, int dir_fd, struct sum *to, struct err *err)
{
	struct sum sum = {.id = *tree};
	const struct sum *known;
	int r;

	/* Where something stands already each place is another. */
	if (!planner->sums || dir_fd >= 0)
		return read_tree(planner, tree, dir_fd, to, err);
	known = table_find(planner->sums, &sum);
	if (known) {
		add_sum(to, known);
		return 0;
	}
	r = read_tree(planner, tree, -1, &sum, err);
	if (r >= 0)
		r = table_add(planner->sums, &sum, err);
	add_sum(to, &sum);
	return r;
}

/* --- All of it --- */

static int start(struct planner *planner, struct err *err)
{
	table_free(planner->links);
	planner->links = NULL;
	return table_new(&link_type, FRESH, &planner->links, err);
}

/* Once more, beside what is there. */
static int look_beside(struct planner *planner, const struct id *tree, int root_fd, struct sum *ret,
	struct err *err)
{
	struct stat st;
	int r = fstat(root_fd, &st);

	if (r < 0)
		return err_errno(err, errno, "look at %s", planner->options->target);
	planner->device = st.st_dev;
	*ret = (struct sum){.files = 0};
	r = start(planner, err);
	return r < 0 ? r : add_tree(planner, tree, root_fd, ret, err);
}

static int judge(struct planner *planner, const struct id *tree, int root_fd, struct sum *sum,
	struct err *err)
{
	const struct plan_options *options = planner->options;
	struct room room;
	int r = 0;

	if (!planner->has_whole || !find_room(root_fd, options, options->frees, &room) ||
		fits(&room, sum, sum->most))
		return 0;
	if (root_fd >= 0)
		r = look_beside(planner, tree, root_fd, sum, err);
	if (r < 0)
		return r;
	if (!fits(&room, sum, sum->least))
		return refuse(planner, &room, sum, err);
	if (!fits(&room, sum, sum->most) && options->on_tight)
		options->on_tight(options->context, with_names(&room, sum, sum->most), room.bytes);
	return 0;
}

static int plan(struct planner *planner, const struct id *tree, int root_fd, struct err *err)
{
	const struct plan_options *options = planner->options;
	struct sum sum = {.files = 0};
	int r = hash_new(&planner->hash, err);

	if (r >= 0 && filter_is_empty(options->includes) && filter_is_empty(options->excludes))
		r = table_new(&sum_type, FRESH, &planner->sums, err);
	if (r >= 0)
		r = start(planner, err);
	if (r >= 0)
		r = add_tree(planner, tree, -1, &sum, err);
	if (r < 0)
		return r;
	progress_add(&options->progress->files_total, sum.files);
	progress_add(&options->progress->bytes_total, sum.bytes);
	progress_know_total(options->progress);
	return judge(planner, tree, root_fd, &sum, err);
}

int plan_run(struct repository *repository, const struct id *tree, int root_fd,
	const struct plan_options *options, struct err *err)
{
	struct planner planner = {
		.repository = repository,
		.options = options,
		.path = BUF_INIT(PATH_MAX_SIZE),
	};
	int r;

	planner.has_whole = !options->any_size && find_room(root_fd, options, true, &planner.whole);
	r = plan(&planner, tree, root_fd, err);
	planner_done(&planner);
	return r;
}
