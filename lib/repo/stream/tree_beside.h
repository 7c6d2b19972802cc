/* A stored tree, gone through beside the folder that it was once made of. Where the folder still
 * is what it was, nothing of the tree is taken apart or put together again: the texts that make
 * the ids are compared as they are. */
#ifndef NEXUS_REPO_STREAM_TREE_BESIDE_H
#define NEXUS_REPO_STREAM_TREE_BESIDE_H

#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/stream/tree_stream.h"

/* Zeroed is closed: a tree without nodes, that nothing is like. */
struct tree_beside {
	struct tree_stream stream;
	struct repository *repository;
	struct node node; /* the one looked at last */
	struct buf front; /* owned scratch */
	struct buf ids; /* owned: struct id, the content of the node that passed last */
	bool open;
	bool has_node; /* node was read, but nobody asked for it yet */
	bool differs; /* something of the folder was not as it stands in the tree */
};

/* A node of the tree that is the same in the folder. */
struct tree_passed {
	const char
		*text; /* the node's, or NULL if it does not stay; borrowed: see tree_beside_end */
	size_t size; /* bytes of text */
	const struct id *content; /* of a file; until the next call */
	size_t content_count;
	struct id subtree; /* of a folder: what it was */
};

/* id may be NULL: closed. -ENOENT, -EBADMSG: closed too. codec is only used here. */
int tree_beside_open(struct repository *repository, struct blob_codec *codec, const struct id *id,
	struct tree_beside *ret, struct err *err) __attribute__((warn_unused_result));

/* Whether the tree's next node is, to the byte, what tree_add would write of this one, with any
 * content (that the repository has) or subtree. If so it is passed over and told. Nodes are asked
 * for in ascending order of their names; each is asked for at most once. */
bool tree_beside_pass(struct tree_beside *beside, const struct node *node, struct tree_passed *ret);

/* The tree's node of a name, or NULL; valid until the next call. Names are asked for in ascending
 * order. */
const struct node *tree_beside_find(struct tree_beside *beside, const char *name);

/* Closes it. True if the whole text of the tree passed: then, if each subtree is what it was, the
 * folder's tree is this one. ret_text owns the text of what passed. */
bool tree_beside_end(struct tree_beside *beside, struct buf *ret_text);

static inline void cleanup_tree_beside_fn(struct tree_beside *beside)
{
	struct buf text = {0};
	int saved = errno;

	tree_beside_end(beside, &text);
	buf_done(&text);
	errno = saved;
}
#define cleanup_tree_beside __attribute__((cleanup(cleanup_tree_beside_fn)))

#endif
