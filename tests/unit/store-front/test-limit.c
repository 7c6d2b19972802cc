#include "store/front/limit.h"

#include <errno.h>

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
	ck_assert_int_eq(limit_store_new(inner, &up, &down, NULL, &store, &err), 0);
	store_cases(store);
	ck_assert_uint_gt(up.free_us, 0); /* both were asked */
	ck_assert_uint_gt(down.free_us, 0);
}
END_TEST

/* What is moving when it is cut off ends; what moves nothing passes. */
START_TEST(cuts_off)
{
	static const char name[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct rate up = RATE_INIT, down = RATE_INIT;
	cleanup_store struct store *store = NULL;
	struct store_upload *upload = NULL;
	struct store *inner = NULL;
	volatile bool cut = false;
	struct err err = ERR_INIT;
	char data[4] = "data";

	ck_assert_int_eq(memory_store_new(&inner, &err), 0);
	ck_assert_int_eq(limit_store_new(inner, &up, &down, &cut, &store, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_LOCK, name, data, sizeof(data), &err), 0);
	ck_assert_int_eq(store_begin(store, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(store_append(upload, data, sizeof(data), &err), 0);
	cut = true;
	ck_assert_int_eq(store_append(upload, data, sizeof(data), &err), -ECANCELED);
	ck_assert_int_eq(
		store_read(store, STORE_LOCK, name, 0, data, sizeof(data), &err), -ECANCELED);
	ck_assert_int_eq(store_remove(store, STORE_LOCK, name, &err), 0);
	ck_assert_int_eq(store_has(store, STORE_LOCK, name, &err), 0);
	store_upload_abort(upload);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("limit");

	tcase_add_test(tcase, contract);
	tcase_add_test(tcase, cuts_off);
	return unit_main("limit", tcase);
}
