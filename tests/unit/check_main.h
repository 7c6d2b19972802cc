/* The end of every unit test: runs a case and gives the exit status. */
#ifndef NEXUS_TESTS_CHECK_MAIN_H
#define NEXUS_TESTS_CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static inline int check_main(TCase *tcase)
{
	Suite *suite = suite_create("all");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A file of the tree; owned text. */
static inline char *check_read(const char *path, size_t *ret_size)
{
	cleanup_free char *full = str_printf("%s/%s", getenv("SRC"), path);
	struct err err = ERR_INIT;
	char *text;

	ck_assert_ptr_nonnull(full);
	ck_assert_msg(
		file_read(AT_FDCWD, full, 1 << 20, &text, ret_size, &err) >= 0, "%s", err.text);
	return text;
}

#endif
