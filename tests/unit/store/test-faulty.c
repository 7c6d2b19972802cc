#include "store/faulty.h"

#include "../unit.h"
#include "base/clock.h"
#include "store-cases.h"
#include "store/memory.h"

static struct store *make(struct faulty_plan *plan)
{
	struct store *inner = NULL, *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(memory_store_new(&inner, &err), 0);
	ck_assert_int_eq(faulty_store_new(inner, plan, &store, &err), 0);
	return store;
}

START_TEST(contract_without_faults)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make(&plan);

	store_cases(store);
	ck_assert_uint_gt(plan.calls, 10);
}
END_TEST

START_TEST(faults_come_when_told)
{
	struct faulty_plan plan = {.fail_at = 3, .code = ENOSPC};
	cleanup_store struct store *store = make(&plan);
	struct err err = ERR_INIT;

	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "a", 1, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_other, "b", 1, &err), -ENOSPC);
	ck_assert_uint_eq(plan.calls, 3); /* not its commit alone */
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_int_eq(store_has(store, STORE_KEY, store_cases_other, &err), 0);
}
END_TEST

START_TEST(reads_can_lie)
{
	struct faulty_plan plan = {.short_reads = true};
	cleanup_store struct store *store = make(&plan);
	struct err err = ERR_INIT;
	char bytes[3];

	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "abc", 3, &err), 0);
	ck_assert_int_eq(store_read(store, STORE_KEY, store_cases_name, 0, bytes, 3, &err), 0);
	ck_assert_mem_ne(bytes, "abc", 3);
}
END_TEST

START_TEST(commits_can_lie)
{
	struct faulty_plan plan = {.half = true};
	cleanup_store struct store *store = make(&plan);
	struct err err = ERR_INIT;
	uint64_t bytes;

	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "abcdef", 6, &err), 0);
	ck_assert_int_eq(store_size(store, STORE_KEY, store_cases_name, &bytes, &err), 0);
	ck_assert_uint_eq(bytes, 3);
	plan = (struct faulty_plan){.lost_answer = true, .code = ECONNRESET};
	ck_assert_int_eq(
		store_save(store, STORE_KEY, store_cases_other, "b", 1, &err), -ECONNRESET);
	ck_assert_int_eq(store_has(store, STORE_KEY, store_cases_other, &err), 1);
}
END_TEST

static int count(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)name;
	(void)size;
	(void)err;
	(*(int *)context)++;
	return 0;
}

START_TEST(answers_can_come_twice)
{
	struct faulty_plan plan = {.twice = true}, below = {0};
	struct store *inner = make(&below), *made = NULL;
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;
	int found = 0;

	ck_assert_int_eq(faulty_store_new(inner, &plan, &made, &err), 0);
	store = made;
	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "a", 1, &err), 0);
	ck_assert_uint_eq(below.calls, 4); /* append and commit, twice */
	ck_assert_int_eq(store_list(store, STORE_KEY, count, &found, &err), 0);
	ck_assert_int_eq(found, 2);
}
END_TEST

START_TEST(answers_can_be_late)
{
	struct faulty_plan plan = {.late_us = 5000};
	cleanup_store struct store *store = make(&plan);
	uint64_t started_us = clock_monotonic_us(&clock_system);
	struct err err = ERR_INIT;

	ck_assert_int_eq(store_save(store, STORE_KEY, store_cases_name, "a", 1, &err), 0);
	ck_assert_uint_ge(clock_monotonic_us(&clock_system) - started_us, 10000);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("faulty");

	tcase_add_test(tcase, contract_without_faults);
	tcase_add_test(tcase, faults_come_when_told);
	tcase_add_test(tcase, reads_can_lie);
	tcase_add_test(tcase, commits_can_lie);
	tcase_add_test(tcase, answers_can_come_twice);
	tcase_add_test(tcase, answers_can_be_late);
	return unit_main("faulty", tcase);
}
