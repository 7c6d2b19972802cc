/* HMAC-SHA-256 (RFC 2104), on hash. */
#ifndef NEXUS_CRYPTO_HMAC_H
#define NEXUS_CRYPTO_HMAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/hash.h"

/* hash is left begun. ret_mac may be where key stands. */
int hmac_once(struct hash *hash, const void *key, size_t key_size, const void *data, size_t size,
	uint8_t ret_mac[HASH_SIZE], struct err *err) __attribute__((warn_unused_result));

#endif
