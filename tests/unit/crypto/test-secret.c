#include "crypto/secret.h"

#include <string.h>

#include "../unit.h"

START_TEST(memory)
{
	cleanup_secret uint8_t *secret = secret_new(100);
	struct err err = ERR_INIT;
	uint8_t first[1000] = {0}, second[1000] = {0};

	ck_assert_ptr_nonnull(secret);
	ck_assert(secret_is_zero(secret, 100));
	secret[99] = 1;
	ck_assert(!secret_is_zero(secret, 100));
	secret_wipe(secret, 100);
	ck_assert(secret_is_zero(secret, 100));
	ck_assert_int_eq(secret_random(first, sizeof(first), &err), 0);
	ck_assert_int_eq(secret_random(second, sizeof(second), &err), 0);
	ck_assert(!secret_equal(first, second, sizeof(first)));
	ck_assert(!secret_is_zero(first + 990, 10)); /* filled to the end */
	memcpy(second, first, sizeof(first));
	ck_assert(secret_equal(first, second, sizeof(first)));
	secret_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("secret");

	tcase_add_test(tcase, memory);
	return unit_main("secret", tcase);
}
