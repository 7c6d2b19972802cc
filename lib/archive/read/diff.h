/* What differs between two trees. */
#ifndef NEXUS_ARCHIVE_READ_DIFF_H
#define NEXUS_ARCHIVE_READ_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/repository.h"

#define DIFF_MARKS_SIZE 5 /* characters and a NUL */

/* What one side has and the other has not. */
struct diff_side {
	uint64_t files, dirs, others; /* of these names */
	uint64_t data_blobs, tree_blobs, bytes; /* bytes: plaintext */
};

struct diff_stats {
	uint64_t changed_files;
	struct diff_side added, removed;
};

struct diff_options {
	bool metadata; /* tell what differs in its metadata alone, too */
	const volatile bool *stop; /* borrowed, or NULL; true ends it with -ECANCELED */
	/* marks: "+" new, "-" gone, "M" other content, "T" another type, "U" other metadata, and
	 * "?" behind M when nothing else tells of a change, as after bit rot. A folder's path
	 * ends with a slash. */
	void (*change)(void *context, const char *marks, const char *path);
	void *context;
};

/* Compares old with new; the index must be loaded. A tree that can't be read ends it. */
int diff_run(struct repository *repository, const struct id *old_tree, const struct id *new_tree,
	const struct diff_options *options, struct diff_stats *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
