/* The sealing of every object of a repository: IV(16) | AES-256-CTR | Poly1305-AES MAC(16). The
 * MAC covers the ciphertext alone; its key is r | AES-128_k(IV). */
#ifndef NEXUS_CRYPTO_CIPHER_H
#define NEXUS_CRYPTO_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define CIPHER_IV_SIZE 16
#define CIPHER_MAC_SIZE 16
#define CIPHER_OVERHEAD (CIPHER_IV_SIZE + CIPHER_MAC_SIZE)

/* 64 bytes in the order in which scrypt gives them. */
struct cipher_key {
	uint8_t encrypt[32];
	uint8_t mac_k[16];
	uint8_t mac_r[16];
};

/* -EINVAL (kind corrupt) if any of the three parts is all zero. */
int cipher_key_check(const struct cipher_key *key, struct err *err)
	__attribute__((warn_unused_result));

/* Contexts for one thread. */
struct cipher;

/* Borrows key, which must live as long. 0 and an owned *ret. */
int cipher_new(const struct cipher_key *key, struct cipher **ret, struct err *err)
	__attribute__((warn_unused_result));
void cipher_free(struct cipher *cipher);
CLEANUP_DEFINE(cipher, struct cipher *, cipher_free);
#define cleanup_cipher CLEANUP(cipher)

/* Seals in place: data has CIPHER_IV_SIZE bytes of room, then size bytes of plaintext, then
 * CIPHER_MAC_SIZE bytes of room. */
int cipher_seal(struct cipher *cipher, uint8_t *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Checks the MAC of sealed_size bytes, then decrypts in place; the plaintext stands at data +
 * CIPHER_IV_SIZE and has sealed_size - CIPHER_OVERHEAD bytes. -EBADMSG, and data is untouched. */
int cipher_open(struct cipher *cipher, uint8_t *data, size_t sealed_size, struct err *err)
	__attribute__((warn_unused_result));

/* The same piece by piece: begin checks the MAC; each next decrypts the following size bytes of
 * ciphertext into ret (which may be where they stand). */
int cipher_open_begin(struct cipher *cipher, const uint8_t *data, size_t sealed_size,
	struct err *err) __attribute__((warn_unused_result));
int cipher_open_next(struct cipher *cipher, const uint8_t *data, size_t size, uint8_t *ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
