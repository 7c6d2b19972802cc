#include "crypto/ssh_key.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

#define TYPE_ED25519 "ssh-ed25519"
#define TYPE_MAX 64
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL

void ssh_key_digest(const void *blob, size_t size, uint8_t ret_digest[SSH_KEY_DIGEST_SIZE])
{
	crypto_hash_sha256(ret_digest, blob, size);
}

void ssh_key_fingerprint(const void *blob, size_t size, char ret_text[SSH_KEY_FINGERPRINT_SIZE])
{
	uint8_t digest[SSH_KEY_DIGEST_SIZE];

	ssh_key_digest(blob, size, digest);
	snprintf(ret_text, SSH_KEY_FINGERPRINT_SIZE, "SHA256:");
	sodium_bin2base64(ret_text + 7, SSH_KEY_FINGERPRINT_SIZE - 7, digest, sizeof(digest),
		sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

/* The type that a blob begins with: RFC 4251 string of printable characters. */
static int blob_type(const uint8_t *blob, size_t size, char ret_type[TYPE_MAX + 1], struct err *err)
{
	size_t length;

	if (size < 5 || size > SSH_KEY_BLOB_MAX)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "read SSH key: %zu bytes is no key", size);
	length = (size_t)blob[0] << 24 | (size_t)blob[1] << 16 | (size_t)blob[2] << 8 | blob[3];
	if (length == 0 || length > TYPE_MAX || length > size - 4)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read SSH key: no type at its start");
	for (size_t i = 0; i < length; i++)
		if (blob[4 + i] <= ' ' || blob[4 + i] > '~')
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"read SSH key: a strange character in its type");
	memcpy(ret_type, blob + 4, length);
	ret_type[length] = '\0';
	return 0;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* Decodes the base64 field and checks it against the type before it. */
static int blob_decode(const char *type, size_t type_size, const char *base64, size_t base64_size,
	void **ret_blob, size_t *ret_size, struct err *err)
{
	cleanup_free uint8_t *blob = NULL;
	char inner[TYPE_MAX + 1];
	size_t size = 0;
	int r;

	blob = malloc(SSH_KEY_BLOB_MAX);
	if (!blob)
		return err_oom(err);
	if (base64_size == 0 || sodium_base642bin(blob, SSH_KEY_BLOB_MAX, base64, base64_size, NULL,
					&size, NULL, BASE64_VARIANT) != 0)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "read SSH key: its second field is not base64");
	r = blob_type(blob, size, inner, err);
	if (r < 0)
		return r;
	if (strlen(inner) != type_size || memcmp(inner, type, type_size) != 0)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read SSH key: it says %.*s but holds %s",
			(int)type_size, type, inner);
	if (strcmp(inner, TYPE_ED25519) == 0 && size != SSH_KEY_ED25519_BLOB_SIZE)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read SSH key: ed25519 of wrong size");
	*ret_blob = TAKE(blob);
	*ret_size = size;
	return 0;
}

int ssh_key_line_parse(
	const char *line, void **ret_blob, size_t *ret_size, char **ret_comment, struct err *err)
{
	cleanup_free char *comment = NULL;
	const char *type, *base64, *rest;
	size_t type_size, base64_size, rest_size;
	int r;

	type = line + strspn(line, " \t");
	type_size = strcspn(type, " \t\r\n");
	base64 = type + type_size + strspn(type + type_size, " \t");
	base64_size = strcspn(base64, " \t\r\n");
	rest = base64 + base64_size + strspn(base64 + base64_size, " \t");
	rest_size = strcspn(rest, "\r\n");
	if (type_size == 0 || type_size > TYPE_MAX ||
		rest[rest_size + strspn(rest + rest_size, "\r\n")])
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"read SSH key: must be one line 'type base64 comment'");
	comment = strndup(rest, rest_size);
	if (!comment)
		return err_oom(err);
	if (has_control(comment))
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"read SSH key: control characters in its comment");
	r = blob_decode(type, type_size, base64, base64_size, ret_blob, ret_size, err);
	if (r < 0)
		return r;
	if (ret_comment)
		*ret_comment = TAKE(comment);
	return 0;
}

int ssh_key_line_format(
	const void *blob, size_t size, const char *comment, char **ret_line, struct err *err)
{
	char type[TYPE_MAX + 1];
	char base64[sodium_base64_ENCODED_LEN(SSH_KEY_BLOB_MAX, BASE64_VARIANT)];
	char *line;
	int r;

	r = blob_type(blob, size, type, err);
	if (r < 0)
		return r;
	if (comment && has_control(comment))
		return err_set(err, ERR_CONFIG, EINVAL,
			"write SSH key: control characters in its comment");
	sodium_bin2base64(base64, sizeof(base64), blob, size, BASE64_VARIANT);
	line = str_printf(
		"%s %s%s%s", type, base64, comment && *comment ? " " : "", comment ? comment : "");
	if (!line)
		return err_oom(err);
	*ret_line = line;
	return 0;
}

int ssh_key_ed25519_seed_new(uint8_t ret_seed[SSH_KEY_ED25519_SIZE], struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, EIO, "make SSH key: libsodium can't start");
	randombytes_buf(ret_seed, SSH_KEY_ED25519_SIZE);
	return 0;
}

int ssh_key_ed25519_public(const uint8_t seed[SSH_KEY_ED25519_SIZE],
	uint8_t ret_public[SSH_KEY_ED25519_SIZE], struct err *err)
{
	uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];

	if (sodium_init() < 0 || crypto_sign_ed25519_seed_keypair(ret_public, secret, seed) != 0)
		return err_set(err, ERR_SYSTEM, EIO, "make SSH key: libsodium refused");
	sodium_memzero(secret, sizeof(secret));
	return 0;
}

