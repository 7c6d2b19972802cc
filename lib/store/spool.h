/* What is to be sent to a store far away waits here until its name and length are known: in
 * memory while it is small, then in a file without a name (in TMPDIR, or /var/tmp), so that many
 * open packs cost no memory and a failed upload can be sent again. */
#ifndef NEXUS_STORE_SPOOL_H
#define NEXUS_STORE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#define SPOOL_MEMORY_MAX (256u << 10) /* bytes before a file is made */

struct spool {
	struct store_upload upload;
	struct buf memory;
	int fd; /* owned; -1 while it is all in memory */
	uint64_t size; /* bytes */
};

/* The ops begin, append and abort of such a store. */
int spool_begin(struct store *store, enum store_type type, struct store_upload **ret,
	struct err *err) __attribute__((warn_unused_result));
int spool_append(struct store_upload *upload, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
void spool_abort(struct store_upload *upload);

/* Reads back; context is a struct spool. */
int spool_read(void *context, uint64_t offset, void *ret, size_t size, struct err *err)
	__attribute__((warn_unused_result));

#endif
