#include "archive/repair/mend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/bits.h"
#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/str.h"
#include "repo/stream/tree_stream.h"

#define PATH_BYTES_MAX (1u << 20)
#define TREES_MAX (1u << 30) /* bytes of struct mend_tree */

struct mend_tree {
	struct id id;
	struct id replacement; /* if saved */
	bool unreadable, saved;
};

int mend_init(struct mend *mend, struct repository *repository, struct err *err)
{
	size_t count = index_count(repository_index(repository));

	*mend = (struct mend){.repository = repository, .trees = BUF_INIT(TREES_MAX)};
	mend->seen = bits_new(count);
	mend->bad = bits_new(count);
	if (mend->seen && mend->bad)
		return 0;
	mend_done(mend);
	return err_oom(err);
}

void mend_done(struct mend *mend)
{
	free(mend->seen);
	free(mend->bad);
	mend->seen = mend->bad = NULL;
	buf_done(&mend->trees);
}

/* --- Looking --- */

static int note_bad(struct mend *mend, const struct id *id, bool unreadable, struct err *err)
{
	const struct mend_tree tree = {.id = *id, .unreadable = unreadable};

	return buf_add(&mend->trees, &tree, sizeof(tree), err);
}

static void lose(struct mend *mend, const struct buf *path, const char *name, const char *how)
{
	cleanup_free char *text =
		str_printf("%s/%s", path->size ? (const char *)path->data : "", name);

	if (text && mend->on_lost)
		mend->on_lost(mend->context, text, how);
}

/* What is left of a file's content: how many bytes; whether some blob of it is gone. */
static uint64_t size_left(struct mend *mend, const struct node *node, bool *ret_gone)
{
	uint64_t size = 0, blob;

	*ret_gone = false;
	for (size_t i = 0; i < node->content_count; i++)
		if (repository_blob_size(mend->repository, BLOB_DATA, &node->content[i], &blob))
			size += blob;
		else
			*ret_gone = true;
	return size;
}

static int look_at_tree(struct mend *mend, const struct tree_stream *above, const struct id *id,
	struct buf *path, struct err *err);

/* 1 if the entry is to be changed. */
static int look_at_node(struct mend *mend, const struct tree_stream *stream,
	const struct node *node, struct buf *path, struct err *err)
{
	size_t size = path->size;
	bool gone;
	int r;

	if (node->type == NODE_OTHER) {
		lose(mend, path, node->name, N_("removed: its type is unknown"));
		return 1;
	}
	if (node->type == NODE_FILE) {
		uint64_t left = size_left(mend, node, &gone);

		if (gone || left != node->size)
			lose(mend, path, node->name,
				gone ? N_("removed missing content") : N_("corrected its size"));
		return gone || left != node->size;
	}
	if (node->type != NODE_DIR)
		return 0;
	if (!node->has_subtree) {
		lose(mend, path, node->name, N_("made it an empty folder"));
		return 1;
	}
	r = buf_printf(path, err, "/%s", node->name);
	if (r >= 0)
		r = look_at_tree(mend, stream, &node->subtree, path, err);
	path->size = size;
	if (path->data)
		path->data[size] = '\0';
	return r;
}

/* Reads a tree's entries: 1 if one is to be changed, -EBADMSG and the like if it can't be read. */
static int look_at_nodes(struct mend *mend, const struct id *id, struct buf *path,
	struct err *tree_err, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream = {0};
	struct repository *repository = mend->repository;
	struct node node;
	bool is_bad = false;
	int r, step;

	r = tree_stream_open(repository, repository_codec(repository), id, &stream, tree_err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, tree_err)) == 1) {
		step = look_at_node(mend, &stream, &node, path, err);
		if (step < 0)
			return step;
		is_bad = is_bad || step;
	}
	return r < 0 ? r : is_bad;
}

/* Within the depth that is allowed. above: where its folder stands, NULL for the root. */
static int look_within(struct mend *mend, const struct tree_stream *above, const struct id *id,
	struct buf *path, struct err *tree_err, struct err *err)
{
	int r = above ? tree_depth_enter(&mend->depth, above, tree_err) : 0;

	if (r < 0)
		return r;
	r = look_at_nodes(mend, id, path, tree_err, err);
	if (above)
		tree_depth_leave(&mend->depth, above);
	return r;
}

/* 1 if the tree is to be changed or can't be read. */
static int look_at_tree(struct mend *mend, const struct tree_stream *above, const struct id *id,
	struct buf *path, struct err *err)
{
	struct repository *repository = mend->repository;
	struct err tree_err = ERR_INIT;
	size_t number = 0;
	bool known = index_number(repository_index(repository), BLOB_TREE, id, &number);
	int r;

	if (mend->stop && *mend->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "repair snapshots: interrupted");
	if (known && bits_has(mend->seen, number))
		return bits_has(mend->bad, number);
	r = look_within(mend, above, id, path, &tree_err, err);
	if (err->code)
		return r;
	if (r < 0 && tree_err.kind != ERR_CORRUPT && tree_err.code != ENOENT) {
		*err = tree_err;
		return r;
	}
	if (known)
		bits_add(mend->seen, number);
	if (known && r)
		bits_add(mend->bad, number);
	if (r < 0)
		lose(mend, path, "",
			path->size ? N_("made it an empty folder") : N_("can't be read"));
	return r ? (note_bad(mend, id, r < 0, err) < 0 ? -ENOMEM : 1) : 0;
}

