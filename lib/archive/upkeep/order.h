/* The entries of an index pack by pack, each pack's by their place in it: 4 bytes an entry. */
#ifndef NEXUS_ARCHIVE_UPKEEP_ORDER_H
#define NEXUS_ARCHIVE_UPKEEP_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/index.h"

struct order {
	const struct index *index; /* borrowed */
	uint32_t *numbers; /* owned: of entries */
	uint32_t *starts; /* owned: where each pack begins in numbers, and one more */
	size_t packs;
};

/* Borrows index, which must not change until order_done. Blobs not stored yet are left out. */
int order_init(struct order *order, const struct index *index, struct err *err)
	__attribute__((warn_unused_result));
void order_done(struct order *order);

/* The entry numbers of a pack, borrowed. A blob given twice at one place counts once. */
const uint32_t *order_pack(const struct order *order, size_t pack, size_t *ret_count);

/* How many bytes the file of a pack must have by the index. */
uint64_t order_pack_size(const struct order *order, size_t pack);

static inline void cleanup_order_fn(struct order *order)
{
	int saved = errno;

	order_done(order);
	errno = saved;
}
#define cleanup_order __attribute__((cleanup(cleanup_order_fn)))

#endif
