/* Argon2id (RFC 9106), one lane: a key from a password, slow and large on purpose. */
#ifndef NEXUS_CRYPTO_ARGON2_H
#define NEXUS_CRYPTO_ARGON2_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ARGON2_SALT_SIZE 16
#define ARGON2_OUTPUT_MAX 64

struct argon2_cost {
	uint32_t passes; /* 1 to 64 */
	size_t memory_bytes; /* 8 KiB to 1 GiB */
};

/* Writes ret_size (16 to ARGON2_OUTPUT_MAX) bytes made of password and salt. -EINVAL outside of
 * the ranges, -ENOMEM. Blocks for the whole computation. */
int argon2_derive(const struct argon2_cost *cost, const void *password, size_t password_size,
	const uint8_t salt[ARGON2_SALT_SIZE], void *ret, size_t ret_size, struct err *err)
	__attribute__((warn_unused_result));

#endif
