/* scrypt: from a password to key bytes. */
#ifndef NEXUS_CRYPTO_KDF_H
#define NEXUS_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KDF_MEMORY_MAX (512u << 20) /* bytes that a key file may make us allocate */

/* Parameters as scrypt names them. */
struct kdf_parameters {
	uint64_t n; /* a power of two, 2 and more */
	uint32_t r, p; /* 1 and more */
};

/* Refuses what is no scrypt or needs more than KDF_MEMORY_MAX, before anything is allocated.
 * -EINVAL, kind corrupt. */
int kdf_check(const struct kdf_parameters *parameters, struct err *err)
	__attribute__((warn_unused_result));

/* Fills ret with size bytes. Takes about 128 * n * r bytes of memory while it runs, and a good
 * part of a second. -EINVAL, -ENOMEM. */
int kdf_scrypt(const struct kdf_parameters *parameters, const char *password, const void *salt,
	size_t salt_size, uint8_t *ret, size_t size, struct err *err)
	__attribute__((warn_unused_result));

#endif
