/* Key files: the repository's key, sealed with a password. Plain JSON around it. */
#ifndef NEXUS_REPO_KEY_H
#define NEXUS_REPO_KEY_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "crypto/cipher.h"
#include "crypto/kdf.h"
#include "repo/id.h"
#include "store/store.h"

#define KEY_FILE_MAX (64u << 10) /* bytes */
#define KEY_SALT_SIZE 64
#define KEYS_TRIED_MAX 20

/* What a key file says. */
struct key_file {
	struct kdf_parameters parameters;
	uint8_t salt[KEY_SALT_SIZE];
	uint8_t data[1024]; /* sealed */
	size_t data_size;
	char created[64], username[256], hostname[256]; /* cut to fit; "" if not told */
};

/* -EBADMSG; also for another kdf than scrypt or parameters that kdf_check refuses. */
int key_file_parse(const void *text, size_t size, struct key_file *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Opens it: 0 and *ret filled; -EACCES (kind denied) if the password is another. Takes the
 * memory and time of scrypt. */
int key_file_open(const struct key_file *file, const char *password, struct cipher_key *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Appends a new key file for key. hostname and username are written down in it. */
int key_file_make(const struct cipher_key *key, const char *password, const char *username,
	const char *hostname, const struct clock *clock, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Makes a key file for key and stores it. username and hostname NULL: who we are. */
int key_save(const struct cipher_key *key, struct store *store, const char *password,
	const struct clock *clock, const char *username, const char *hostname, struct id *ret_id,
	struct err *err) __attribute__((warn_unused_result));

/* Finds the one of a repository's keys that a password opens, among the one whose id begins with
 * hint (NULL: none) and the first KEYS_TRIED_MAX. ret_id: of its file. -EACCES (kind denied) if
 * none does; -EBADMSG if there is none that can be read. */
int key_find(struct store *store, const char *password, const char *hint, struct cipher_key *ret,
	struct id *ret_id, struct err *err) __attribute__((warn_unused_result));

/* Fills a random key. */
int key_new(struct cipher_key *ret, struct err *err) __attribute__((warn_unused_result));

#endif
