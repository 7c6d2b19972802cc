/* What a restore is going to make, known before its first write: for its progress, and to refuse
 * in time what the target can't hold. */
#ifndef NEXUS_ARCHIVE_RESTORE_PLAN_H
#define NEXUS_ARCHIVE_RESTORE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/filter.h"
#include "archive/progress.h"
#include "base/err.h"
#include "repo/repository.h"

struct plan_options {
	const char *target; /* borrowed */
	const struct filter *includes, *excludes; /* borrowed; no includes: all */
	bool keeps; /* files that are there may stay: they need no room */
	bool frees; /* others go meanwhile: nobody knows how much room that makes */
	bool any_size; /* not to be refused */
	const volatile bool *stop; /* borrowed, or NULL; true ends it with -ECANCELED */
	struct progress *progress; /* borrowed; its totals are added up here */
	/* If it may not fit but could, too: zeros become holes, and what of a chunk is zeros only
	 * reading it tells. NULL: none. */
	void (*on_tight)(void *context, uint64_t needed_bytes, uint64_t free_bytes);
	void *context;
};

/* Reads the trees, each only once (with includes or excludes: each at each of its places), in
 * flat memory. root_fd: the target, which is not changed; -1 if it is absent. Trees that can't be
 * read are passed over: restoring tells of them.
 *
 * -ENOSPC (kind space) only if it is certain that the target's file system is too small: as to
 * its bytes, by what the content takes compressed, as to its inodes, by the number of names. What
 * is in the target already counts as far as it is going to be used again. Folders of the target
 * on other file systems are left out. */
int plan_run(struct repository *repository, const struct id *tree, int root_fd,
	const struct plan_options *options, struct err *err) __attribute__((warn_unused_result));

#endif
