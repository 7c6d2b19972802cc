/* Many SHA-256 at once: in OpenSSL one after the other, or eight side by side in our own lanes,
 * which is twice as fast where the processor has AVX2 but no SHA instructions. */
#ifndef NEXUS_CRYPTO_HASH_MANY_H
#define NEXUS_CRYPTO_HASH_MANY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "crypto/hash.h"

enum hash_many_way {
	HASH_MANY_LIBRARY,
	HASH_MANY_LANES,
};

struct hash_input {
	const void *data; /* borrowed; may be NULL when size is 0 */
	size_t size; /* bytes */
};

/* The faster way here and now. OpenSSL is asked what it uses, so OPENSSL_ia32cap counts. */
enum hash_many_way hash_many_best(void);
/* Whether a way works on this processor at all. */
bool hash_many_works(enum hash_many_way way);

/* Gives the digests of count inputs, in their order. Few, or one much longer than the others
 * together, go to the library whatever the way: lanes that stand empty pay nothing. hash is used,
 * and begun anew. -EIO when the library refuses. */
int hash_many(struct hash *hash, enum hash_many_way way, const struct hash_input *inputs,
	size_t count, uint8_t (*ret_digests)[HASH_SIZE], struct err *err)
	__attribute__((warn_unused_result));

#endif
