#include <stdlib.h>
#include <string.h>

#include "crypto/hash_many.h"

#define COUNT_MAX 100u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how many, then a byte each how long they are, all else is what they are cut
 * from, one behind the other and from the start again. Both ways must agree. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t one_way[COUNT_MAX][HASH_SIZE], other_way[COUNT_MAX][HASH_SIZE];
	cleanup_hash struct hash *hash = NULL;
	struct hash_input inputs[COUNT_MAX];
	struct err err = ERR_INIT;
	size_t count, rest, at = 0;
	const uint8_t *text;

	if (!size || !hash_many_works(HASH_MANY_LANES))
		return 0;
	count = data[0] % COUNT_MAX;
	if (size < 1 + count)
		return 0;
	text = data + 1 + count;
	rest = size - 1 - count;
	for (size_t i = 0; i < count; i++) {
		/* From nothing to all there is, with odd steps between. */
		size_t n = data[1 + i] == 255 ? rest : (size_t)data[1 + i] * 3;

		if (n > rest)
			n = rest;
		if (at + n > rest)
			at = 0;
		inputs[i] = (struct hash_input){text + at, n};
		at += n;
	}
	if (hash_new(&hash, &err) < 0 ||
		hash_many(hash, HASH_MANY_LIBRARY, inputs, count, one_way, &err) < 0 ||
		hash_many(hash, HASH_MANY_LANES, inputs, count, other_way, &err) < 0)
		abort();
	if (memcmp(one_way, other_way, count * HASH_SIZE) != 0)
		abort();
	return 0;
}
