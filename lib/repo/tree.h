/* Trees: the list of what is in a folder, as the exact JSON text whose hash is its id. Read
 * node by node, written node by node. */
#ifndef NEXUS_REPO_TREE_H
#define NEXUS_REPO_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/id.h"
#include "repo/text/scan.h"

enum node_type {
	NODE_OTHER, /* a type that we do not know */
	NODE_FILE,
	NODE_DIR,
	NODE_SYMLINK,
	NODE_BLOCK, /* "dev" */
	NODE_CHAR, /* "chardev" */
	NODE_FIFO,
	NODE_SOCKET,
};

struct node_time {
	int64_t seconds; /* since 1970 UTC */
	uint32_t nanoseconds;
};

struct node_xattr {
	const char *name;
	const uint8_t *value;
	size_t size; /* bytes */
};

/* Everything is borrowed: on reading from the reader, until its next call. */
struct node {
	const char *name; /* raw bytes */
	enum node_type type;
	uint32_t mode; /* Go's FileMode: see node_mode */
	struct node_time modified, accessed, changed;
	uint32_t uid, gid;
	const char *user, *group; /* "" when unknown */
	uint64_t inode, device_id, size, links, device;
	const char *link_target; /* raw bytes, "" for none */
	const struct node_xattr *xattrs;
	size_t xattr_count;
	const struct id *content; /* of a file */
	size_t content_count;
	struct id subtree; /* of a folder */
	bool has_subtree;
	/* Reading only: */
	bool unsafe; /* the name is no plain name: empty, ".", "..", or has a slash */
	bool out_of_order; /* not after the node before it */
};

/* Go's FileMode for a mode of stat, and the permission bits (07777) of a FileMode. */
uint32_t node_mode(mode_t mode);
mode_t node_permissions(uint32_t mode);
enum node_type node_type_of(mode_t mode);
/* The format's word; static. */
const char *node_type_name(enum node_type type);

int tree_begin(struct buf *ret, struct err *err) __attribute__((warn_unused_result));
/* Nodes come in strictly ascending order of their raw names. first: the tree's first one. */
int tree_add(struct buf *ret, const struct node *node, bool first, struct err *err)
	__attribute__((warn_unused_result));
/* What tree_add puts before a node's content: everything but content and subtree. */
int tree_add_front(struct buf *ret, const struct node *node, struct err *err)
	__attribute__((warn_unused_result));
int tree_end(struct buf *ret, struct err *err) __attribute__((warn_unused_result));

struct tree_reader {
	struct scan scan;
	struct buf text; /* owned: the strings of the current node */
	struct buf ids; /* owned: its content */
	struct buf xattrs; /* owned: struct node_xattr */
	struct buf last; /* owned: the name before */
	bool ended;
};

/* Borrows data until tree_reader_done. */
int tree_reader_init(struct tree_reader *reader, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* 1 and *ret, 0 at the end, -EBADMSG. */
int tree_reader_next(struct tree_reader *reader, struct node *ret, struct err *err)
	__attribute__((warn_unused_result));
void tree_reader_done(struct tree_reader *reader);

static inline void cleanup_tree_reader_fn(struct tree_reader *reader)
{
	int saved = errno;

	tree_reader_done(reader);
	errno = saved;
}
#define cleanup_tree_reader __attribute__((cleanup(cleanup_tree_reader_fn)))

#endif
