#include "crypto/cipher.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

#define RANDOM_SIZE 1024 /* IVs are drawn in batches: one system call for 64 blobs */
#define PART_MAX (1u << 30) /* OpenSSL counts in int */

struct cipher {
	const struct cipher_key *key; /* borrowed */
	EVP_CIPHER *ctr_algorithm, *ecb_algorithm;
	EVP_CIPHER_CTX *ctr, *ecb;
	EVP_MAC *mac_algorithm;
	EVP_MAC_CTX *mac;
	uint8_t random[RANDOM_SIZE];
	size_t random_used;
};

static int refuse(struct err *err)
{
	return err_set(err, ERR_SYSTEM, EIO, "encrypt: OpenSSL refuses");
}

int cipher_key_check(const struct cipher_key *key, struct err *err)
{
	if (secret_is_zero(key->encrypt, sizeof(key->encrypt)) ||
		secret_is_zero(key->mac_k, sizeof(key->mac_k)) ||
		secret_is_zero(key->mac_r, sizeof(key->mac_r)))
		return err_set(err, ERR_CORRUPT, EINVAL, "check key: a part of it is zero");
	return 0;
}

void cipher_free(struct cipher *cipher)
{
	if (!cipher)
		return;
	EVP_MAC_CTX_free(cipher->mac);
	EVP_MAC_free(cipher->mac_algorithm);
	EVP_CIPHER_CTX_free(cipher->ctr);
	EVP_CIPHER_CTX_free(cipher->ecb);
	EVP_CIPHER_free(cipher->ctr_algorithm);
	EVP_CIPHER_free(cipher->ecb_algorithm);
	secret_wipe(cipher->random, sizeof(cipher->random));
	free(cipher);
}

int cipher_new(const struct cipher_key *key, struct cipher **ret, struct err *err)
{
	cleanup_cipher struct cipher *cipher = calloc(1, sizeof(*cipher));

	if (!cipher)
		return err_oom(err);
	cipher->key = key;
	cipher->random_used = RANDOM_SIZE;
	cipher->ctr_algorithm = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	cipher->ecb_algorithm = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
	cipher->mac_algorithm = EVP_MAC_fetch(NULL, "POLY1305", NULL);
	cipher->ctr = EVP_CIPHER_CTX_new();
	cipher->ecb = EVP_CIPHER_CTX_new();
	if (cipher->mac_algorithm)
		cipher->mac = EVP_MAC_CTX_new(cipher->mac_algorithm);
	if (!cipher->ctr_algorithm || !cipher->ecb_algorithm || !cipher->ctr || !cipher->ecb ||
		!cipher->mac)
		return refuse(err);
	if (EVP_EncryptInit_ex2(cipher->ecb, cipher->ecb_algorithm, key->mac_k, NULL, NULL) != 1 ||
		EVP_CIPHER_CTX_set_padding(cipher->ecb, 0) != 1 ||
		EVP_EncryptInit_ex2(cipher->ctr, cipher->ctr_algorithm, key->encrypt, NULL, NULL) !=
			1)
		return refuse(err);
	*ret = TAKE(cipher);
	return 0;
}

/* Decrypting is the same: CTR. */
static int crypt_part(
	struct cipher *cipher, const uint8_t *data, size_t size, uint8_t *ret, struct err *err)
{
	while (size) {
		int part = size < PART_MAX ? (int)size : (int)PART_MAX, done;

		if (EVP_EncryptUpdate(cipher->ctr, ret, &done, data, part) != 1 || done != part)
			return refuse(err);
		data += part;
		ret += part;
		size -= (size_t)part;
	}
	return 0;
}

static int compute_mac(struct cipher *cipher, const uint8_t *iv, const uint8_t *data, size_t size,
	uint8_t ret_mac[CIPHER_MAC_SIZE], struct err *err)
{
	uint8_t key[32];
	size_t n;
	int done, r;

	memcpy(key, cipher->key->mac_r, 16);
	r = EVP_EncryptUpdate(cipher->ecb, key + 16, &done, iv, 16) == 1 && done == 16 &&
	    EVP_MAC_init(cipher->mac, key, sizeof(key), NULL) == 1 &&
	    EVP_MAC_update(cipher->mac, data, size) == 1 &&
	    EVP_MAC_final(cipher->mac, ret_mac, &n, CIPHER_MAC_SIZE) == 1 && n == CIPHER_MAC_SIZE;
	secret_wipe(key, sizeof(key));
	return r ? 0 : refuse(err);
}

static int draw_iv(struct cipher *cipher, uint8_t *iv, struct err *err)
{
	int r;

	do {
		if (cipher->random_used + CIPHER_IV_SIZE > RANDOM_SIZE) {
			r = secret_random(cipher->random, RANDOM_SIZE, err);
			if (r < 0)
				return r;
			cipher->random_used = 0;
		}
		memcpy(iv, cipher->random + cipher->random_used, CIPHER_IV_SIZE);
		cipher->random_used += CIPHER_IV_SIZE;
	} while (secret_is_zero(iv, CIPHER_IV_SIZE));
	return 0;
}

int cipher_seal(struct cipher *cipher, uint8_t *data, size_t size, struct err *err)
{
	uint8_t *text = data + CIPHER_IV_SIZE;
	int r;

	r = draw_iv(cipher, data, err);
	if (r < 0)
		return r;
	if (EVP_EncryptInit_ex2(cipher->ctr, NULL, NULL, data, NULL) != 1)
		return refuse(err);
	r = crypt_part(cipher, text, size, text, err);
	if (r < 0)
		return r;
	return compute_mac(cipher, data, text, size, text + size, err);
}

int cipher_open_begin(
	struct cipher *cipher, const uint8_t *data, size_t sealed_size, struct err *err)
{
	uint8_t mac[CIPHER_MAC_SIZE];
	const uint8_t *stored;
	int r;

	if (sealed_size < CIPHER_OVERHEAD)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "decrypt: %zu bytes are too few", sealed_size);
	if (secret_is_zero(data, CIPHER_IV_SIZE))
		return err_set(err, ERR_CORRUPT, EBADMSG, "decrypt: the IV is zero");
	stored = data + sealed_size - CIPHER_MAC_SIZE;
	r = compute_mac(
		cipher, data, data + CIPHER_IV_SIZE, sealed_size - CIPHER_OVERHEAD, mac, err);
	if (r < 0)
		return r;
	if (!secret_equal(mac, stored, CIPHER_MAC_SIZE))
		return err_set(err, ERR_CORRUPT, EBADMSG, "decrypt: wrong key or damaged data");
	return EVP_EncryptInit_ex2(cipher->ctr, NULL, NULL, data, NULL) == 1 ? 0 : refuse(err);
}

int cipher_open_next(
	struct cipher *cipher, const uint8_t *data, size_t size, uint8_t *ret, struct err *err)
{
	return crypt_part(cipher, data, size, ret, err);
}

int cipher_open(struct cipher *cipher, uint8_t *data, size_t sealed_size, struct err *err)
{
	uint8_t *text = data + CIPHER_IV_SIZE;
	int r = cipher_open_begin(cipher, data, sealed_size, err);

	if (r < 0)
		return r;
	return crypt_part(cipher, text, sealed_size - CIPHER_OVERHEAD, text, err);
}
