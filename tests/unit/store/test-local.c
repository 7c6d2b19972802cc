#include "store/local.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "store-cases.h"

static char folder[64];

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/nexus-test-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	const char *const argv[] = {"rm", "-rf", folder, NULL};

	ck_assert_int_eq(store_cases_run(argv), 0);
}

START_TEST(contract)
{
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(local_store_open(folder, true, &store, &err), 0);
	store_cases(store);
}
END_TEST

START_TEST(on_disk)
{
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;
	char path[256];
	struct stat st;

	ck_assert_int_eq(local_store_open(folder, true, &store, &err), 0);
	ck_assert_int_eq(store_create(store, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_PACK, store_cases_name, "x", 1, &err), 0);
	ck_assert_int_eq(store_save(store, STORE_CONFIG, NULL, "c", 1, &err), 0);
	snprintf(path, sizeof(path), "%s/data/%.2s/%s", folder, store_cases_name, store_cases_name);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0400);
	snprintf(path, sizeof(path), "%s/config", folder);
	ck_assert_int_eq(stat(path, &st), 0);
	/* A missing folder of packs is made anew. */
	ck_assert_int_eq(store_remove(store, STORE_PACK, store_cases_name, &err), 0);
	snprintf(path, sizeof(path), "%s/data/%.2s", folder, store_cases_name);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(store_save(store, STORE_PACK, store_cases_name, "x", 1, &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

START_TEST(tidy)
{
	cleanup_store struct store *store = NULL;
	cleanup_store_upload struct store_upload *upload = NULL;
	struct err err = ERR_INIT;
	char path[256];
	int fd;

	ck_assert_int_eq(local_store_open(folder, true, &store, &err), 0);
	ck_assert_int_eq(store_create(store, &err), 0);
	/* One left by a dead writer, one of a living one, and a foreign file. */
	snprintf(path, sizeof(path), "%s/data/00/.nexus-0123", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	snprintf(path, sizeof(path), "%s/index/other", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(store_begin(store, STORE_PACK, &upload, &err), 0);
	ck_assert_int_eq(store_tidy(store, &err), 1);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert_int_eq(store_append(upload, "x", 1, &err), 0);
	ck_assert_int_eq(store_commit(TAKE(upload), store_cases_name, &err), 0);
	ck_assert_int_eq(store_tidy(store, &err), 0);
}
END_TEST

/* Who tidies up gets between the making of a file and its lock. */
static enum {
	NOBODY,
	HOLDS_IT,
	TOOK_IT
} meanwhile;
static int other_fd = -1;

int flock(int fd, int operation)
{
	int (*real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "flock");
	char link[64], path[PATH_MAX];
	ssize_t n;

	if (meanwhile != NOBODY) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, path, sizeof(path) - 1);
		ck_assert_int_gt(n, 0);
		path[n] = '\0';
		if (meanwhile == HOLDS_IT) {
			other_fd = open(path, O_RDONLY | O_CLOEXEC);
			ck_assert_int_eq(real(other_fd, LOCK_EX | LOCK_NB), 0);
		} else {
			ck_assert_int_eq(unlink(path), 0);
		}
		meanwhile = NOBODY;
	}
	return real(fd, operation);
}

START_TEST(tidy_meanwhile)
{
	cleanup_store struct store *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(local_store_open(folder, true, &store, &err), 0);
	ck_assert_int_eq(store_create(store, &err), 0);
	meanwhile = TOOK_IT;
	ck_assert_int_eq(store_save(store, STORE_LOCK, store_cases_name, "x", 1, &err), 0);
	meanwhile = HOLDS_IT;
	ck_assert_int_eq(store_save(store, STORE_PACK, store_cases_name, "x", 1, &err), 0);
	close(other_fd);
	ck_assert_int_eq(meanwhile, NOBODY);
	ck_assert_int_eq(store_tidy(store, &err), 0); /* nothing was left */
	ck_assert_int_eq(store_has(store, STORE_LOCK, store_cases_name, &err), 1);
}
END_TEST

START_TEST(missing)
{
	struct store *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(local_store_open("/nowhere/at/all", false, &store, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_ptr_null(store);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("local");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, contract);
	tcase_add_test(tcase, on_disk);
	tcase_add_test(tcase, tidy);
	tcase_add_test(tcase, tidy_meanwhile);
	tcase_add_test(tcase, missing);
	return unit_main("local", tcase);
}
