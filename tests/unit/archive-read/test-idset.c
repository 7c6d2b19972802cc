#include "archive/read/idset.h"

#include "../unit.h"

/* Many ids that all want the same slots, zeros among them. */
START_TEST(many)
{
	struct idset set = {0};
	struct err err = ERR_INIT;

	for (unsigned round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			struct id id = {{0}};

			memcpy(id.bytes + 28, &i, sizeof(i));
			ck_assert_int_eq(idset_add(&set, &id, &err), round == 0);
		}
	ck_assert_uint_eq(set.count + set.has_zero, 5000);
	idset_done(&set);
	ck_assert_ptr_null(set.slots);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("idset");

	tcase_add_test(tcase, many);
	return unit_main("idset", tcase);
}
