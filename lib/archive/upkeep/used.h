/* What snapshots need: a bit for each blob that one of their trees names. */
#ifndef NEXUS_ARCHIVE_UPKEEP_USED_H
#define NEXUS_ARCHIVE_UPKEEP_USED_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/upkeep/bits.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/repository.h"

struct used {
	struct repository *repository; /* borrowed; its index is loaded and does not change */
	uint8_t *bits; /* owned; by index_number */
	uint64_t blobs, bytes; /* marked; bytes as stored */
	unsigned missing; /* blobs and trees that are not there or damaged */
	struct err err; /* the first of them */
	const volatile bool *stop; /* borrowed, or NULL; true ends the walk with -ECANCELED */
};

int used_init(struct used *used, struct repository *repository, struct err *err)
	__attribute__((warn_unused_result));
void used_done(struct used *used);

/* Marks a tree and all below it; what was marked before is not gone through again. What is
 * missing is counted, not an error. */
int used_mark(struct used *used, const struct id *tree, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_used_fn(struct used *used)
{
	int saved = errno;

	used_done(used);
	errno = saved;
}
#define cleanup_used __attribute__((cleanup(cleanup_used_fn)))

#endif
