/* Bytes that are put aside in a file without a name, so that they take no memory until they are
 * needed again. Whoever can't put them aside, for the disk is full or there is no folder for such
 * files, keeps them. Not thread-safe. */
#ifndef NEXUS_ARCHIVE_SLAB_SPILL_H
#define NEXUS_ARCHIVE_SLAB_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct spill;

/* Owned. The errors of file_nameless. */
int spill_new(struct spill **ret, struct err *err) __attribute__((warn_unused_result));
void spill_free(struct spill *spill);
CLEANUP_DEFINE(spill, struct spill *, spill_free);
#define cleanup_spill CLEANUP(spill)

/* Puts them behind what is there; *ret_at, in bytes, is where. */
int spill_add(struct spill *spill, const void *data, size_t size, uint64_t *ret_at, struct err *err)
	__attribute__((warn_unused_result));
int spill_read(const struct spill *spill, uint64_t at, void *ret, size_t size, struct err *err)
	__attribute__((warn_unused_result));

#endif
