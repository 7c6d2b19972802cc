#include "fleet/adoption.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "crypto/ssh_key.h"

#include "../unit.h"

#define HOST_BASE64 "AAAAC3NzaC1lZDI1NTE5AAAAIHAngBCfA6N7fFncYD0aou2iHcSE6H08gZs+W1LJPjen"
#define SECRET "0123ABCZ"

static void host_key(void **ret_blob, size_t *ret_size)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		ssh_key_line_parse("ssh-ed25519 " HOST_BASE64, ret_blob, ret_size, NULL, &err), 0);
}

static const struct {
	const char *text;
	int result;
	const char *host, *secret;
} codes[] = {
	{"0123-4567-89AB-CDEF", 0, "01234567", "89ABCDEF"},
	{"0123456789ABCDEF", 0, "01234567", "89ABCDEF"},
	{" 0123 4567\t89ab cdef \n", 0, "01234567", "89ABCDEF"},
	{"oO1i-Ll00-zzzz-vwxy", 0, "00111100", "ZZZZVWXY"},
	{"0123-4567-89AB-CDE", -EINVAL, NULL, NULL},
	{"0123-4567-89AB-CDEF0", -EINVAL, NULL, NULL},
	{"0123-4567-89AB-CDEU", -EINVAL, NULL, NULL},
	{"0123-4567-89AB-CDE\xc3\xa9", -EINVAL, NULL, NULL},
	{"", -EINVAL, NULL, NULL},
};

START_TEST(reads_codes)
{
	struct fleet_adoption_code code = {.host = "same"};
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_adoption_code_parse(codes[_i].text, &code, &err), codes[_i].result);
	if (codes[_i].result < 0) {
		ck_assert_str_eq(code.host, "same");
		ck_assert_int_eq(err.kind, ERR_CONFIG);
		return;
	}
	ck_assert_str_eq(code.host, codes[_i].host);
	ck_assert_str_eq(code.secret, codes[_i].secret);
}
END_TEST

/* Golden: boxes in the field carry codes made by earlier versions. */
START_TEST(code_stays_the_same)
{
	cleanup_free void *blob = NULL;
	char code[FLEET_ADOPTION_CODE_SIZE];
	struct err err = ERR_INIT;
	size_t size;

	host_key(&blob, &size);
	ck_assert_int_eq(fleet_adoption_code_make(SECRET, blob, size, code, &err), 0);
	ck_assert_str_eq(code, "CYHX-XZ30-0123-ABCZ");
}
END_TEST

START_TEST(login_key_stays_the_same)
{
	cleanup_free void *blob = NULL;
	uint8_t seed[32], public[32], again[32];
	struct err err = ERR_INIT;
	char text[65];
	size_t size;

	host_key(&blob, &size);
	ck_assert_int_eq(fleet_adoption_login_key(SECRET, blob, size, seed, public, &err), 0);
	hex_format(seed, sizeof(seed), text);
	ck_assert_str_eq(text, "3c51bebaf7ef0afe1a33ab625e9f3356c5509eb85b77511e8b8ecc70e2f8c43b");
	ck_assert_int_eq(ssh_key_ed25519_public(seed, again, &err), 0);
	ck_assert_mem_eq(public, again, 32);
	ck_assert_int_eq(fleet_adoption_login_key(SECRET, blob, size, NULL, again, &err), 0);
	ck_assert_mem_eq(public, again, 32);
	ck_assert_int_eq(fleet_adoption_login_key("0123ABCY", blob, size, NULL, again, &err), 0);
	ck_assert_mem_ne(public, again, 32);
}
END_TEST

