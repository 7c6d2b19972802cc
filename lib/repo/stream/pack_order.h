/* An index, gone through pack by pack, and each pack by place. What it takes of memory is one
 * pack's entries: the order stands in a mapped file (see repo/sorted/sorted.h). */
#ifndef NEXUS_REPO_STREAM_PACK_ORDER_H
#define NEXUS_REPO_STREAM_PACK_ORDER_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/index.h"

/* Zeroed is done. */
struct pack_order {
	struct sorted *list; /* owned */
	size_t next; /* place in the list; 0 starts over */
};

/* entries, packs: a bit for each number (of an entry, of a pack) that is wanted; NULL: all are.
 * The index must not change until pack_order_done. */
int pack_order_init(struct pack_order *order, const struct index *index, const uint8_t *entries,
	const uint8_t *packs, struct err *err) __attribute__((warn_unused_result));
void pack_order_done(struct pack_order *order);

/* Puts the entries of the next pack that has any into ret, a list of struct index_entry, which is
 * cleared first: 1, or 0 at the end. A blob given twice at one place (by two index files) comes
 * once; one not stored yet does not. */
int pack_order_next(struct pack_order *order, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* How many bytes the file of a pack must have that has these, and nothing else. */
uint64_t pack_order_size(const struct index_entry *entries, size_t count);

static inline void cleanup_pack_order_fn(struct pack_order *order)
{
	int saved = errno;

	pack_order_done(order);
	errno = saved;
}
#define cleanup_pack_order __attribute__((cleanup(cleanup_pack_order_fn)))

#endif
