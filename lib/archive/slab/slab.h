/* A fixed number of large buffers through which all file content passes. The reader fills one,
 * chunks are slices of it, and it is free again when the last slice was dealt with: memory is
 * flat, whatever the files are. */
#ifndef NEXUS_ARCHIVE_SLAB_H
#define NEXUS_ARCHIVE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct slab_pool;

struct slab {
	uint8_t *data; /* SLAB_SIZE bytes */
	size_t used; /* bytes filled; only the filler looks at it */
	unsigned references; /* guarded by the pool */
	struct slab_pool *pool; /* borrowed */
};

#define SLAB_SIZE (8u << 20) /* bytes: the longest chunk fits */

int slab_pool_new(unsigned count, struct slab_pool **ret, struct err *err)
	__attribute__((warn_unused_result));
/* All slabs must have been given back. NULL is fine. */
void slab_pool_free(struct slab_pool *pool);
CLEANUP_DEFINE(slab_pool, struct slab_pool *, slab_pool_free);
#define cleanup_slab_pool CLEANUP(slab_pool)

/* An empty slab with one reference; waits until there is one. */
struct slab *slab_get(struct slab_pool *pool);
void slab_ref(struct slab *slab);
/* Gives one reference back. NULL is fine. */
void slab_unref(struct slab *slab);
/* Gives the memory of those that nobody has back to the system until they are used again. */
void slab_pool_trim(struct slab_pool *pool);

#endif
