#include "crypto/kdf.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

int kdf_check(const struct kdf_parameters *parameters, struct err *err)
{
	uint64_t n = parameters->n, memory;

	if (n < 2 || (n & (n - 1)) || !parameters->r || !parameters->p)
		return err_set(err, ERR_CORRUPT, EINVAL, "check scrypt: N, r or p is impossible");
	if (parameters->r > 1024 || parameters->p > 1024 ||
		__builtin_mul_overflow(n, (uint64_t)parameters->r * 128, &memory) ||
		memory > KDF_MEMORY_MAX)
		return err_set(err, ERR_CORRUPT, EINVAL,
			"check scrypt: N, r and p ask for more than %u MiB", KDF_MEMORY_MAX >> 20);
	return 0;
}

int kdf_scrypt(const struct kdf_parameters *parameters, const char *password, const void *salt,
	size_t salt_size, uint8_t *ret, size_t size, struct err *err)
{
	int r = kdf_check(parameters, err);

	if (r < 0)
		return r;
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, EIO, "start libsodium: it refuses");
	if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password, strlen(password), salt,
		    salt_size, parameters->n, parameters->r, parameters->p, ret, size) < 0)
		return err_oom(err);
	return 0;
}
