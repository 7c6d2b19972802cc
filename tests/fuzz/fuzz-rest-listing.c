#include <stdlib.h>
#include <string.h>

#include "store/rest/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	uint64_t *sum = context;

	(void)err;
	if (strlen(name) >= LISTING_TEXT_MAX)
		abort();
	*sum = *sum * 31 + size_bytes + strlen(name) + 1;
	return 0;
}

/* The same list in pieces of any length gives the same. */
static int read_list(const uint8_t *data, size_t size, size_t step, uint64_t *ret_sum)
{
	struct listing listing;
	struct err err = ERR_INIT;
	int r = 0;

	*ret_sum = 0;
	listing_init(&listing, count, ret_sum);
	for (size_t at = 0; r >= 0 && at < size; at += step)
		r = listing_feed(&listing, data + at, size - at < step ? size - at : step, &err);
	return r < 0 ? r : listing_end(&listing, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole, pieces;

	if (read_list(data, size, size + 1, &whole) != read_list(data, size, 3, &pieces) ||
		whole != pieces)
		abort();
	return 0;
}
