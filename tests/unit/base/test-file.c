#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/str.h"

#include "../unit.h"

static char dir[32];
static int dir_fd = -1;

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/nexus-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
}

/* Counts what is in the folder and removes it. */
static size_t empty_dir(void)
{
	cleanup_closedir DIR *stream = opendir(dir);
	size_t count = 0;

	ck_assert_ptr_nonnull(stream);
	for (struct dirent *entry; (entry = readdir(stream));) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (unlinkat(dir_fd, entry->d_name, 0) < 0)
			unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR);
	}
	return count;
}

static void teardown(void)
{
	empty_dir();
	close(dir_fd);
	rmdir(dir);
}

START_TEST(replace_then_read)
{
	cleanup_free char *data = NULL;
	struct err err = ERR_INIT;
	struct stat st;
	size_t size;

	ck_assert_int_eq(file_replace(dir_fd, "f", "one", 3, 0640, &err), 0);
	ck_assert_int_eq(file_replace(dir_fd, "f", "t\0wo", 4, 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "f", 4, &data, &size, &err), 0);
	ck_assert_uint_eq(size, 4);
	ck_assert_mem_eq(data, "t\0wo", 5);
	ck_assert_int_eq(fstatat(dir_fd, "f", &st, 0), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq(empty_dir(), 1);
}
END_TEST

/* More than is read at once. */
START_TEST(read_of_a_large_file)
{
	static char data[300001];
	cleanup_free char *found = NULL;
	struct err err = ERR_INIT;
	size_t size;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i % 251);
	ck_assert_int_eq(file_replace(dir_fd, "f", data, sizeof(data), 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "f", sizeof(data), &found, &size, &err), 0);
	ck_assert_uint_eq(size, sizeof(data));
	ck_assert_mem_eq(found, data, sizeof(data));
	ck_assert_int_eq(found[size], 0);
}
END_TEST

START_TEST(read_limit_and_one_more)
{
	cleanup_free char *data = NULL;
	struct err err = ERR_INIT;
	char *none = NULL;

	ck_assert_int_eq(file_replace(dir_fd, "f", "12345", 5, 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "f", 4, &none, NULL, &err), -EFBIG);
	ck_assert_ptr_null(none);
	ck_assert_int_eq(file_read(dir_fd, "f", 5, &data, NULL, &err), 0);
	ck_assert_str_eq(data, "12345");
}
END_TEST

START_TEST(read_of_an_empty_file)
{
	cleanup_free char *data = NULL;
	struct err err = ERR_INIT;
	size_t size = 7;

	ck_assert_int_eq(file_replace(dir_fd, "f", "", 0, 0600, &err), 0);
	ck_assert_int_eq(file_read(dir_fd, "f", 0, &data, &size, &err), 0);
	ck_assert_uint_eq(size, 0);
	ck_assert_str_eq(data, "");
}
END_TEST

START_TEST(read_of_what_is_not_a_file)
{
	struct err err = ERR_INIT;
	char *data = NULL;

	ck_assert_int_eq(file_read(dir_fd, "missing", 10, &data, NULL, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_int_eq(file_read(AT_FDCWD, dir, 10, &data, NULL, &err), -EISDIR);
	ck_assert_ptr_null(data);
}
END_TEST

/* What a disk that is full does: the limit makes write fail in the middle of the file. */
START_TEST(replace_without_space_keeps_the_old)
{
	struct rlimit before, limit;
	struct err err = ERR_INIT;
	cleanup_free char *data = NULL;
	char big[8192] = {0};
	void (*handler)(int);
	int r;

	ck_assert_int_eq(file_replace(dir_fd, "f", "old", 3, 0600, &err), 0);
	handler = signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 4096;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	r = file_replace(dir_fd, "f", big, sizeof(big), 0600, &err);
	setrlimit(RLIMIT_FSIZE, &before);
	signal(SIGXFSZ, handler);
	ck_assert_int_eq(r, -EFBIG);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_int_eq(file_read(dir_fd, "f", 10, &data, NULL, &err), 0);
	ck_assert_str_eq(data, "old");
	/* Nothing half-written beside it. */
	ck_assert_uint_eq(empty_dir(), 1);
}
END_TEST

START_TEST(replace_where_it_can_not_be)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(file_replace(dir_fd, "no/f", "x", 1, 0600, &err), -ENOENT);
	ck_assert_int_eq(mkdirat(dir_fd, "d", 0700), 0);
	ck_assert_int_lt(file_replace(dir_fd, "d", "x", 1, 0600, &err), 0);
	ck_assert_uint_eq(empty_dir(), 1);
}
END_TEST

START_TEST(write_full_to_a_full_device)
{
	cleanup_close int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = ERR_INIT;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_full(fd, "x", 1, "/dev/full", &err), -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_int_eq(file_write_full(fd, "x", 0, "/dev/full", &err), 0);
}
END_TEST

START_TEST(read_full_to_the_end_and_past_it)
{
	cleanup_close int fd = -1;
	struct err err = ERR_INIT;
	char data[6] = "";

	ck_assert_int_eq(file_replace(dir_fd, "f", "12345", 5, 0600, &err), 0);
	fd = openat(dir_fd, "f", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(file_read_full(fd, data, 5, "f", &err), 0);
	ck_assert_str_eq(data, "12345");
	ck_assert_int_eq(file_read_full(fd, data, 1, "f", &err), -ENODATA);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_int_eq(file_pread_full(fd, data, 2, 3, "f", &err), 0);
	ck_assert_mem_eq(data, "45", 2);
	ck_assert_int_eq(file_pread_full(fd, data, 3, 3, "f", &err), -ENODATA);
}
END_TEST

START_TEST(make_dirs)
{
	cleanup_free char *deep = str_printf("%s/a/b/c", dir);
	cleanup_free char *file = str_printf("%s/f", dir);
	cleanup_free char *below = str_printf("%s/f/x", dir);
	struct err err = ERR_INIT;
	struct stat st;

	ck_assert_int_eq(file_make_dirs(deep, 0700, &err), 0);
	ck_assert_int_eq(file_make_dirs(deep, 0700, &err), 0);
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	ck_assert_int_eq(file_replace(dir_fd, "f", "", 0, 0600, &err), 0);
	ck_assert_int_eq(file_make_dirs(file, 0700, &err), -ENOTDIR);
	ck_assert_int_eq(file_make_dirs(below, 0700, &err), -ENOTDIR);
	ck_assert_int_lt(file_make_dirs("", 0700, &err), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "a/b/c", AT_REMOVEDIR), 0);
	ck_assert_int_eq(unlinkat(dir_fd, "a/b", AT_REMOVEDIR), 0);
}
END_TEST

START_TEST(sync_parent)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(file_sync_parent(dir_fd, "f", &err), 0);
	ck_assert_int_eq(file_sync_parent(dir_fd, "no/f", &err), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("file");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, replace_then_read);
	tcase_add_test(tcase, read_of_a_large_file);
	tcase_add_test(tcase, read_limit_and_one_more);
	tcase_add_test(tcase, read_of_an_empty_file);
	tcase_add_test(tcase, read_of_what_is_not_a_file);
	tcase_add_test(tcase, replace_without_space_keeps_the_old);
	tcase_add_test(tcase, replace_where_it_can_not_be);
	tcase_add_test(tcase, write_full_to_a_full_device);
	tcase_add_test(tcase, read_full_to_the_end_and_past_it);
	tcase_add_test(tcase, make_dirs);
	tcase_add_test(tcase, sync_parent);
	return unit_main("file", tcase);
}
