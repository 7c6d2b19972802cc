/* A changed snapshot in the place of another. The new one is durable before the old one goes;
 * when that was interrupted in between, doing it again finds the new one. */
#ifndef NEXUS_ARCHIVE_UPKEEP_REPLACE_H
#define NEXUS_ARCHIVE_UPKEEP_REPLACE_H

#include <stdbool.h>

#include "archive/select.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/snapshot.h"

/* A deep copy; the caller calls snapshot_done. */
int replace_copy(const struct snapshot *snapshot, struct snapshot *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Saves changed, which tells its original, unless list has the same already; then removes old,
 * unless keep_old. ret_id: of the new one's file. */
int replace_snapshot(struct repository *repository, const struct select_list *list,
	const struct snapshot *old, struct snapshot *changed, bool keep_old, struct id *ret_id,
	struct err *err) __attribute__((warn_unused_result));

#endif
