/* What the tests of this room share: a repository in memory and a folder that goes away. */
#ifndef NEXUS_TESTS_UNIT_ARCHIVE_ROOM_H
#define NEXUS_TESTS_UNIT_ARCHIVE_ROOM_H

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "repo/repository.h"
#include "store/memory.h"

static char room_folder[64];

static inline void room_setup(void)
{
	snprintf(room_folder, sizeof(room_folder), "/tmp/nexus-test-archive-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(room_folder));
}

static inline void room_teardown(void)
{
	const char *const argv[] = {"rm", "-rf", room_folder, NULL};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run_ok(argv, NULL, NULL, &err), 0);
}

/* A path below the folder, in one of two turns of static memory. */
static inline const char *room_path(const char *name)
{
	static char paths[4][256];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", room_folder, name);
	return path;
}

static inline void room_write(const char *name, const char *text)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		file_replace(AT_FDCWD, room_path(name), text, strlen(text), 0644, &err), 0);
}

static inline void room_mkdir(const char *name)
{
	ck_assert_int_eq(mkdir(room_path(name), 0755), 0);
}

static inline char *room_read(const char *name)
{
	struct err err = ERR_INIT;
	char *text = NULL;

	return file_read(AT_FDCWD, room_path(name), 1 << 20, &text, NULL, &err) < 0 ? NULL : text;
}

static inline bool room_exists(const char *name)
{
	struct stat st;

	return lstat(room_path(name), &st) == 0;
}

static inline struct repository *room_repository(struct store **ret_store)
{
	struct repository *repository = NULL;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(memory_store_new(ret_store, &err), 0);
	ck_assert_int_eq(repository_init(*ret_store, "p", 0, NULL, &id, &err), 0);
	ck_assert_int_eq(repository_open(*ret_store, "p", NULL, &repository, &err), 0);
	return repository;
}

/* Counts what is told. */
struct room_told {
	unsigned count;
	char last[512];
};

static inline void room_tell(void *context, const char *what, const struct err *err)
{
	struct room_told *told = context;

	told->count++;
	snprintf(told->last, sizeof(told->last), "%.200s: %.200s", what, err->text);
}

#endif
