/* The main function that all unit tests share: UNIT_MAIN("name", { test, count }, ...). A count
 * above 1 runs a test that many times with _i from 0 on. */
#ifndef NEXUS_TESTS_UNIT_H
#define NEXUS_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

struct unit_test {
	const TTest *test;
	int count;
};

static inline int unit_run(const char *name, const struct unit_test *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < count; i++)
		tcase_add_loop_test(tcase, tests[i].test, 0, tests[i].count);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define UNIT_MAIN(name, ...)                                                                       \
	int main(void)                                                                             \
	{                                                                                          \
		const struct unit_test tests[] = {__VA_ARGS__};                                    \
                                                                                                   \
		return unit_run(name, tests, sizeof(tests) / sizeof(tests[0]));                    \
	}

#endif
