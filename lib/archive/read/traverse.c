#include "archive/read/traverse.h"

#include <errno.h>

#include "base/buf.h"
#include "repo/stream/tree_stream.h"

#define PATH_MAX_SIZE (1u << 20)

struct walk {
	const struct traverse *traverse;
	struct buf path;
	struct tree_depth depth;
};

static int walk_tree(struct walk *walk, const struct id *tree, struct err *err);

static int tell(struct walk *walk, const struct err *found, struct err *err)
{
	if (!walk->traverse->damaged) {
		*err = *found;
		return err_wrap(err, "%s", walk->path.size ? (const char *)walk->path.data : "/");
	}
	walk->traverse->damaged(walk->traverse->context,
		walk->path.size ? (const char *)walk->path.data : "/", found);
	return 0;
}

/* stream: the tree's, which node comes from. */
static int walk_node(struct walk *walk, const struct tree_stream *stream, const struct node *node,
	const struct id *tree, struct err *err)
{
	const struct traverse *traverse = walk->traverse;
	const char *path = (const char *)walk->path.data;
	struct err deep = ERR_INIT;
	int r;

	if (traverse->stop && *traverse->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "read snapshot: interrupted");
	r = traverse->enter(traverse->context, node, path, tree, err);
	if (r < 0 || node->type != NODE_DIR)
		return r < 0 ? r : 0;
	if (r != TRAVERSE_SKIP && node->has_subtree) {
		if (tree_depth_enter(&walk->depth, stream, &deep) < 0) {
			r = tell(walk, &deep, err);
		} else {
			r = walk_tree(walk, &node->subtree, err);
			tree_depth_leave(&walk->depth, stream);
		}
	}
	if (r >= 0 && traverse->leave)
		traverse->leave(traverse->context, node, (const char *)walk->path.data);
	return r < 0 ? r : 0;
}

static int walk_tree(struct walk *walk, const struct id *tree, struct err *err)
{
	struct repository *repository = walk->traverse->repository;
	cleanup_tree_stream struct tree_stream stream = {0};
	size_t size = walk->path.size;
	struct err tree_err = ERR_INIT;
	struct node node;
	int r, step;

	r = tree_stream_open(repository, repository_codec(repository), tree, &stream, &tree_err);
	while (r >= 0 && (r = tree_stream_next(&stream, &node, &tree_err)) == 1) {
		step = buf_add_byte(&walk->path, '/', err);
		if (step >= 0)
			step = buf_add_text(&walk->path, node.name, err);
		if (step >= 0)
			step = walk_node(walk, &stream, &node, tree, err);
		walk->path.size = size;
		if (walk->path.data)
			walk->path.data[size] = '\0';
		if (step < 0)
			return step;
	}
	return r < 0 ? tell(walk, &tree_err, err) : 0;
}

int traverse_run(
	const struct traverse *traverse, const struct id *tree, const char *path, struct err *err)
{
	struct walk walk = {.traverse = traverse, .path = BUF_INIT(PATH_MAX_SIZE)};
	int r = buf_add_text(&walk.path, path, err);

	if (r >= 0)
		r = walk_tree(&walk, tree, err);
	buf_done(&walk.path);
	return r;
}
