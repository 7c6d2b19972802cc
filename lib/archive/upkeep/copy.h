/* Copies snapshots, and what they need, into another repository. Blobs are durable there before
 * the snapshots that need them; an interrupted copy goes on where it was. */
#ifndef NEXUS_ARCHIVE_UPKEEP_COPY_H
#define NEXUS_ARCHIVE_UPKEEP_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/progress.h"
#include "archive/select.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"

struct copy_options {
	struct lock *from_lock, *to_lock; /* borrowed, or NULL */
	const struct select_list *there; /* borrowed: what the target has already */
	bool anew; /* data is compressed as to says, not taken over as it is */
	struct progress *progress; /* borrowed, started */
	const volatile bool *stop; /* borrowed; true ends it with -ECANCELED */
	/* A snapshot is there now; ret_id of its new file, or NULL: it was there before. */
	void (*on_copied)(void *context, const struct snapshot *snapshot, const struct id *id);
	void *context;
};

/* Loads the index of both. Fails if something that a snapshot needs is missing or damaged; what
 * was copied until then stays. */
int copy_run(struct repository *from, struct repository *to,
	const struct snapshot *const *snapshots, size_t count, const struct copy_options *options,
	struct err *err) __attribute__((warn_unused_result));

#endif
