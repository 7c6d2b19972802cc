/* The end of every unit test's main: runs one case and tells the exit status. */
#ifndef NEXUS_TESTS_UNIT_UNIT_H
#define NEXUS_TESTS_UNIT_UNIT_H

#include <check.h>
#include <stdlib.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Takes tcase. Returns EXIT_SUCCESS when every check passed. */
static inline int unit_main(const char *name, TCase *tcase)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
