#include "base/cleanup.h"

#include <fcntl.h>
#include <stdbool.h>

#include "../unit.h"

static int destroyed;

static void thing_free(int *thing)
{
	errno = EBADF;
	if (thing)
		destroyed += *thing;
}

CLEANUP_DEFINE(thing, int *, thing_free);

START_TEST(runs_at_the_end_of_the_scope_and_keeps_errno)
{
	int value = 3;

	destroyed = 0;
	errno = ENOENT;
	{
		CLEANUP(thing) int *thing = &value;

		ck_assert_int_eq(destroyed, 0);
		ck_assert_int_eq(*thing, 3);
	}
	ck_assert_int_eq(destroyed, 3);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(take_leaves_nothing_to_clean)
{
	int value = 3, *taken;

	destroyed = 0;
	{
		CLEANUP(thing) int *thing = &value;

		taken = TAKE(thing);
		ck_assert_ptr_null(thing);
	}
	ck_assert_ptr_eq(taken, &value);
	ck_assert_int_eq(destroyed, 0);
}
END_TEST

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(descriptors_are_closed_or_taken)
{
	int closed, kept;

	{
		cleanup_close int a = open("/dev/null", O_RDONLY | O_CLOEXEC);
		cleanup_close int b = open("/dev/null", O_RDONLY | O_CLOEXEC);
		cleanup_close int none = -1;

		closed = a;
		kept = TAKE_FD(b);
		ck_assert_int_eq(b, -1);
		ck_assert_int_eq(none, -1);
	}
	ck_assert(!is_open(closed));
	ck_assert(is_open(kept));
	close(kept);
}
END_TEST

START_TEST(null_is_fine_everywhere)
{
	cleanup_free char *text = NULL;
	cleanup_fclose FILE *file = NULL;
	cleanup_closedir DIR *dir = NULL;

	ck_assert_ptr_null(text);
	ck_assert_ptr_null(file);
	ck_assert_ptr_null(dir);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cleanup");

	tcase_add_test(tcase, runs_at_the_end_of_the_scope_and_keeps_errno);
	tcase_add_test(tcase, take_leaves_nothing_to_clean);
	tcase_add_test(tcase, descriptors_are_closed_or_taken);
	tcase_add_test(tcase, null_is_fine_everywhere);
	return unit_main("cleanup", tcase);
}
