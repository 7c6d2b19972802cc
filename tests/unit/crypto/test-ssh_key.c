#include "crypto/ssh_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hex.h"

#include "../unit.h"

/* RFC 8032, section 7.1, test 1. */
#define RFC_SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
#define RFC_PUBLIC "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

/* Made by ssh-keygen; the fingerprint is what ssh-keygen -l prints. */
#define GOOD_BASE64 "AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPjen"
#define GOOD_LINE "ssh-ed25519 " GOOD_BASE64 " box one"
#define GOOD_FINGERPRINT "SHA256:ttVby5PunkbCpgE4iquPYuPobvDmbguFjEarEDBL5eM"

static const struct {
	const char *line;
	int result;
	const char *comment;
} lines[] = {
	{GOOD_LINE, 0, "box one"},
	{"  ssh-ed25519\t" GOOD_BASE64 "  box one\r\n", 0, "box one"},
	{"ssh-ed25519 " GOOD_BASE64, 0, ""},
	{"ssh-ed25519 " GOOD_BASE64 "\n", 0, ""},
	{"ssh-ed25519 " GOOD_BASE64 "\nssh-rsa x", -EBADMSG, NULL},
	{"ssh-rsa " GOOD_BASE64, -EBADMSG, NULL},
	{"restrict ssh-ed25519 " GOOD_BASE64, -EBADMSG, NULL},
	{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJ", -EBADMSG,
		NULL},
	{"ssh-ed25519 AAAA", -EBADMSG, NULL},
	{"ssh-ed25519 AAAA////", -EBADMSG, NULL},
	{"ssh-ed25519 ****", -EBADMSG, NULL},
	{"ssh-ed25519 " GOOD_BASE64 " a\033[2Jb", -EBADMSG, NULL},
	{"ssh-ed25519", -EBADMSG, NULL},
	{"", -EBADMSG, NULL},
};

START_TEST(reads_public_lines)
{
	struct err err = ERR_INIT;
	cleanup_free void *blob = NULL;
	cleanup_free char *comment = NULL;
	size_t size = 77;

	ck_assert_int_eq(
		ssh_key_line_parse(lines[_i].line, &blob, &size, &comment, &err), lines[_i].result);
	if (lines[_i].result < 0) {
		ck_assert_ptr_null(blob);
		ck_assert_ptr_null(comment);
		ck_assert_uint_eq(size, 77);
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
		return;
	}
	ck_assert_uint_eq(size, SSH_KEY_ED25519_BLOB_SIZE);
	ck_assert_str_eq(comment, lines[_i].comment);
}
END_TEST

START_TEST(goes_round)
{
	struct err err = ERR_INIT;
	cleanup_free void *blob = NULL;
	cleanup_free char *line = NULL, *bare = NULL, *bad = NULL;
	char fingerprint[SSH_KEY_FINGERPRINT_SIZE];
	size_t size;

	ck_assert_int_eq(ssh_key_line_parse(GOOD_LINE, &blob, &size, NULL, &err), 0);
	ck_assert_int_eq(ssh_key_line_format(blob, size, "box one", &line, &err), 0);
	ck_assert_str_eq(line, GOOD_LINE);
	ck_assert_int_eq(ssh_key_line_format(blob, size, NULL, &bare, &err), 0);
	ck_assert_str_eq(bare, "ssh-ed25519 " GOOD_BASE64);
	ck_assert_int_eq(ssh_key_line_format(blob, size, "a\nb", &bad, &err), -EINVAL);
	ck_assert_int_eq(ssh_key_line_format("nonsense", 8, NULL, &bad, &err), -EBADMSG);
	ssh_key_fingerprint(blob, size, fingerprint);
	ck_assert_str_eq(fingerprint, GOOD_FINGERPRINT);
}
END_TEST

START_TEST(derives_the_public_half)
{
	struct err err = ERR_INIT;
	uint8_t seed[32], public[32], blob[SSH_KEY_ED25519_BLOB_SIZE];
	char text[65];

	ck_assert(hex_parse(RFC_SEED, seed, sizeof(seed)));
	ck_assert_int_eq(ssh_key_ed25519_public(seed, public, &err), 0);
	hex_format(public, sizeof(public), text);
	ck_assert_str_eq(text, RFC_PUBLIC);
	ssh_key_ed25519_blob(public, blob);
	ck_assert_mem_eq(blob, "\0\0\0\x0bssh-ed25519\0\0\0 ", 19);
	ck_assert_mem_eq(blob + 19, public, 32);
}
END_TEST

/* ssh-keygen -y reads this file and prints the RFC's public half; the integration test of the
 * console logs in with such a file. */
static const char golden_private[] =
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
	"QyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGgAAAJA2SHlHNkh5\n"
	"RwAAAAtzc2gtZWQyNTUxOQAAACDXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg\n"
	"AAAECdYbGd7/1aYLqESvSS7CzEREnFaXsyaRlwO6wDHK5/YNdamAGCsQq31Uv+08lkBzoO\n"
	"4XLz2qYjJa8CGmj3B1EaAAAACHJmYyA4MDMyAQIDBAU=\n"
	"-----END OPENSSH PRIVATE KEY-----\n";

START_TEST(writes_private_keys)
{
	struct err err = ERR_INIT;
	uint8_t seed[32];
	char *text = NULL;

	ck_assert(hex_parse(RFC_SEED, seed, sizeof(seed)));
	ck_assert_int_eq(ssh_key_ed25519_private_format(seed, "rfc 8032", &text, &err), 0);
	ck_assert_str_eq(text, golden_private);
	ssh_key_secret_free(text);
	ck_assert_int_eq(ssh_key_ed25519_private_format(seed, "a\nb", &text, &err), -EINVAL);
}
END_TEST

START_TEST(makes_different_seeds)
{
	struct err err = ERR_INIT;
	uint8_t a[32] = {0}, b[32] = {0};

	ck_assert_int_eq(ssh_key_ed25519_seed_new(a, &err), 0);
	ck_assert_int_eq(ssh_key_ed25519_seed_new(b, &err), 0);
	ck_assert_mem_ne(a, b, 32);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, reads_public_lines, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_test(tcase, goes_round);
	tcase_add_test(tcase, derives_the_public_half);
	tcase_add_test(tcase, writes_private_keys);
	tcase_add_test(tcase, makes_different_seeds);
	return unit_main("ssh_key", tcase);
}
