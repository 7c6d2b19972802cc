#include "crypto/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/random.h>

void *secret_new(size_t size)
{
	void *secret;

	if (sodium_init() < 0)
		return NULL;
	secret = sodium_malloc(size);
	if (secret)
		memset(secret, 0, size);
	return secret;
}

void secret_free(void *secret)
{
	sodium_free(secret);
}

void secret_wipe(void *data, size_t size)
{
	sodium_memzero(data, size);
}

int secret_random(void *data, size_t size, struct err *err)
{
	uint8_t *at = data;

	while (size) {
		/* getrandom gives at most 256 bytes without being interrupted. */
		ssize_t n = getrandom(at, size < 256 ? size : 256, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, errno, "get random bytes");
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

bool secret_is_zero(const void *data, size_t size)
{
	return sodium_is_zero(data, size) == 1;
}

bool secret_equal(const void *a, const void *b, size_t size)
{
	return sodium_memcmp(a, b, size) == 0;
}
