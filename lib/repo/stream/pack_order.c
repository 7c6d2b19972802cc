#include "repo/stream/pack_order.h"

#include <string.h>

#include "crypto/cipher.h"

#define HEADER_LENGTH_SIZE 4u /* bytes, as all here */
#define ENTRY_PLAIN 37u
#define ENTRY_COMPRESSED 41u

int pack_order_init(struct pack_order *order, const struct index *index, const uint8_t *entries,
	const uint8_t *packs, struct err *err)
{
	*order = (struct pack_order){0};
	return index_by_pack(index, entries, packs, &order->list, err);
}

void pack_order_done(struct pack_order *order)
{
	sorted_free(order->list);
	*order = (struct pack_order){0};
}

int pack_order_next(struct pack_order *order, struct buf *ret, struct err *err)
{
	struct index_entry last = {.pack = 0}, entry;
	int r = 0;

	buf_clear(ret);
	for (; r >= 0 && order->next < sorted_count(order->list); order->next++) {
		memcpy(&entry, sorted_at(order->list, order->next), sizeof(entry));
		if (index_is_pending(&entry) || (ret->size && entry.pack != last.pack))
			break;
		if (!ret->size || last.location.offset != entry.location.offset ||
			!id_equal(&last.id, &entry.id))
			r = buf_add(ret, &entry, sizeof(entry), err);
		last = entry;
	}
	return r < 0 ? r : ret->size > 0;
}

uint64_t pack_order_size(const struct index_entry *entries, size_t count)
{
	uint64_t size = CIPHER_OVERHEAD + HEADER_LENGTH_SIZE;

	for (size_t i = 0; i < count; i++)
		size += entries[i].location.length +
			(entries[i].location.plain_length ? ENTRY_COMPRESSED : ENTRY_PLAIN);
	return size;
}
