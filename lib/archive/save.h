/* Backing up: from folders to a snapshot. */
#ifndef NEXUS_ARCHIVE_SAVE_H
#define NEXUS_ARCHIVE_SAVE_H

#include "archive/save_options.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"
#include "repo/snapshot.h"

/* The index must be loaded. Gives the snapshot (the caller calls snapshot_done), stored and
 * durable with all that it refers to. What can't be read is told to on_error and left out.
 * When stopped or failing, what is in finished packs stays findable where possible. Without a
 * snapshot (dry run, unchanged) the id in ret is zero. */
int save_run(struct repository *repository, struct lock *lock, const struct save_options *options,
	struct snapshot *ret, struct err *err) __attribute__((warn_unused_result));

#endif
