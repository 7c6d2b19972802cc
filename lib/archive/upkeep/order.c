#include "archive/upkeep/order.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/cipher.h"

static uint32_t offset_of(const struct index *index, uint32_t number)
{
	return index_at(index, number)->location.offset;
}

static int compare(const void *a, const void *b, void *context)
{
	uint32_t x = offset_of(context, *(const uint32_t *)a);
	uint32_t y = offset_of(context, *(const uint32_t *)b);

	return (x > y) - (x < y);
}

/* Sorts one pack's entries by place; mostly they are. */
static void sort_pack(struct order *order, size_t pack)
{
	uint32_t *numbers = order->numbers + order->starts[pack];
	size_t count = order->starts[pack + 1] - order->starts[pack];

	for (size_t i = 1; i < count; i++)
		if (offset_of(order->index, numbers[i - 1]) > offset_of(order->index, numbers[i])) {
			qsort_r(numbers, count, sizeof(*numbers), compare, (void *)order->index);
			return;
		}
}

/* Sorts by counting: how many a pack has tells where the next begins. */
static void fill(struct order *order)
{
	size_t count = index_count(order->index);

	for (size_t i = 0; i < count; i++)
		if (!index_is_pending(index_at(order->index, i)))
			order->starts[index_at(order->index, i)->pack + 1]++;
	for (size_t p = 0; p < order->packs; p++)
		order->starts[p + 1] += order->starts[p];
	/* Each start moves on to its end while filling, and is moved back behind. */
	for (size_t i = 0; i < count; i++)
		if (!index_is_pending(index_at(order->index, i)))
			order->numbers[order->starts[index_at(order->index, i)->pack]++] =
				(uint32_t)i;
	memmove(order->starts + 1, order->starts, order->packs * sizeof(*order->starts));
	order->starts[0] = 0;
	for (size_t p = 0; p < order->packs; p++)
		sort_pack(order, p);
}

int order_init(struct order *order, const struct index *index, struct err *err)
{
	size_t count = index_count(index);

	*order = (struct order){.index = index, .packs = index_pack_count(index)};
	order->numbers = calloc(count ? count : 1, sizeof(*order->numbers));
	order->starts = calloc(order->packs + 2, sizeof(*order->starts));
	if (!order->numbers || !order->starts) {
		order_done(order);
		return err_oom(err);
	}
	fill(order);
	return 0;
}

void order_done(struct order *order)
{
	free(order->numbers);
	free(order->starts);
	*order = (struct order){0};
}

const uint32_t *order_pack(const struct order *order, size_t pack, size_t *ret_count)
{
	*ret_count = order->starts[pack + 1] - order->starts[pack];
	return order->numbers + order->starts[pack];
}

uint64_t order_pack_size(const struct order *order, size_t pack)
{
	size_t count;
	const uint32_t *numbers = order_pack(order, pack, &count);
	uint64_t size = CIPHER_OVERHEAD + 4;

	for (size_t i = 0; i < count; i++) {
		const struct blob_location *location =
			&index_at(order->index, numbers[i])->location;

		if (!i || offset_of(order->index, numbers[i - 1]) != location->offset)
			size += location->length + (location->plain_length ? 41u : 37u);
	}
	return size;
}
