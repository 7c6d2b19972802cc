/* Sorted lists of records of a fixed size, written once and then only read. Each stands in a
 * file without a name (in $TMPDIR, else /var/tmp) that is mapped; when that folder is full or
 * refuses, in memory, so that nothing fails for it. Not thread-safe, a pool and its lists
 * together.
 *
 * Mapped pages count as resident memory of the process while they are mapped, although the
 * kernel may drop them at any time. A pool counts the windows of 64 KiB that were touched (what
 * the kernel maps around a fault) and unmaps all pages of its lists when they come to more than
 * its bound: the next touch finds them in the page cache. When the disk does not give a page
 * back, see fault.h. */
#ifndef NEXUS_REPO_SORTED_H
#define NEXUS_REPO_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define SORTED_RECORD_MAX 4096u /* bytes */
#define SORTED_LISTS_MAX 64u /* lists of a pool at a time */

struct sorted_pool;
struct sorted;
struct sorted_writer;

/* folder NULL: the default. resident_bytes: see above; at least 1 MiB. */
int sorted_pool_new(const char *folder, size_t resident_bytes, struct sorted_pool **ret,
	struct err *err) __attribute__((warn_unused_result));
/* All its lists must be gone. NULL is fine. */
void sorted_pool_free(struct sorted_pool *pool);
/* Bytes of lists that stand in memory because there was no room for a file. */
size_t sorted_pool_memory(const struct sorted_pool *pool);

/* Starts a list of at most count records. -EFBIG, -ENOMEM. */
int sorted_begin(struct sorted_pool *pool, size_t record_size, size_t count,
	struct sorted_writer **ret, struct err *err) __attribute__((warn_unused_result));
/* Records come in their order. */
int sorted_put(struct sorted_writer *writer, const void *record, struct err *err)
	__attribute__((warn_unused_result));
/* Takes writer, also on failure. */
int sorted_end(struct sorted_writer *writer, struct sorted **ret, struct err *err)
	__attribute__((warn_unused_result));
void sorted_writer_free(struct sorted_writer *writer);
CLEANUP_DEFINE(sorted_writer, struct sorted_writer *, sorted_writer_free);
#define cleanup_sorted_writer CLEANUP(sorted_writer)

void sorted_free(struct sorted *list);
CLEANUP_DEFINE(sorted, struct sorted *, sorted_free);
#define cleanup_sorted CLEANUP(sorted)

size_t sorted_count(const struct sorted *list);
/* Borrowed until sorted_free; number below the count. */
const void *sorted_at(const struct sorted *list, size_t number);

typedef int sorted_compare_fn(const void *a, const void *b);

/* The number of the first record that is not below key (a record too); the count if there is
 * none. */
size_t sorted_find(const struct sorted *list, const void *key, sorted_compare_fn *compare);
/* Makes sorted_find touch one or two places only: notes where records begin with which bits.
 * For lists whose order begins with that of the first four bytes, which are evenly spread. */
int sorted_fence(struct sorted *list, struct err *err) __attribute__((warn_unused_result));

/* One list of all records of several, of one record size. They stay as they are. */
int sorted_merge(struct sorted_pool *pool, struct sorted *const *lists, size_t count,
	sorted_compare_fn *compare, struct sorted **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
