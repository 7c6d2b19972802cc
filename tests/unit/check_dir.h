/* A scratch folder for the tests that need files: made before, removed after each. */
#ifndef NEXUS_TESTS_CHECK_DIR_H
#define NEXUS_TESTS_CHECK_DIR_H

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "unit.h"

static char check_dir[64];
static int check_dir_fd = -1;

static void check_dir_make(void)
{
	snprintf(check_dir, sizeof(check_dir), "/tmp/nexus-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(check_dir));
	check_dir_fd = open(check_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(check_dir_fd, 0);
}

static int check_dir_drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void check_dir_remove(void)
{
	close(check_dir_fd);
	nftw(check_dir, check_dir_drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below the folder; its folders are made. */
static inline void check_dir_put(const char *path, const char *text)
{
	cleanup_free char *full = str_printf("%s/%s", check_dir, path), *folder = strdup(full);
	struct err err = ERR_INIT;

	*strrchr(folder, '/') = '\0';
	ck_assert_int_eq(file_make_dirs(folder, 0700, &err), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, full, text, strlen(text), 0600, &err), 0);
}

static inline bool check_dir_has(const char *path)
{
	struct stat st;

	return fstatat(check_dir_fd, path, &st, 0) == 0;
}

#endif
