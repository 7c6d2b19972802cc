#include "crypto/hash.h"

#include <string.h>

#include "../unit.h"
#include "base/hex.h"

static const struct {
	const char *text, *digest;
} cases[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
};

START_TEST(known_digests)
{
	cleanup_hash struct hash *hash = NULL;
	struct err err = ERR_INIT;
	uint8_t digest[HASH_SIZE];
	char text[2 * HASH_SIZE + 1];

	ck_assert_int_eq(hash_new(&hash, &err), 0);
	ck_assert_int_eq(hash_once(hash, cases[_i].text, strlen(cases[_i].text), digest, &err), 0);
	hex_format(digest, sizeof(digest), text);
	ck_assert_str_eq(text, cases[_i].digest);
	/* In pieces, and again after an end. */
	for (const char *at = cases[_i].text; *at; at++)
		ck_assert_int_eq(hash_add(hash, at, 1, &err), 0);
	ck_assert_int_eq(hash_end(hash, digest, &err), 0);
	hex_format(digest, sizeof(digest), text);
	ck_assert_str_eq(text, cases[_i].digest);
	/* A begin forgets. */
	ck_assert_int_eq(hash_add(hash, "x", 1, &err), 0);
	ck_assert_int_eq(hash_begin(hash, &err), 0);
	ck_assert_int_eq(hash_add(hash, cases[_i].text, strlen(cases[_i].text), &err), 0);
	ck_assert_int_eq(hash_end(hash, digest, &err), 0);
	hex_format(digest, sizeof(digest), text);
	ck_assert_str_eq(text, cases[_i].digest);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, known_digests, 0, COUNT(cases));
	return unit_main("hash", tcase);
}