START_TEST(tells_host_keys_apart)
{
	cleanup_free void *blob = NULL;
	char text[FLEET_ADOPTION_CODE_SIZE];
	struct fleet_adoption_code code;
	struct err err = ERR_INIT;
	size_t size;

	host_key(&blob, &size);
	ck_assert_int_eq(fleet_adoption_code_make(SECRET, blob, size, text, &err), 0);
	ck_assert_int_eq(fleet_adoption_code_parse(text, &code, &err), 0);
	ck_assert_str_eq(code.secret, SECRET);
	ck_assert_int_eq(fleet_adoption_code_check_host(&code, blob, size, &err), 0);
	((uint8_t *)blob)[size - 1] ^= 1;
	ck_assert_int_eq(fleet_adoption_code_check_host(&code, blob, size, &err), -EKEYREJECTED);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_ptr_null(strstr(err.text, SECRET));
}
END_TEST

static const char *const bad_secrets[] = {"", "0123ABC", "0123ABCZZ", "0123abcz", "0123ABCU"};

START_TEST(refuses_bad_secrets)
{
	char code[FLEET_ADOPTION_CODE_SIZE] = "same";
	struct err err = ERR_INIT;
	uint8_t public[32];

	ck_assert_int_eq(fleet_adoption_code_make(bad_secrets[_i], "blob", 4, code, &err), -EINVAL);
	ck_assert_str_eq(code, "same");
	ck_assert_int_eq(
		fleet_adoption_login_key(bad_secrets[_i], "blob", 4, NULL, public, &err), -EINVAL);
}
END_TEST

START_TEST(makes_secrets)
{
	char a[FLEET_ADOPTION_HALF_SIZE], b[FLEET_ADOPTION_HALF_SIZE];
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_adoption_secret_new(a, &err), 0);
	ck_assert_int_eq(fleet_adoption_secret_new(b, &err), 0);
	ck_assert_uint_eq(strlen(a), 8);
	ck_assert_uint_eq(strspn(a, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 8);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(makes_authorized_lines)
{
	cleanup_free char *line = NULL, *bare = NULL;
	struct err err = ERR_INIT;
	uint8_t public[32] = {1};

	ck_assert_int_eq(fleet_adoption_authorized_line(public, "restrict", &line, &err), 0);
	ck_assert_int_eq(fleet_adoption_authorized_line(public, NULL, &bare, &err), 0);
	ck_assert_int_eq(strncmp(line, "restrict ssh-ed25519 AAAA", 25), 0);
	ck_assert_str_eq(line + 9, bare);
}
END_TEST

START_TEST(reads_host_key_files)
{
	char folder[] = "/tmp/test-adoption-XXXXXX";
	cleanup_free char *path = NULL;
	cleanup_free void *blob = NULL;
	struct err err = ERR_INIT;
	size_t size;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_gt(asprintf(&path, "%s/key.pub", folder), 0);
	ck_assert_int_eq(fleet_host_key_read(path, &blob, &size, &err), -ENOENT);
	ck_assert_int_eq(
		file_replace(AT_FDCWD, path, "ssh-ed25519 " HOST_BASE64 " box\n", 85, 0644, &err),
		0);
	ck_assert_int_eq(fleet_host_key_read(path, &blob, &size, &err), 0);
	ck_assert_uint_eq(size, SSH_KEY_ED25519_BLOB_SIZE);
	free(TAKE(blob));
	ck_assert_int_eq(file_replace(AT_FDCWD, path, "a\0b", 3, 0644, &err), 0);
	ck_assert_int_eq(fleet_host_key_read(path, &blob, &size, &err), -EBADMSG);
	ck_assert_ptr_null(blob);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("all");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, reads_codes, 0, sizeof(codes) / sizeof(codes[0]));
	tcase_add_test(tcase, code_stays_the_same);
	tcase_add_test(tcase, login_key_stays_the_same);
	tcase_add_test(tcase, tells_host_keys_apart);
	tcase_add_loop_test(
		tcase, refuses_bad_secrets, 0, sizeof(bad_secrets) / sizeof(bad_secrets[0]));
	tcase_add_test(tcase, makes_secrets);
	tcase_add_test(tcase, makes_authorized_lines);
	tcase_add_test(tcase, reads_host_key_files);
	return unit_main("adoption", tcase);
}