/* Network byte order, as in all of SSH. */
static void put_u32(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}

void ssh_key_ed25519_blob(
	const uint8_t public[SSH_KEY_ED25519_SIZE], uint8_t ret_blob[SSH_KEY_ED25519_BLOB_SIZE])
{
	static const char type[11] = TYPE_ED25519; /* without its NUL */

	static_assert(SSH_KEY_ED25519_BLOB_SIZE == 4 + 11 + 4 + 32, "two strings");

	put_u32(ret_blob, 11);
	memcpy(ret_blob + 4, type, sizeof(type));
	put_u32(ret_blob + 15, 32);
	memcpy(ret_blob + 19, public, 32);
}

static int add_string(struct buf *buf, const void *data, size_t size, struct err *err)
{
	uint8_t length[4];
	int r;

	put_u32(length, size);
	r = buf_add(buf, length, sizeof(length), err);
	return r < 0 ? r : buf_add(buf, data, size, err);
}

/* The inner part of PROTOCOL.key: two equal check words, the key, the comment, padding 1 2 3
 * ... to eight bytes. The check words only serve encrypted keys; derived from the seed's hash
 * so that one seed always gives the same file. */
static int add_private_part(struct buf *outer, const uint8_t *seed, const uint8_t *public,
	const char *comment, struct err *err)
{
	cleanup_buf struct buf part = BUF_INIT(4096);
	uint8_t both[64], digest[SSH_KEY_DIGEST_SIZE];
	int r;

	memcpy(both, seed, 32);
	memcpy(both + 32, public, 32);
	ssh_key_digest(both, sizeof(both), digest);
	r = buf_reserve(&part, 512 + strlen(comment), err); /* so that no copy is left behind */
	if (r == 0)
		r = buf_add(&part, digest, 4, err);
	if (r == 0)
		r = buf_add(&part, digest, 4, err);
	if (r == 0)
		r = add_string(&part, TYPE_ED25519, 11, err);
	if (r == 0)
		r = add_string(&part, public, 32, err);
	if (r == 0)
		r = add_string(&part, both, sizeof(both), err);
	if (r == 0)
		r = add_string(&part, comment, strlen(comment), err);
	for (uint8_t pad = 1; r == 0 && part.size % 8 != 0; pad++)
		r = buf_add_byte(&part, pad, err);
	if (r == 0)
		r = add_string(outer, part.data, part.size, err);
	sodium_memzero(both, sizeof(both));
	if (part.data)
		sodium_memzero(part.data, part.size);
	return r;
}

/* PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, public, private. */
static int add_private_file(
	struct buf *out, const uint8_t *seed, const char *comment, struct err *err)
{
	uint8_t public[SSH_KEY_ED25519_SIZE], blob[SSH_KEY_ED25519_BLOB_SIZE];
	static const uint8_t one[4] = {0, 0, 0, 1};
	int r;

	r = ssh_key_ed25519_public(seed, public, err);
	if (r < 0)
		return r;
	ssh_key_ed25519_blob(public, blob);
	r = buf_reserve(out, 1024 + strlen(comment), err);
	if (r == 0)
		r = buf_add(out, "openssh-key-v1", 15, err);
	if (r == 0)
		r = add_string(out, "none", 4, err);
	if (r == 0)
		r = add_string(out, "none", 4, err);
	if (r == 0)
		r = add_string(out, "", 0, err);
	if (r == 0)
		r = buf_add(out, one, sizeof(one), err);
	if (r == 0)
		r = add_string(out, blob, sizeof(blob), err);
	if (r == 0)
		r = add_private_part(out, seed, public, comment, err);
	return r;
}

/* The armour: base64 in lines of 70. Owned. */
static char *armour(const void *data, size_t size)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
	static const char end[] = "-----END OPENSSH PRIVATE KEY-----\n";
	size_t encoded = sodium_base64_encoded_len(size, BASE64_VARIANT);
	cleanup_free char *base64 = malloc(encoded);
	char *text = malloc(sizeof(begin) + sizeof(end) + encoded + encoded / 70 + 2), *at;

	if (!base64 || !text) {
		free(text);
		return NULL;
	}
	sodium_bin2base64(base64, encoded, data, size, BASE64_VARIANT);
	at = mempcpy(text, begin, sizeof(begin) - 1);
	for (size_t i = 0; i < encoded - 1; i += 70) {
		size_t n = encoded - 1 - i < 70 ? encoded - 1 - i : 70;

		at = mempcpy(at, base64 + i, n);
		*at++ = '\n';
	}
	memcpy(at, end, sizeof(end));
	sodium_memzero(base64, encoded);
	return text;
}

int ssh_key_ed25519_private_format(const uint8_t seed[SSH_KEY_ED25519_SIZE], const char *comment,
	char **ret_text, struct err *err)
{
	cleanup_buf struct buf out = BUF_INIT(8192);
	char *text = NULL;
	int r;

	if (comment && has_control(comment))
		return err_set(err, ERR_CONFIG, EINVAL,
			"write SSH key: control characters in its comment");
	if (comment && strlen(comment) > 1024)
		return err_set(err, ERR_CONFIG, EINVAL, "write SSH key: its comment is too long");
	r = add_private_file(&out, seed, comment ? comment : "", err);
	if (r == 0) {
		text = armour(out.data, out.size);
		r = text ? 0 : err_oom(err);
	}
	if (out.data)
		sodium_memzero(out.data, out.size);
	if (r < 0)
		return r;
	*ret_text = text;
	return 0;
}

void ssh_key_secret_free(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}
