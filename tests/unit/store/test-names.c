#include "store/names.h"

#include "../unit.h"
#include "store-cases.h"

static int collect(const char *name, uint64_t size, void *context, struct err *err)
{
	int *count = context;

	(void)err;
	ck_assert_str_eq(name, *count ? store_cases_other : store_cases_name);
	ck_assert_uint_eq(size, *count ? UINT64_MAX : 0);
	(*count)++;
	return 0;
}

START_TEST(keeps_names_of_objects)
{
	static const char *const others[] = {"", "x", "config", ".nexus-0123",
		"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
		"../112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"};
	cleanup_store_names struct store_names names = STORE_NAMES_INIT;
	struct err err = ERR_INIT;
	int count = 0;

	ck_assert_int_eq(store_names_add(&names, store_cases_name, 0, &err), 0);
	for (int i = 0; i < COUNT(others); i++)
		ck_assert_int_eq(store_names_add(&names, others[i], 7, &err), 0);
	ck_assert_int_eq(store_names_add(&names, store_cases_other, UINT64_MAX, &err), 0);
	ck_assert_int_eq(store_names_visit(&names, collect, &count, &err), 0);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(store_names_visit(&names, store_cases_refuse, NULL, &err), -EPIPE);
}
END_TEST

START_TEST(limit_and_one_more)
{
	cleanup_store_names struct store_names names = STORE_NAMES_INIT;
	struct err err = ERR_INIT;

	names.buf.max = 80;
	ck_assert_int_eq(store_names_add(&names, store_cases_name, 0, &err), 0);
	ck_assert_int_eq(store_names_add(&names, store_cases_name, 0, &err), 0);
	ck_assert_int_eq(store_names_add(&names, store_cases_name, 0, &err), -EFBIG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("names");

	tcase_add_test(tcase, keeps_names_of_objects);
	tcase_add_test(tcase, limit_and_one_more);
	return unit_main("names", tcase);
}
