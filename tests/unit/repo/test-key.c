#include "repo/key.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/file.h"
#include "base/str.h"

START_TEST(make_and_open)
{
	cleanup_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	struct cipher_key key, found;
	struct err err = ERR_INIT;
	struct key_file file;

	ck_assert_int_eq(key_new(&key, &err), 0);
	ck_assert_int_eq(
		key_file_make(&key, "right", "user", "h\"st", &clock_system, &text, &err), 0);
	ck_assert_int_eq(key_file_parse(text.data, text.size, &file, &err), 0);
	ck_assert_int_eq(key_file_open(&file, "wrong", &found, &err), -EACCES);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_int_eq(key_file_open(&file, "right", &found, &err), 0);
	ck_assert_mem_eq(&found, &key, sizeof(key));
	/* A damaged one is not opened by the right password either. */
	file.data[20] ^= 1;
	ck_assert_int_eq(key_file_open(&file, "right", &found, &err), -EACCES);
}
END_TEST

static const char *const replacements[][2] = {
	{"scrypt", "argon2"},
	{"\"N\":32768", "\"N\":32767"},
	{"\"N\":32768", "\"N\":1073741824"},
	{"\"r\":8", "\"r\":0"},
	{"\"salt\":\"", "\"salt\":\"AAAA"},
	{"\"data\":\"", "\"data\":\"!"},
	{"{", "["},
};

START_TEST(damage)
{
	cleanup_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	cleanup_free char *changed = NULL;
	struct cipher_key key;
	struct err err = ERR_INIT;
	struct key_file file;
	const char *from = replacements[_i][0], *at;

	ck_assert_int_eq(key_new(&key, &err), 0);
	ck_assert_int_eq(key_file_make(&key, "p", "u", "h", &clock_system, &text, &err), 0);
	at = strstr((char *)text.data, from);
	ck_assert_ptr_nonnull(at);
	changed = str_printf("%.*s%s%s", (int)(at - (char *)text.data), (char *)text.data,
		replacements[_i][1], at + strlen(from));
	ck_assert_int_lt(key_file_parse(changed, strlen(changed), &file, &err), 0);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("key");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, make_and_open);
	tcase_add_loop_test(tcase, damage, 0, COUNT(replacements));
	return unit_main("key", tcase);
}
