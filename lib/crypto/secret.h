/* Memory and bytes that must stay secret, and random ones, on libsodium. */
#ifndef NEXUS_CRYPTO_SECRET_H
#define NEXUS_CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Owned memory between guard pages, kept out of core dumps and, where the limits allow it, out
 * of swap; zeroed. NULL without memory. Costs pages: for keys, not for data. */
void *secret_new(size_t size);
/* Wipes and releases; NULL is fine. */
void secret_free(void *secret);

static inline void cleanup_secret_fn(void *pointer)
{
	int saved = errno;

	secret_free(*(void **)pointer);
	errno = saved;
}
#define cleanup_secret __attribute__((cleanup(cleanup_secret_fn)))

/* Overwrites in a way that the compiler does not drop. */
void secret_wipe(void *data, size_t size);

/* Fills from the system's generator. Cannot fail once the system has booted. */
int secret_random(void *data, size_t size, struct err *err) __attribute__((warn_unused_result));

/* Both take the same time whatever the bytes are. */
bool secret_is_zero(const void *data, size_t size);
bool secret_equal(const void *a, const void *b, size_t size);

#endif
