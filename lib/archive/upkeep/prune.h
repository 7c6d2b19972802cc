/* Removes from a repository what no snapshot needs: packs of it go, packs with some of it are
 * packed anew. New packs, then the index, then the removals, each durable: whenever it ends,
 * nothing that is needed is gone, and the next run goes on. */
#ifndef NEXUS_ARCHIVE_UPKEEP_PRUNE_H
#define NEXUS_ARCHIVE_UPKEEP_PRUNE_H

#include <stdbool.h>

#include "archive/progress.h"
#include "archive/select.h"
#include "archive/upkeep/plan.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"

struct prune_options {
	struct plan_limits limits;
	bool dry_run;
	struct lock *lock; /* borrowed; exclusive */
	const struct select_list *snapshots; /* borrowed; NULL: all there are */
	struct progress *progress; /* borrowed, started; counts bytes to pack anew */
	const volatile bool *stop; /* borrowed; true ends it with -ECANCELED */
	/* The plan stands, nothing is changed yet. May be NULL. */
	void (*on_plan)(void *context, const struct plan_totals *totals, size_t unindexed_packs,
		uint64_t unindexed_bytes);
	void *context;
};

/* What a run of restic without options does: 5 % may stay unused. */
void prune_options_init(struct prune_options *options);

/* Fails before it changes anything if a snapshot, tree, index or blob that is needed is missing
 * or damaged: -ENOENT or -EBADMSG (kind corrupt). Loads the index itself. */
int prune_run(struct repository *repository, const struct prune_options *options, struct err *err)
	__attribute__((warn_unused_result));

#endif
