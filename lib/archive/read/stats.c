#include "archive/read/stats.h"

#include <string.h>

#include "archive/read/traverse.h"
#include "base/buf.h"
#include "repo/id_table.h"

#define KEY_MAX (1u << 28) /* bytes */
#define OPEN_MAX (1u << 20) /* bytes: more than the deepest walk needs */

int stats_mode_parse(const char *text, enum stats_mode *ret, struct err *err)
{
	static const char *const words[] = {
		[STATS_RESTORE_SIZE] = "restore-size",
		[STATS_FILES_BY_CONTENTS] = "files-by-contents",
		[STATS_BLOBS_PER_FILE] = "blobs-per-file",
		[STATS_RAW_DATA] = "raw-data",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret = (enum stats_mode)i;
		return 0;
	}
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --mode %s: restore-size, files-by-contents, blobs-per-file or raw-data",
		text);
}

/* What is below a tree. */
struct sum {
	struct id id; /* first: a table finds records by it */
	uint64_t files, bytes; /* bytes: without those of files with several names */
	bool links; /* there are such files: they count in each snapshot anew, see in_snapshot */
};

/* A folder that a walk is in, with what was counted before it. */
struct folder {
	struct sum before;
	uint64_t links_met;
	bool passed_over;
	bool has_links; /* so its sum says, of another snapshot */
};

static const struct table_type sum_type = ID_TABLE_TYPE(struct sum);

int stats_init(
	struct stats *stats, struct repository *repository, enum stats_mode mode, struct err *err)
{
	*stats = (struct stats){.mode = mode, .repository = repository, .open = BUF_INIT(OPEN_MAX)};
	if (mode == STATS_RESTORE_SIZE)
		return table_new(&sum_type, 0, &stats->sums, err);
	return mode == STATS_RAW_DATA ? used_init(&stats->used, repository, err) : 0;
}

void stats_done(struct stats *stats)
{
	idset_done(&stats->contents);
	idset_done(&stats->paths);
	idset_done(&stats->path_blobs);
	idset_done(&stats->links);
	idset_done(&stats->trees);
	table_free(stats->sums);
	buf_done(&stats->open);
	if (stats->mode == STATS_RAW_DATA)
		used_done(&stats->used);
}

/* Adds the hash of two runs of bytes to a set: 1 if it is new. */
static int add_hash(struct stats *stats, struct idset *set, const void *a, size_t a_size,
	const void *b, size_t b_size, struct err *err)
{
	cleanup_buf struct buf key = BUF_INIT(KEY_MAX);
	struct id id;
	int r = buf_add(&key, a, a_size, err);

	if (r >= 0)
		r = buf_add(&key, b, b_size, err);
	if (r >= 0)
		r = blob_id(repository_codec(stats->repository),
			key.data ? key.data : (uint8_t *)"", key.size, &id, err);
	return r < 0 ? r : idset_add(set, &id, err);
}

static int count_blobs(
	struct stats *stats, const struct node *node, const char *path, struct err *err)
{
	size_t path_size = strlen(path) + 1;
	uint64_t size;
	int r;

	r = node->content_count ? add_hash(stats, &stats->paths, path, path_size, "", 0, err) : 0;
	stats->files += r == 1;
	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		r = add_hash(stats, &stats->path_blobs, path, path_size, &node->content[i],
			sizeof(node->content[i]), err);
		if (r != 1)
			continue;
		if (!repository_blob_size(stats->repository, BLOB_DATA, &node->content[i], &size))
			return err_set(
				err, ERR_CORRUPT, ENOENT, "count %s: a blob is missing", path);
		stats->bytes += size;
		stats->blobs++;
	}
	return r;
}

static int count_restored(struct stats *stats, const struct node *node, struct err *err)
{
	const uint64_t link[2] = {node->inode, node->device_id};
	int r = 1;

	stats->files++;
	if (node->links != 1 && node->type != NODE_DIR && node->inode)
		r = add_hash(stats, &stats->links, link, sizeof(link), "", 0, err);
	if (r == 1)
		stats->bytes += node->size;
	if (node->links != 1 && node->type != NODE_DIR && node->inode)
		stats->links_met++;
	else
		stats->single_bytes += node->size;
	return r;
}

/* What the sum of a tree with links goes by. */
static struct id in_snapshot(const struct stats *stats, const struct id *tree)
{
	struct id id = *tree;

