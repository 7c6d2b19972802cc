/* Removing from a folder what a snapshot has not. Never follows a link, never leaves the
 * folder. */
#ifndef NEXUS_ARCHIVE_RESTORE_PRUNE_H
#define NEXUS_ARCHIVE_RESTORE_PRUNE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct prune_options {
	struct buf *path; /* borrowed: of the folder; of each thing while wants is asked */
	const struct str_list *names; /* borrowed: what stays */
	bool (*wants)(void *context, const char *path); /* whether a thing may be removed */
	void *context;
	bool dry_run; /* only count */
};

/* Adds to *deleted for each thing that went; a folder is one, with all that is in it. */
int prune_folder(int fd, const struct prune_options *options, uint64_t *deleted, struct err *err)
	__attribute__((warn_unused_result));

#endif
