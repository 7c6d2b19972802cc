/* SSH keys as text and as bytes: public key lines, the wire form ("blob") inside them,
 * fingerprints, and ed25519 private keys in OpenSSH's own format. */
#ifndef NEXUS_CRYPTO_SSH_KEY_H
#define NEXUS_CRYPTO_SSH_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SSH_KEY_BLOB_MAX 4096 /* bytes; an RSA key of 16384 bits has 2.1 KiB */
#define SSH_KEY_DIGEST_SIZE 32
#define SSH_KEY_FINGERPRINT_SIZE 51 /* "SHA256:" and 43 characters and NUL */
#define SSH_KEY_ED25519_SIZE 32 /* of the seed and of the public half */
#define SSH_KEY_ED25519_BLOB_SIZE 51

/* SHA-256 of the wire form. */
void ssh_key_digest(const void *blob, size_t size, uint8_t ret_digest[SSH_KEY_DIGEST_SIZE]);

/* "SHA256:" and base64 without padding, as OpenSSH shows it. */
void ssh_key_fingerprint(const void *blob, size_t size, char ret_text[SSH_KEY_FINGERPRINT_SIZE]);

/* Reads "ssh-ed25519 AAAA... comment" (one line; the comment may be missing; options before the
 * type are refused). The type must be the one that the blob itself begins with. ret_blob is
 * owned; ret_comment may be NULL, otherwise owned and perhaps "". -EBADMSG. */
int ssh_key_line_parse(const char *line, void **ret_blob, size_t *ret_size, char **ret_comment,
	struct err *err) __attribute__((warn_unused_result));

/* The other way round; owned text without a line break. comment may be NULL. -EBADMSG if the
 * blob does not begin with a type, -EINVAL if the comment has control characters. */
int ssh_key_line_format(const void *blob, size_t size, const char *comment, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));

/* A fresh random seed. */
int ssh_key_ed25519_seed_new(uint8_t ret_seed[SSH_KEY_ED25519_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* The public half that belongs to a seed. */
int ssh_key_ed25519_public(const uint8_t seed[SSH_KEY_ED25519_SIZE],
	uint8_t ret_public[SSH_KEY_ED25519_SIZE], struct err *err)
	__attribute__((warn_unused_result));

/* The wire form of a public half. */
void ssh_key_ed25519_blob(
	const uint8_t public[SSH_KEY_ED25519_SIZE], uint8_t ret_blob[SSH_KEY_ED25519_BLOB_SIZE]);

/* An unencrypted private key file ("BEGIN OPENSSH PRIVATE KEY"): owned, secret text; give it to
 * ssh_key_secret_free. comment may be NULL. */
int ssh_key_ed25519_private_format(const uint8_t seed[SSH_KEY_ED25519_SIZE], const char *comment,
	char **ret_text, struct err *err) __attribute__((warn_unused_result));

/* Wipes and frees; NULL is fine. */
void ssh_key_secret_free(char *text);

#endif
