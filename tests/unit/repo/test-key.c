#include "repo/key.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/file.h"
#include "base/str.h"
#include "store/memory.h"

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
	/* Nor is one whose parameters scrypt does not take. */
	file.parameters.n = 3;
	ck_assert_int_eq(key_file_open(&file, "right", &found, &err), -EINVAL);
	file.parameters.n = 32768;
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

#define K "AAAAAAAAAAAAAAAAAAAAAQ==" /* 16 bytes */
#define K0 "AAAAAAAAAAAAAAAAAAAAAA=="
#define E "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=" /* 32 bytes */
#define E0 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* What may stand inside a key file that the password opens. */
static const struct {
	const char *text;
	int expected;
} masters[] = {
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K "\"},\"encrypt\":\"" E "\"}", 0},
	{"{\"x\":[1],\"mac\":{\"y\":2,\"k\":\"" K "\",\"r\":\"" K "\"},\"encrypt\":\"" E "\"}", 0},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K "\"},\"encrypt\":\"" E "\"", -EBADMSG},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K "\"},\"encrypt\":\"" K "\"}", -EBADMSG},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"AAAA\"},\"encrypt\":\"" E "\"}", -EBADMSG},
	{"{\"mac\":{\"k\":\"" E "\",\"r\":\"" K "\"},\"encrypt\":\"" E "\"}", -EBADMSG},
	{"{\"mac\":{\"r\":\"" K "\"},\"encrypt\":\"" E "\"}", -EBADMSG},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K "\"}}", -EBADMSG},
	{"{\"encrypt\":\"" E "\"}", -EBADMSG},
	/* Keys of zeros. */
	{"{\"mac\":{\"k\":\"" K0 "\",\"r\":\"" K "\"},\"encrypt\":\"" E "\"}", -EINVAL},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K0 "\"},\"encrypt\":\"" E "\"}", -EINVAL},
	{"{\"mac\":{\"k\":\"" K "\",\"r\":\"" K "\"},\"encrypt\":\"" E0 "\"}", -EINVAL},
};

START_TEST(master)
{
	const struct cipher_key any = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};
	cleanup_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	cleanup_cipher struct cipher *cipher = NULL;
	struct cipher_key user, found;
	size_t size = strlen(masters[_i].text);
	struct err err = ERR_INIT;
	struct key_file file;

	ck_assert_int_eq(key_file_make(&any, "p", "u", "h", &clock_system, &text, &err), 0);
	ck_assert_int_eq(key_file_parse(text.data, text.size, &file, &err), 0);
	file.parameters = (struct kdf_parameters){.n = 2, .r = 1, .p = 1};
	ck_assert_int_eq(kdf_scrypt(&file.parameters, "p", file.salt, sizeof(file.salt),
				 (uint8_t *)&user, sizeof(user), &err),
		0);
	ck_assert_int_eq(cipher_new(&user, &cipher, &err), 0);
	memcpy(file.data + CIPHER_IV_SIZE, masters[_i].text, size);
	ck_assert_int_eq(cipher_seal(cipher, file.data, size, &err), 0);
	file.data_size = size + CIPHER_OVERHEAD;
	ck_assert_int_eq(key_file_open(&file, "p", &found, &err), masters[_i].expected);
	if (masters[_i].expected) {
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
		return;
	}
	ck_assert_int_eq(found.mac_k[15], 1);
	ck_assert_int_eq(found.mac_r[15], 1);
	ck_assert_int_eq(found.encrypt[31], 1);
}
END_TEST

/* Keys that fit no password and cost little, more than are tried, stand around the one that fits:
 * only a hint finds it. A hint that fits no key, or several, does no harm. */
START_TEST(hint)
{
	cleanup_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	cleanup_free char *cheap = NULL;
	cleanup_store struct store *store = NULL;
	struct cipher_key key, found;
	struct err err = ERR_INIT;
	struct id right, id;
	char name[ID_TEXT_SIZE], other[80];
	const char *at;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(key_new(&key, &err), 0);
	ck_assert_int_eq(key_file_make(&key, "other", "u", "h", &clock_system, &text, &err), 0);
	at = strstr((char *)text.data, "32768");
	ck_assert_ptr_nonnull(at);
	cheap = str_printf("%.*s2%s", (int)(at - (char *)text.data), (char *)text.data, at + 5);
	for (unsigned i = 0; i < 2 * KEYS_TRIED_MAX; i++) {
		/* On both sides, in whatever order they are listed. */
		if (i == KEYS_TRIED_MAX)
			ck_assert_int_eq(
				key_save(&key, store, "p", &clock_system, "u", "h", &right, &err),
				0);
		snprintf(other, sizeof(other), "%064x", i);
		ck_assert_int_eq(
			store_save(store, STORE_KEY, other, cheap, strlen(cheap), &err), 0);
	}
	id_format(&right, name);
	ck_assert_int_eq(key_find(store, "p", NULL, &found, &id, &err), -EACCES);
	ck_assert_int_eq(key_find(store, "p", "", &found, &id, &err), -EACCES);
	ck_assert_int_eq(key_find(store, "p", "zz", &found, &id, &err), -EACCES);
	ck_assert_int_eq(key_find(store, "p", "0000", &found, &id, &err), -EACCES);
	ck_assert_int_eq(key_find(store, "p", name, &found, &id, &err), 0);
	ck_assert(id_equal(&id, &right));
	name[20] = '\0';
	ck_assert_int_eq(key_find(store, "p", name, &found, &id, &err), 0);
	ck_assert_mem_eq(&found, &key, sizeof(key));
	/* The hinted one does not open; another does. */
	for (unsigned i = 1; i < 2 * KEYS_TRIED_MAX; i++) {
		snprintf(other, sizeof(other), "%064x", i);
		ck_assert_int_eq(store_remove(store, STORE_KEY, other, &err), 0);
	}
	ck_assert_int_eq(key_find(store, "p", "0000", &found, &id, &err), 0);
	ck_assert(id_equal(&id, &right));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("key");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, make_and_open);
	tcase_add_loop_test(tcase, damage, 0, COUNT(replacements));
	tcase_add_loop_test(tcase, master, 0, COUNT(masters));
	tcase_add_test(tcase, hint);
	return unit_main("key", tcase);
}
