/* Putting single things and their metadata into a folder, never following a link at the last
 * component. dir_fd is the folder, opened without following links itself. */
#ifndef NEXUS_ARCHIVE_RESTORE_APPLY_H
#define NEXUS_ARCHIVE_RESTORE_APPLY_H

#include <stdbool.h>
#include <sys/stat.h>

#include "archive/filter.h"
#include "archive/restore/owners.h"
#include "base/err.h"
#include "repo/tree.h"

/* Makes the folder name, or takes the one that is there; anything else of that name is removed.
 * dry_run: nothing is made or removed; -ENOENT if it is not there. Returns its descriptor, opened
 * without following links, or negative errno. */
int apply_folder(int dir_fd, const char *name, bool dry_run, struct err *err)
	__attribute__((warn_unused_result));

/* Makes a new, empty file, mode 0600; an existing one is removed first. Its descriptor. */
int apply_file(int dir_fd, const char *name, struct err *err) __attribute__((warn_unused_result));

/* Opens the file that is there, if it is one: to open a device does something on some machines,
 * so that nothing else is opened at all. Else a negative errno, and nothing is told. */
int apply_open(int dir_fd, const char *name, int flags, struct stat *ret_st)
	__attribute__((warn_unused_result));

/* Opens the file that is there for reading and writing, if it is a file that has no other name:
 * what is written to it changes nothing else. Else a negative errno, and nothing is told. */
int apply_existing(int dir_fd, const char *name, struct stat *ret_st)
	__attribute__((warn_unused_result));

/* Makes a symlink, fifo or device; what is there is removed first. Sockets are passed over: 1.
 * Of any other type nothing is made or removed: -EBADMSG. */
int apply_special(int dir_fd, const char *name, const struct node *node, struct err *err)
	__attribute__((warn_unused_result));

/* What of the metadata is taken, and how. All may be NULL, and so may the rules. */
struct apply_rules {
	/* borrowed: attributes whose names match these alone, or do not match; the others are
	 * neither set nor removed */
	const struct filter *xattr_includes, *xattr_excludes;
	struct owners *owners; /* borrowed: names count, not numbers */
};

/* Owner, attributes, times, mode of what stands at name; "." is the folder itself. Goes on
 * after a failure and returns the first one. Without privileges, owners are not touched. */
int apply_metadata(int dir_fd, const char *name, const struct node *node,
	const struct apply_rules *rules, struct err *err) __attribute__((warn_unused_result));

#endif
