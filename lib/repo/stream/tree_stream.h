/* The nodes of a stored tree, one after the other. What stands in memory of a large tree is its
 * stored form and a window of its text. */
#ifndef NEXUS_REPO_STREAM_TREE_STREAM_H
#define NEXUS_REPO_STREAM_TREE_STREAM_H

#include <errno.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/tree.h"

/* Zeroed is closed. */
struct tree_stream {
	struct tree_reader reader;
	struct buf window; /* owned: text that is not read yet, or all of it */
	struct blob_stream *blob; /* owned; NULL: the window is the rest */
	bool begun;
};

/* Loads and checks a tree. codec is only used here. -ENOENT, -EBADMSG. */
int tree_stream_open(struct repository *repository, struct blob_codec *codec, const struct id *id,
	struct tree_stream *ret, struct err *err) __attribute__((warn_unused_result));
/* The same of a blob that is open already; takes it. */
void tree_stream_init(struct tree_stream *ret, struct blob_stream *blob);
/* Has the text of the next node in the window, unless it is very long, without reading it. */
int tree_stream_ready(struct tree_stream *stream, struct err *err)
	__attribute__((warn_unused_result));
/* 1 and *ret, valid until the next call; 0 at the end; -EBADMSG. */
int tree_stream_next(struct tree_stream *stream, struct node *ret, struct err *err)
	__attribute__((warn_unused_result));
void tree_stream_done(struct tree_stream *stream);

#define TREE_DEPTH_MAX 2048u /* folders; also what keeps a tree that contains itself finite */
#define TREE_DEPTH_BYTES_MAX (256u << 20)

/* What a walk has open at a time, from the top down to where it is: a repository that was made to
 * harm may have large trees in each other. Zeroed is at the top. */
struct tree_depth {
	unsigned folders;
	size_t bytes; /* of memory, of the streams above */
};

/* Before going below an entry of stream, and after. -ELOOP (kind corrupt): too deep or, all open
 * together, too large; then there is nothing to leave. */
int tree_depth_enter(struct tree_depth *depth, const struct tree_stream *stream, struct err *err)
	__attribute__((warn_unused_result));
void tree_depth_leave(struct tree_depth *depth, const struct tree_stream *stream);

static inline void cleanup_tree_stream_fn(struct tree_stream *stream)
{
	int saved = errno;

	tree_stream_done(stream);
	errno = saved;
}
#define cleanup_tree_stream __attribute__((cleanup(cleanup_tree_stream_fn)))

#endif