	for (size_t i = 0; i < sizeof(stats->snapshots); i++)
		id.bytes[sizeof(id.bytes) - 1 - i] ^= (uint8_t)(stats->snapshots >> 8 * i);
	return id;
}

/* Goes into a folder, or adds what is known of it: TRAVERSE_SKIP. */
static int open_folder(struct stats *stats, const struct node *node, struct err *err)
{
	struct folder folder = {.before = {.id = node->subtree,
					.files = stats->files,
					.bytes = stats->single_bytes},
		.links_met = stats->links_met};
	const struct sum *known = node->has_subtree ? table_find(stats->sums, &folder) : NULL;
	int r;

	folder.has_links = known && known->links;
	if (folder.has_links) {
		const struct sum here = {.id = in_snapshot(stats, &node->subtree)};

		known = table_find(stats->sums, &here);
	}
	folder.passed_over = known || !node->has_subtree;
	r = buf_add(&stats->open, &folder, sizeof(folder), err);
	if (r < 0 || !known)
		return r;
	stats->files += known->files;
	stats->bytes += known->bytes;
	stats->single_bytes += known->bytes;
	stats->links_met += known->links;
	return TRAVERSE_SKIP;
}

static void leave(void *context, const struct node *node, const char *path)
{
	struct stats *stats = context;
	struct err err = ERR_INIT;
	struct folder folder;
	struct sum *sum = &folder.before;

	(void)node;
	(void)path;
	stats->open.size -= sizeof(folder);
	memcpy(&folder, stats->open.data + stats->open.size, sizeof(folder));
	if (folder.passed_over)
		return;
	sum->files = stats->files - sum->files;
	sum->bytes = stats->single_bytes - sum->bytes;
	sum->links = stats->links_met != folder.links_met;
	/* One that does not get in is gone through again. */
	if (!folder.has_links)
		(void)!table_add(stats->sums, sum, &err);
	sum->id = in_snapshot(stats, &sum->id);
	if (sum->links)
		(void)!table_add(stats->sums, sum, &err);
}

static int enter(void *context, const struct node *node, const char *path, const struct id *tree,
	struct err *err)
{
	struct stats *stats = context;
	int r = 0;

	(void)tree;
	if (stats->mode == STATS_RESTORE_SIZE) {
		r = count_restored(stats, node, err);
		if (r < 0 || node->type != NODE_DIR)
			return r < 0 ? r : 0;
		return open_folder(stats, node, err);
	}
	r = add_hash(stats, &stats->contents, node->content ? (const void *)node->content : "",
		node->content_count * sizeof(*node->content), "", 0, err);
	if (r == 1 && stats->mode == STATS_BLOBS_PER_FILE) {
		r = count_blobs(stats, node, path, err);
	} else if (r == 1) {
		stats->bytes += node->size;
		stats->files++;
	}
	if (r < 0 || node->type != NODE_DIR || !node->has_subtree)
		return r < 0 ? r : 0;
	r = idset_add(&stats->trees, &node->subtree, err);
	return r < 0 ? r : r ? 0 : TRAVERSE_SKIP;
}

int stats_add(struct stats *stats, const struct id *tree, struct err *err)
{
	const struct traverse traverse = {
		.repository = stats->repository,
		.stop = stats->stop,
		.enter = enter,
		.leave = stats->mode == STATS_RESTORE_SIZE ? leave : NULL,
		.context = stats,
	};
	int r;

	stats->snapshots++;
	if (stats->mode != STATS_RAW_DATA) {
		idset_done(&stats->links); /* counted for each snapshot anew */
		return traverse_run(&traverse, tree, "", err);
	}
	stats->used.stop = stats->stop;
	r = used_mark(&stats->used, tree, err);
	if (r >= 0 && stats->used.missing) {
		*err = stats->used.err;
		return -err->code;
	}
	return r;
}

void stats_finish(struct stats *stats)
{
	const struct index *index = repository_index(stats->repository);

	if (stats->mode != STATS_RAW_DATA)
		return;
	for (size_t i = 0; i < index_count(index); i++) {
		const struct blob_location *location = &index_at(index, i)->location;
		uint64_t plain = blob_plain_size(location) + CIPHER_OVERHEAD;

		if (!bits_has(stats->used.bits, i))
			continue;
		stats->blobs++;
		stats->bytes += location->length;
		stats->plain_bytes += plain;
		if (location->plain_length) {
			stats->compressed_bytes += location->length;
			stats->compressed_plain_bytes += plain;
		}
	}
}
