#include "archive/restore/scout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "repo/stream/tree_stream.h"

#define PATH_MAX_SIZE (1u << 20)
#define BYTES_MAX                                                                                  \
	(32u << 20) /* of the trees above each other: what is behind it does not come early */

/* A folder that is being gone through. */
struct level {
	struct level *parent; /* owned */
	struct tree_stream stream;
	struct id tree;
	uint64_t number; /* nodes read */
	size_t path_size; /* of the folder's path */
	bool there; /* the target has it */
};

struct scout {
	struct repository *repository; /* borrowed */
	struct scout_options options;
	struct buf path; /* of the node: "/a/b" */
	struct level *level; /* owned: the deepest; NULL: at the end */
	struct node node; /* the last one */
	struct tree_depth depth;
};

static void leave(struct scout *scout)
{
	struct level *level = scout->level;

	scout->level = level->parent;
	if (scout->level)
		tree_depth_leave(&scout->depth, &scout->level->stream);
	tree_stream_done(&level->stream);
	free(level);
}

/* Counts the folder at hand among those above. */
static int descend(struct scout *scout, struct err *err)
{
	struct tree_stream *stream = &scout->level->stream;
	int r = tree_depth_enter(&scout->depth, stream, err);

	if (r >= 0 && scout->depth.bytes > BYTES_MAX) {
		tree_depth_leave(&scout->depth, stream);
		r = -ELOOP;
	}
	return r;
}

/* Goes into a folder; one that can't be read is left out. */
static void enter(struct scout *scout, const struct id *tree, bool there)
{
	struct level *level;
	struct err err = ERR_INIT;

	level = calloc(1, sizeof(*level));
	if (!level)
		return;
	level->tree = *tree;
	level->path_size = scout->path.size;
	level->there = there;
	if (tree_stream_open(scout->repository, repository_codec(scout->repository), tree,
		    &level->stream, &err) < 0 ||
		(scout->level && descend(scout, &err) < 0)) {
		tree_stream_done(&level->stream);
		free(level);
		return;
	}
	level->parent = scout->level;
	scout->level = level;
}

int scout_new(struct repository *repository, const struct id *tree,
	const struct scout_options *options, struct scout **ret, struct err *err)
{
	struct scout *scout = calloc(1, sizeof(*scout));

	if (!scout)
		return err_oom(err);
	scout->repository = repository;
	scout->options = *options;
	scout->path = BUF_INIT(PATH_MAX_SIZE);
	enter(scout, tree, options->root_fd >= 0);
	*ret = scout;
	return 0;
}

void scout_free(struct scout *scout)
{
	if (!scout)
		return;
	while (scout->level)
		leave(scout);
	buf_done(&scout->path);
	free(scout);
}

uint64_t scout_key(const struct id *tree, uint64_t number)
{
	uint64_t key;

	memcpy(&key, tree->bytes, sizeof(key));
	return key ^ (number + 1) * 0x9e3779b97f4a7c15ull;
}

/* Looks at what the target has; never through a link at the last component, and only to know. */
static bool look(const struct scout *scout, struct stat *ret)
{
	return scout->level->there &&
	       fstatat(scout->options.root_fd, (const char *)scout->path.data + 1, ret,
		       AT_SYMLINK_NOFOLLOW) == 0;
}

/* Decides about a node whose path is set; goes into a folder. */
static void decide(struct scout *scout, struct scout_found *found)
{
	const struct node *node = found->node;
	bool below, selected;

	if (node->unsafe)
		return;
	selected = filter_chooses(scout->options.includes, scout->options.excludes,
		(const char *)scout->path.data, &below);
	if (node->type != NODE_DIR) {
		found->wanted = selected;
		found->there = selected && look(scout, &found->st);
		return;
	}
	if (node->has_subtree && (selected || below))
		enter(scout, &node->subtree, look(scout, &found->st) && S_ISDIR(found->st.st_mode));
}

int scout_next(struct scout *scout, struct scout_found *ret)
{
	struct err err = ERR_INIT;
	struct node *node = &scout->node;

	*ret = (struct scout_found){.node = node};
	while (scout->level) {
		struct level *level = scout->level;

		scout->path.size = level->path_size;
		if (tree_stream_next(&level->stream, node, &err) != 1) {
			leave(scout);
			continue;
		}
		ret->key = scout_key(&level->tree, level->number++);
		if (buf_add_byte(&scout->path, '/', &err) < 0 ||
			buf_add_text(&scout->path, node->name, &err) < 0)
			continue;
		decide(scout, ret);
		return 1;
	}
	return 0;
}
