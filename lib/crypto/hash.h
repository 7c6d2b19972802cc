/* SHA-256 on OpenSSL. A struct hash is one reusable state: one thread at a time. */
#ifndef NEXUS_CRYPTO_HASH_H
#define NEXUS_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define HASH_SIZE 32

struct hash;

/* 0 and an owned *ret, begun; -ENOMEM or -EIO when the library refuses. */
int hash_new(struct hash **ret, struct err *err) __attribute__((warn_unused_result));
void hash_free(struct hash *hash);
CLEANUP_DEFINE(hash, struct hash *, hash_free);
#define cleanup_hash CLEANUP(hash)

/* Starts over; what was added is forgotten. */
int hash_begin(struct hash *hash, struct err *err) __attribute__((warn_unused_result));
int hash_add(struct hash *hash, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* Gives the digest of what was added and begins anew. */
int hash_end(struct hash *hash, uint8_t ret_digest[HASH_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* begin, add, end. */
int hash_once(struct hash *hash, const void *data, size_t size, uint8_t ret_digest[HASH_SIZE],
	struct err *err) __attribute__((warn_unused_result));

#endif
