#include "store/memory.h"

#include "../unit.h"
#include "store-cases.h"

START_TEST(contract)
{
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	store_cases(store);
}
END_TEST

START_TEST(damage)
{
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;
	char byte;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "abc", 3, &err), 0);
	ck_assert_int_eq(memory_store_damage(store, STORE_KEY, store_cases_name, 1, &err), 0);
	ck_assert_int_eq(store_read(store, STORE_KEY, store_cases_name, 1, &byte, 1, &err), 0);
	ck_assert_int_eq(byte, 'b' ^ 1);
	ck_assert_int_eq(memory_store_damage(store, STORE_KEY, store_cases_name, 3, &err), -ERANGE);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("memory");

	tcase_add_test(tcase, contract);
	tcase_add_test(tcase, damage);
	return unit_main("memory", tcase);
}
