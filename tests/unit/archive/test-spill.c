#include "archive/slab/spill.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

START_TEST(there_and_back)
{
	cleanup_spill struct spill *spill = NULL;
	struct err err = ERR_INIT;
	uint64_t first = 99, second = 99;
	char found[8] = "";

	ck_assert_int_eq(spill_new(&spill, &err), 0);
	ck_assert_int_eq(spill_add(spill, "one", 3, &first, &err), 0);
	ck_assert_int_eq(spill_add(spill, "three", 5, &second, &err), 0);
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(second, 3);
	ck_assert_int_eq(spill_read(spill, second, found, 5, &err), 0);
	ck_assert_str_eq(found, "three");
	ck_assert_int_eq(spill_read(spill, first, found, 3, &err), 0);
	ck_assert_int_eq(memcmp(found, "onee", 4), 0);
	/* Not more than was put. */
	ck_assert_int_lt(spill_read(spill, second, found, 6, &err), 0);
}
END_TEST

START_TEST(no_folder)
{
	struct spill *spill = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	ck_assert_int_eq(spill_new(&spill, &err), -ENOENT);
	ck_assert_ptr_null(spill);
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("spill");

	tcase_add_test(tcase, there_and_back);
	tcase_add_test(tcase, no_folder);
	return unit_main("archive/slab/spill", tcase);
}
