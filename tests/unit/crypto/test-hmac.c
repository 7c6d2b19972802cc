/* The vectors of RFC 4231. */
#include "crypto/hmac.h"

#include <string.h>

#include "../unit.h"
#include "base/hex.h"

static const struct {
	uint8_t key_byte;
	size_t key_size;
	const char *key, *data, *mac;
} vectors[] = {
	{0x0b, 20, NULL, "Hi There",
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{0, 4, "Jefe", "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
};

START_TEST(agrees_with_the_rfc)
{
	cleanup_hash struct hash *hash = NULL;
	uint8_t key[131], mac[HASH_SIZE], wanted[HASH_SIZE];
	struct err err = ERR_INIT;

	memset(key, vectors[_i].key_byte, sizeof(key));
	if (vectors[_i].key)
		memcpy(key, vectors[_i].key, vectors[_i].key_size);
	ck_assert_int_eq(hash_new(&hash, &err), 0);
	ck_assert_int_eq(hmac_once(hash, key, vectors[_i].key_size, vectors[_i].data,
				 strlen(vectors[_i].data), mac, &err),
		0);
	ck_assert(hex_parse(vectors[_i].mac, wanted, sizeof(wanted)));
	ck_assert_mem_eq(mac, wanted, sizeof(mac));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("hmac");

	tcase_add_loop_test(tcase, agrees_with_the_rfc, 0, COUNT(vectors));
	return unit_main("hmac", tcase);
}
