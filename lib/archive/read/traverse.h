/* Going through a snapshot's tree, folders before what is in them, in the order of names. */
#ifndef NEXUS_ARCHIVE_READ_TRAVERSE_H
#define NEXUS_ARCHIVE_READ_TRAVERSE_H

#include "base/err.h"
#include "repo/repository.h"
#include "repo/tree.h"

#define TRAVERSE_SKIP 1 /* do not go into this folder */

struct traverse {
	struct repository *repository; /* borrowed; its index is loaded */
	const volatile bool *stop; /* borrowed, or NULL; true ends the walk with -ECANCELED */
	/* For each node, with its path ("/a/b") and the tree it stands in, borrowed until it
	 * returns: 0, TRAVERSE_SKIP, or negative to end the walk. */
	int (*enter)(void *context, const struct node *node, const char *path,
		const struct id *tree, struct err *err);
	/* When all in a folder is done, or it was skipped or damaged. NULL: none. */
	void (*leave)(void *context, const struct node *node, const char *path);
	/* For a tree that can't be read, which is passed over; NULL: that ends the walk. */
	void (*damaged)(void *context, const char *path, const struct err *err);
	void *context;
};

/* Goes through the tree; path is what stands before its names, "" for a root. What enter and
 * this return as failure ends it. Folders nested deeper than 2048 are damage. */
int traverse_run(const struct traverse *traverse, const struct id *tree, const char *path,
	struct err *err) __attribute__((warn_unused_result));

#endif
