/* What can be read of damaged packs, moved into new ones. */
#ifndef NEXUS_ARCHIVE_REPAIR_SALVAGE_H
#define NEXUS_ARCHIVE_REPAIR_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/progress.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"

struct salvage_options {
	struct lock *lock; /* borrowed; exclusive */
	struct progress *progress; /* borrowed, started */
	const volatile bool *stop; /* borrowed; true ends it with -ECANCELED */
	/* A blob that is lost with its pack. */
	void (*on_lost)(void *context, const struct id *blob, const struct err *err);
	void *context;
};

/* Saves what can be read of the packs, takes them out of the index and removes them. One that no
 * index knows is what a killed run left, and removed, if nothing can be read from it that is not
 * in the index elsewhere; otherwise it is an error: -ENOENT; 'repair index' enters it. Loads the
 * index itself. */
int salvage_run(struct repository *repository, const struct id *packs, size_t count,
	const struct salvage_options *options, struct err *err) __attribute__((warn_unused_result));

#endif