int mend_look(struct mend *mend, const struct id *tree, struct err *err)
{
	cleanup_buf struct buf path = BUF_INIT(PATH_BYTES_MAX);

	return look_at_tree(mend, NULL, tree, &path, err);
}

/* --- Mending --- */

static struct mend_tree *find(struct mend *mend, const struct id *id)
{
	struct mend_tree *trees = (struct mend_tree *)(void *)mend->trees.data;

	for (size_t i = 0; i < mend->trees.size / sizeof(*trees); i++)
		if (id_equal(&trees[i].id, id))
			return &trees[i];
	return NULL;
}

static int replace_tree(struct mend *mend, struct mend_tree *tree, struct err *err);

/* The id that a folder's tree becomes. */
static int new_subtree(struct mend *mend, const struct node *node, struct id *ret, struct err *err)
{
	static const struct mend_tree nothing = {.unreadable = true};
	struct mend_tree empty = nothing, *tree = &empty;
	int r;

	*ret = node->subtree;
	if (node->has_subtree)
		tree = find(mend, &node->subtree);
	if (!tree)
		return 0;
	r = replace_tree(mend, tree, err);
	*ret = tree->replacement;
	return r;
}

/* Adds what an entry becomes to the text. raw: it as it stands, which is taken when nothing in
 * it changes, so that fields that we do not know survive. */
static int add_node(struct mend *mend, struct buf *ret, struct node *node,
	const struct scan_text *raw, bool *first, struct err *err)
{
	cleanup_buf struct buf content = BUF_INIT(BLOB_TREE_MAX);
	bool same = true, gone;
	struct id subtree = {0};
	int r = 0;

	if (node->type == NODE_OTHER)
		return 0;
	if (node->type == NODE_FILE) {
		uint64_t left = size_left(mend, node, &gone), blob;

		same = !gone && left == node->size;
		for (size_t i = 0; r >= 0 && !same && i < node->content_count; i++)
			if (repository_blob_size(
				    mend->repository, BLOB_DATA, &node->content[i], &blob))
				r = buf_add(&content, &node->content[i], sizeof(subtree), err);
		if (!same) {
			node->size = left;
			node->content = (const struct id *)(const void *)content.data;
			node->content_count = content.size / sizeof(subtree);
		}
	} else if (node->type == NODE_DIR) {
		r = new_subtree(mend, node, &subtree, err);
		same = node->has_subtree && id_equal(&subtree, &node->subtree);
		node->subtree = subtree;
		node->has_subtree = true;
	}
	if (r >= 0 && !same)
		r = tree_add(ret, node, *first, err);
	if (r >= 0 && same && !*first)
		r = buf_add_byte(ret, ',', err);
	if (r >= 0 && same)
		r = buf_add(ret, raw->data, raw->size, err);
	*first = false;
	return r;
}

/* The text of the entry between where the reader stood and stands. */
static struct scan_text raw_of(const char *before, const char *after)
{
	while (before < after && *before != '{')
		before++;
	return (struct scan_text){before, (size_t)(after - before)};
}

static int new_text(struct mend *mend, const struct id *id, struct buf *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	cleanup_tree_reader struct tree_reader reader = {0};
	struct repository *repository = mend->repository;
	const char *before;
	bool first = true;
	struct node node;
	int r = repository_load_blob(
		repository, repository_codec(repository), BLOB_TREE, id, &text, err);

	if (r >= 0)
		r = tree_reader_init(&reader, text.data, text.size, err);
	before = reader.scan.at;
	while (r >= 0 && (r = tree_reader_next(&reader, &node, err)) == 1) {
		const struct scan_text raw = raw_of(before, reader.scan.at);

		before = reader.scan.at;
		r = add_node(mend, ret, &node, &raw, &first, err);
	}
	return r;
}

static int replace_tree(struct mend *mend, struct mend_tree *tree, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	struct repository *repository = mend->repository;
	struct repository_added added;
	int r;

	if (tree->saved)
		return 0;
	r = tree_begin(&text, err);
	if (r >= 0 && !tree->unreadable)
		r = new_text(mend, &tree->id, &text, err);
	if (r >= 0)
		r = tree_end(&text, err);
	if (r >= 0)
		r = repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
			text.data, text.size, &tree->replacement, &added, err);
	tree->saved = r >= 0;
	return r;
}

int mend_tree(struct mend *mend, const struct id *tree, struct id *ret, struct err *err)
{
	struct mend_tree *found = find(mend, tree);
	struct mend_tree *at = (struct mend_tree *)(void *)mend->trees.data;
	int r = 0;

	if (!found || found->unreadable) {
		*ret = *tree;
		return found ? 0 : 1;
	}
	/* What is below a tree was noted before it: in this order only one is in memory. */
	for (; r >= 0 && at <= found; at++)
		if (!at->unreadable)
			r = replace_tree(mend, at, err);
	*ret = found->replacement;
	return r < 0 ? r : 1;
}
