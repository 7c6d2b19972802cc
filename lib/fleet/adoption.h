/* How a console and a box that never met find out that they mean each other, from one short
 * code that a person reads off the box's screen. The code's first half stands for the box's SSH
 * host key: the console checks it before it logs in. The second half is a secret from which
 * both derive the same login key: the box's SSH daemon refuses a console that guesses. Nothing
 * secret crosses the wire.
 *
 *   host half = 40 bits of Argon2id(host key blob, fixed salt, 64 MiB, 3 passes)
 *   login seed = Argon2id(secret half, salt = SHA-256(host key blob)[0..16], 64 MiB, 3 passes)
 *
 * Blobs are the SSH wire form of the public host key. Making and checking a code, and the login
 * key, block for about a fifth of a second and take 64 MiB for that time. */
#ifndef NEXUS_FLEET_ADOPTION_H
#define NEXUS_FLEET_ADOPTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FLEET_ADOPTION_HALF_SIZE 9 /* eight characters and NUL */
#define FLEET_ADOPTION_CODE_SIZE 20 /* "XXXX-XXXX-XXXX-XXXX" and NUL */

/* A code as read: both halves in capitals without the dashes. */
struct fleet_adoption_code {
	char host[FLEET_ADOPTION_HALF_SIZE];
	char secret[FLEET_ADOPTION_HALF_SIZE];
};

/* Forty fresh random bits in Crockford's base32, NUL-terminated. */
int fleet_adoption_secret_new(char ret_secret[FLEET_ADOPTION_HALF_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* The code to show, "XXXX-XXXX-XXXX-XXXX". secret is as fleet_adoption_secret_new made it;
 * -EINVAL if it is not. */
int fleet_adoption_code_make(const char *secret, const void *blob, size_t size,
	char ret_code[FLEET_ADOPTION_CODE_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* Reads what a person typed: any case, with or without dashes and spaces, O for 0, I and L
 * for 1. -EINVAL says what is wrong with it, without repeating it. */
int fleet_adoption_code_parse(const char *text, struct fleet_adoption_code *ret, struct err *err)
	__attribute__((warn_unused_result));

/* 0 if the code was made for this host key, else -EKEYREJECTED. */
int fleet_adoption_code_check_host(const struct fleet_adoption_code *code, const void *blob,
	size_t size, struct err *err) __attribute__((warn_unused_result));

/* The ed25519 key that opens the box's adoption login. ret_seed is secret: wipe it. ret_seed
 * may be NULL when only the public half is wanted. */
int fleet_adoption_login_key(const char *secret, const void *blob, size_t size,
	uint8_t ret_seed[32], uint8_t ret_public[32], struct err *err)
	__attribute__((warn_unused_result));

/* An authorized_keys line for a public half: owned, without a line break. options (as in
 * sshd(8), e.g. "restrict") may be NULL. */
int fleet_adoption_authorized_line(const uint8_t public[32], const char *options, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));

/* Reads an SSH public key file (".pub") of at most 16 KiB: owned wire form. -EBADMSG if it is
 * none, else the errno of reading. */
int fleet_host_key_read(const char *pub_path, void **ret_blob, size_t *ret_size, struct err *err)
	__attribute__((warn_unused_result));

#endif
