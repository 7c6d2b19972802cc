#include "crypto/cipher.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/hex.h"

static const struct cipher_key key = {.encrypt = {1, 2, 3}, .mac_k = {4, 5, 6}, .mac_r = {7, 8, 9}};
static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 1 << 20};

START_TEST(seal_and_open)
{
	cleanup_cipher struct cipher *cipher = NULL;
	size_t size = sizes[_i], sealed = size + CIPHER_OVERHEAD;
	cleanup_free uint8_t *data = calloc(1, sealed), *again = calloc(1, sealed);
	struct err err = ERR_INIT;

	ck_assert_int_eq(cipher_new(&key, &cipher, &err), 0);
	memset(data + CIPHER_IV_SIZE, 'x', size);
	memset(again + CIPHER_IV_SIZE, 'x', size);
	ck_assert_int_eq(cipher_seal(cipher, data, size, &err), 0);
	ck_assert_int_eq(cipher_seal(cipher, again, size, &err), 0);
	ck_assert_int_ne(memcmp(data, again, CIPHER_IV_SIZE), 0); /* an IV is never used twice */
	ck_assert_int_eq(cipher_open(cipher, data, sealed, &err), 0);
	memset(again, 'x', size);
	ck_assert_int_eq(memcmp(data + CIPHER_IV_SIZE, again, size), 0);
}
END_TEST

START_TEST(every_damaged_byte_is_seen)
{
	cleanup_cipher struct cipher *cipher = NULL;
	uint8_t data[40 + CIPHER_OVERHEAD] = {0}, copy[sizeof(data)];
	struct err err = ERR_INIT;

	ck_assert_int_eq(cipher_new(&key, &cipher, &err), 0);
	ck_assert_int_eq(cipher_seal(cipher, data, 40, &err), 0);
	for (size_t i = 0; i < sizeof(data); i++) {
		memcpy(copy, data, sizeof(copy));
		copy[i] ^= 1;
		ck_assert_int_eq(cipher_open(cipher, copy, sizeof(copy), &err), -EBADMSG);
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
		copy[i] ^= 1;
		ck_assert_mem_eq(copy, data, sizeof(copy)); /* untouched */
	}
	ck_assert_int_eq(cipher_open(cipher, data, CIPHER_OVERHEAD - 1, &err), -EBADMSG);
	memset(data, 0, CIPHER_IV_SIZE);
	ck_assert_int_eq(cipher_open(cipher, data, sizeof(data), &err), -EBADMSG);
}
END_TEST

/* The example of the paper on Poly1305-AES (Bernstein 2005, appendix B). */
START_TEST(known_mac)
{
	static const char sealed_text[] = "fb447350c4e868c52ac3275cf9d4327e"
					  "f3f6"
					  "f4c633c3044fc145f84f335cb81953de";
	cleanup_cipher struct cipher *cipher = NULL;
	struct cipher_key known = {.encrypt = {1}};
	uint8_t sealed[2 + CIPHER_OVERHEAD];
	struct err err = ERR_INIT;

	ck_assert(hex_parse("ec074c835580741701425b623235add6", known.mac_k, 16));
	ck_assert(hex_parse("851fc40c3467ac0be05cc20404f3f700", known.mac_r, 16));
	ck_assert(hex_parse(sealed_text, sealed, sizeof(sealed)));
	ck_assert_int_eq(cipher_new(&known, &cipher, &err), 0);
	ck_assert_int_eq(cipher_open_begin(cipher, sealed, sizeof(sealed), &err), 0);
}
END_TEST

START_TEST(zero_keys_are_refused)
{
	struct cipher_key bad[3] = {key, key, key};
	struct err err = ERR_INIT;

	memset(bad[0].encrypt, 0, sizeof(bad[0].encrypt));
	memset(bad[1].mac_k, 0, sizeof(bad[1].mac_k));
	memset(bad[2].mac_r, 0, sizeof(bad[2].mac_r));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(cipher_key_check(&bad[i], &err), -EINVAL);
	ck_assert_int_eq(cipher_key_check(&key, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cipher");

	tcase_add_loop_test(tcase, seal_and_open, 0, COUNT(sizes));
	tcase_add_test(tcase, every_damaged_byte_is_seen);
	tcase_add_test(tcase, known_mac);
	tcase_add_test(tcase, zero_keys_are_refused);
	return unit_main("cipher", tcase);
}
