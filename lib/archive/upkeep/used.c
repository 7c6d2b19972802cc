#include "archive/upkeep/used.h"

#include <errno.h>
#include <stdlib.h>

#include "repo/stream/tree_stream.h"

#define DEPTH_MAX 2048 /* folders */

int used_init(struct used *used, struct repository *repository, struct err *err)
{
	*used = (struct used){.repository = repository,
		.bits = bits_new(index_count(repository_index(repository)))};
	return used->bits ? 0 : err_oom(err);
}

void used_done(struct used *used)
{
	free(used->bits);
	used->bits = NULL;
}

static void miss(struct used *used, const struct err *why)
{
	if (!used->missing++)
		used->err = *why;
}

/* Marks a blob: 1 if it was not marked before, 0 if it was or is in no index. */
static int mark_blob(struct used *used, enum blob_type type, const struct id *id)
{
	const struct index *index = repository_index(used->repository);
	struct err why = ERR_INIT;
	char name[ID_TEXT_SIZE];
	size_t number;

	if (!index_number(index, type, id, &number)) {
		id_format(id, name);
		err_set(&why, ERR_CORRUPT, ENOENT, "%s blob %.16s is in no index",
			blob_type_name(type), name);
		miss(used, &why);
		return 0;
	}
	if (bits_has(used->bits, number))
		return 0;
	bits_add(used->bits, number);
	used->blobs++;
	used->bytes += index_at(index, number)->location.length;
	return 1;
}

/* Marks what a tree's text names, and gives the folders in it. */
static int read_tree(
	struct used *used, const struct id *id, struct buf *ret_folders, struct err *why)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct node node;
	int r;

	r = tree_stream_open(
		used->repository, repository_codec(used->repository), id, &stream, why);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, why)) == 1) {
		for (size_t i = 0; i < node.content_count; i++)
			(void)mark_blob(used, BLOB_DATA, &node.content[i]);
		/* Each tree once, however often it is named: that bounds the list. */
		if (node.has_subtree && mark_blob(used, BLOB_TREE, &node.subtree))
			r = buf_add(ret_folders, &node.subtree, sizeof(node.subtree), why);
	}
	return r;
}

/* A tree that was marked just now, and all below it. */
static int mark_tree(struct used *used, const struct id *id, unsigned depth, struct err *err)
{
	cleanup_buf struct buf folders = BUF_INIT(BLOB_TREE_MAX);
	struct err why = ERR_INIT;
	char name[ID_TEXT_SIZE];
	int r;

	if (used->stop && *used->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "find used blobs: interrupted");
	r = depth < DEPTH_MAX ? read_tree(used, id, &folders, &why)
			      : err_set(&why, ERR_CORRUPT, ELOOP, "folders are too deep");
	if (r < 0 && why.kind != ERR_CORRUPT && why.code != ENOENT) {
		*err = why;
		return r;
	}
	if (r < 0) {
		id_format(id, name);
		err_wrap(&why, "tree %.16s", name);
		miss(used, &why);
		return 0;
	}
	for (size_t i = 0; r >= 0 && i < folders.size / sizeof(*id); i++)
		r = mark_tree(
			used, (const struct id *)(const void *)folders.data + i, depth + 1, err);
	return r;
}

int used_mark(struct used *used, const struct id *tree, struct err *err)
{
	return mark_blob(used, BLOB_TREE, tree) ? mark_tree(used, tree, 0, err) : 0;
}
