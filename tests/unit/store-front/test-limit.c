#include "store/front/limit.h"

#include "../store/store-cases.h"
#include "../unit.h"
#include "store/memory.h"

START_TEST(contract)
{
	struct rate up = RATE_INIT, down = RATE_INIT;
	cleanup_store struct store *store = NULL;
	struct store *inner = NULL;
	struct err err = ERR_INIT;

	up.bytes_per_s = down.bytes_per_s = RATE_MAX;
	ck_assert_int_eq(memory_store_new(&inner, &err), 0);
	ck_assert_int_eq(limit_store_new(inner, &up, &down, &store, &err), 0);
	store_cases(store);
	ck_assert_uint_gt(up.free_us, 0); /* both were asked */
	ck_assert_uint_gt(down.free_us, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("limit");

	tcase_add_test(tcase, contract);
	return unit_main("limit", tcase);
}
