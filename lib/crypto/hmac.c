#include "crypto/hmac.h"

#include <string.h>

#define BLOCK_SIZE 64u

/* One of the two hashes: of the padded key, then of data. */
static int hash_keyed(struct hash *hash, const uint8_t key[static BLOCK_SIZE], uint8_t pad,
	const void *data, size_t size, uint8_t ret[static HASH_SIZE], struct err *err)
{
	uint8_t block[BLOCK_SIZE];
	int r = hash_begin(hash, err);

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	if (r >= 0)
		r = hash_add(hash, block, sizeof(block), err);
	explicit_bzero(block, sizeof(block));
	if (r >= 0)
		r = hash_add(hash, data, size, err);
	return r < 0 ? r : hash_end(hash, ret, err);
}

int hmac_once(struct hash *hash, const void *key, size_t key_size, const void *data, size_t size,
	uint8_t ret_mac[HASH_SIZE], struct err *err)
{
	uint8_t padded[BLOCK_SIZE] = {0}, inner[HASH_SIZE];
	int r = 0;

	if (key_size > sizeof(padded))
		r = hash_once(hash, key, key_size, padded, err);
	else if (key_size)
		memcpy(padded, key, key_size);
	if (r >= 0)
		r = hash_keyed(hash, padded, 0x36, data, size, inner, err);
	if (r >= 0)
		r = hash_keyed(hash, padded, 0x5c, inner, sizeof(inner), ret_mac, err);
	explicit_bzero(padded, sizeof(padded));
	return r;
}
