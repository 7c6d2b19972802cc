#include "fleet/adoption.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "crypto/argon2.h"
#include "crypto/ssh_key.h"

#define HALF_CHARACTERS 8
#define HALF_BYTES 5 /* 8 characters of 5 bits */
#define HOST_KEY_FILE_MAX 16384

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Part of the format: a box and a console must agree on them for ever. */
static const struct argon2_cost cost = {.passes = 3, .memory_bytes = 64 << 20};
static const uint8_t host_salt[ARGON2_SALT_SIZE] = "nexus-adoption-1";

static void base32_format(const uint8_t bytes[HALF_BYTES], char ret_text[FLEET_ADOPTION_HALF_SIZE])
{
	uint64_t bits = 0;

	for (size_t i = 0; i < HALF_BYTES; i++)
		bits = bits << 8 | bytes[i];
	for (size_t i = 0; i < HALF_CHARACTERS; i++)
		ret_text[i] = alphabet[bits >> (5 * (HALF_CHARACTERS - 1 - i)) & 31];
	ret_text[HALF_CHARACTERS] = '\0';
}

/* The character of the alphabet that a person meant, or NUL. */
static char base32_character(char typed)
{
	const char *at;

	if (typed >= 'a' && typed <= 'z')
		typed = (char)toupper(typed);
	if (typed == 'O')
		typed = '0';
	if (typed == 'I' || typed == 'L')
		typed = '1';
	at = typed ? strchr(alphabet, typed) : NULL;
	if (!at)
		return '\0';
	return *at;
}

static int secret_check(const char *secret, struct err *err)
{
	bool good = strlen(secret) == HALF_CHARACTERS;

	for (size_t i = 0; good && i < HALF_CHARACTERS; i++)
		good = strchr(alphabet, secret[i]) != NULL;
	if (!good)
		return err_set(err, ERR_CORRUPT, EINVAL,
			"read adoption secret: not 8 characters of Crockford's base32");
	return 0;
}

static int host_half(
	const void *blob, size_t size, char ret_half[FLEET_ADOPTION_HALF_SIZE], struct err *err)
{
	uint8_t bytes[16]; /* the smallest output there is; the first 40 bits count */
	int r;

	r = argon2_derive(&cost, blob, size, host_salt, bytes, sizeof(bytes), err);
	if (r < 0)
		return err_wrap(err, "make adoption code");
	base32_format(bytes, ret_half);
	return 0;
}

int fleet_adoption_secret_new(char ret_secret[FLEET_ADOPTION_HALF_SIZE], struct err *err)
{
	uint8_t seed[SSH_KEY_ED25519_SIZE];
	int r;

	r = ssh_key_ed25519_seed_new(seed, err); /* 32 random bytes; five are used */
	if (r < 0)
		return r;
	base32_format(seed, ret_secret);
	explicit_bzero(seed, sizeof(seed));
	return 0;
}

int fleet_adoption_code_make(const char *secret, const void *blob, size_t size,
	char ret_code[FLEET_ADOPTION_CODE_SIZE], struct err *err)
{
	char host[FLEET_ADOPTION_HALF_SIZE];
	int r;

	r = secret_check(secret, err);
	if (r < 0)
		return r;
	r = host_half(blob, size, host, err);
	if (r < 0)
		return r;
	snprintf(ret_code, FLEET_ADOPTION_CODE_SIZE, "%.4s-%.4s-%.4s-%.4s", host, host + 4, secret,
		secret + 4);
	return 0;
}

int fleet_adoption_code_parse(const char *text, struct fleet_adoption_code *ret, struct err *err)
{
	char all[2 * HALF_CHARACTERS];
	size_t count = 0;

	for (; *text; text++) {
		char c;

		if (strchr(" \t\r\n-_.", *text))
			continue;
		c = base32_character(*text);
		if (!c)
			return err_set(err, ERR_CONFIG, EINVAL,
				"read adoption code: character %zu can't be part of a code",
				count + 1);
		if (count < sizeof(all))
			all[count] = c;
		count++;
	}
	if (count != sizeof(all))
		return err_set(err, ERR_CONFIG, EINVAL,
			"read adoption code: it has 16 characters, not %zu", count);
	*ret = (struct fleet_adoption_code){0};
	memcpy(ret->host, all, HALF_CHARACTERS);
	memcpy(ret->secret, all + HALF_CHARACTERS, HALF_CHARACTERS);
	explicit_bzero(all, sizeof(all));
	return 0;
}

int fleet_adoption_code_check_host(
	const struct fleet_adoption_code *code, const void *blob, size_t size, struct err *err)
{
	char host[FLEET_ADOPTION_HALF_SIZE];
	int r;

	r = host_half(blob, size, host, err);
	if (r < 0)
		return r;
	if (strcmp(host, code->host) != 0)
		return err_set(err, ERR_DENIED, EKEYREJECTED,
			"check adoption code: its first half belongs to another host key");
	return 0;
}

int fleet_adoption_login_key(const char *secret, const void *blob, size_t size,
	uint8_t ret_seed[32], uint8_t ret_public[32], struct err *err)
{
	uint8_t digest[SSH_KEY_DIGEST_SIZE], seed[SSH_KEY_ED25519_SIZE];
	int r;

	r = secret_check(secret, err);
	if (r < 0)
		return r;
	ssh_key_digest(blob, size, digest);
	r = argon2_derive(&cost, secret, strlen(secret), digest, seed, sizeof(seed), err);
	if (r == 0)
		r = ssh_key_ed25519_public(seed, ret_public, err);
	if (r < 0)
		err_wrap(err, "make adoption login key");
	else if (ret_seed)
		memcpy(ret_seed, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
	return r;
}

int fleet_adoption_authorized_line(
	const uint8_t public[32], const char *options, char **ret_line, struct err *err)
{
	cleanup_free char *key = NULL;
	uint8_t blob[SSH_KEY_ED25519_BLOB_SIZE];
	char *line;
	int r;

	ssh_key_ed25519_blob(public, blob);
	r = ssh_key_line_format(blob, sizeof(blob), "nexus-adoption", &key, err);
	if (r < 0)
		return r;
	line = str_printf("%s%s%s", options ? options : "", options && *options ? " " : "", key);
	if (!line)
		return err_oom(err);
	*ret_line = line;
	return 0;
}

int fleet_host_key_read(const char *pub_path, void **ret_blob, size_t *ret_size, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	r = file_read(AT_FDCWD, pub_path, HOST_KEY_FILE_MAX, &text, &size, err);
	if (r < 0)
		return r;
	if (strlen(text) != size)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "read SSH key %s: a NUL byte in it", pub_path);
	r = ssh_key_line_parse(text, ret_blob, ret_size, NULL, err);
	return r < 0 ? err_wrap(err, "read %s", pub_path) : 0;
}
