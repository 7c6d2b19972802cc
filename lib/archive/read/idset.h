/* A set of ids, 32 bytes and a little each. */
#ifndef NEXUS_ARCHIVE_READ_IDSET_H
#define NEXUS_ARCHIVE_READ_IDSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/id.h"

#define IDSET_MAX (1u << 28) /* ids */

struct idset {
	struct id *slots; /* owned; zeros: free */
	size_t count, allocated;
	bool has_zero;
};

/* 1 if id is new in it, 0 if it was there, -EFBIG past IDSET_MAX. */
int idset_add(struct idset *set, const struct id *id, struct err *err)
	__attribute__((warn_unused_result));
void idset_done(struct idset *set);

#endif
