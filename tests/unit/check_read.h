/* Reading the tree's own files in a unit test. */
#ifndef NEXUS_TESTS_CHECK_READ_H
#define NEXUS_TESTS_CHECK_READ_H

#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "unit.h"

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
