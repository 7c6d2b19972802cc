#include "crypto/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* EVP_get_digest-style look-ups cost a microsecond each in OpenSSL 3: fetch once, reuse. */
struct hash {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

static int refuse(struct err *err)
{
	return err_set(err, ERR_SYSTEM, EIO, "compute SHA-256: OpenSSL refuses");
}

int hash_new(struct hash **ret, struct err *err)
{
	cleanup_hash struct hash *hash = calloc(1, sizeof(*hash));
	int r;

	if (!hash)
		return err_oom(err);
	hash->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	hash->context = EVP_MD_CTX_new();
	if (!hash->algorithm || !hash->context)
		return refuse(err);
	r = hash_begin(hash, err);
	if (r < 0)
		return r;
	*ret = TAKE(hash);
	return 0;
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	EVP_MD_CTX_free(hash->context);
	EVP_MD_free(hash->algorithm);
	free(hash);
}

int hash_begin(struct hash *hash, struct err *err)
{
	return EVP_DigestInit_ex2(hash->context, hash->algorithm, NULL) == 1 ? 0 : refuse(err);
}

int hash_add(struct hash *hash, const void *data, size_t size, struct err *err)
{
	return EVP_DigestUpdate(hash->context, data, size) == 1 ? 0 : refuse(err);
}

int hash_end(struct hash *hash, uint8_t ret_digest[HASH_SIZE], struct err *err)
{
	if (EVP_DigestFinal_ex(hash->context, ret_digest, NULL) != 1)
		return refuse(err);
	return hash_begin(hash, err);
}

int hash_once(struct hash *hash, const void *data, size_t size, uint8_t ret_digest[HASH_SIZE],
	struct err *err)
{
	int r = hash_begin(hash, err);

	if (r >= 0)
		r = hash_add(hash, data, size, err);
	if (r >= 0)
		r = hash_end(hash, ret_digest, err);
	return r;
}
