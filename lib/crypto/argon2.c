#include "crypto/argon2.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>

static_assert(ARGON2_SALT_SIZE == crypto_pwhash_argon2id_SALTBYTES, "libsodium's salt size");

int argon2_derive(const struct argon2_cost *cost, const void *password, size_t password_size,
	const uint8_t salt[ARGON2_SALT_SIZE], void *ret, size_t ret_size, struct err *err)
{
	if (cost->passes < 1 || cost->passes > 64 || cost->memory_bytes < 8192 ||
		cost->memory_bytes > (size_t)1 << 30 || ret_size < 16 ||
		ret_size > ARGON2_OUTPUT_MAX)
		return err_set(err, ERR_BUG, EINVAL, "derive key: cost or size out of range");
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, EIO, "derive key: libsodium can't start");
	errno = 0;
	if (crypto_pwhash_argon2id(ret, ret_size, password, password_size, salt, cost->passes,
		    cost->memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
		return err_set(err, ERR_SPACE, ENOMEM, "derive key: needs %zu MiB of memory",
			cost->memory_bytes >> 20);
	return 0;
}
