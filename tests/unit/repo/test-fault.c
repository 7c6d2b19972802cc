#include "repo/sorted/fault.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "base/cleanup.h"

#define SIZE 65536u
#define TOLD 7 /* exit status of who was told */

static const char marker[] = "context";

static void told(void *context)
{
	_exit(context == marker ? TOLD : 1);
}

/* A mapping whose file has lost its second half. */
static volatile const uint8_t *map_cut_file(void)
{
	cleanup_fclose FILE *file = tmpfile();
	void *data;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), SIZE), 0);
	data = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fileno(file), 0);
	ck_assert_ptr_ne(data, MAP_FAILED);
	ck_assert_int_eq(ftruncate(fileno(file), SIZE / 2), 0);
	return data;
}

/* The signal or, negative, the exit status with which a process ends that runs fn. */
static int end_of(void (*fn)(void))
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (!child) {
		/* The sanitizers' handlers are not asked here. */
		(void)signal(SIGBUS, SIG_DFL);
		fn();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void read_watched(void)
{
	volatile const uint8_t *data = map_cut_file();

	fault_watch(told, (void *)(uintptr_t)marker);
	fault_add((const void *)(uintptr_t)data, SIZE);
	(void)data[0];
	(void)data[SIZE - 1];
}

static void read_removed(void)
{
	volatile const uint8_t *data = map_cut_file(), *other = map_cut_file();

	fault_watch(told, (void *)(uintptr_t)marker);
	fault_add((const void *)(uintptr_t)data, SIZE);
	fault_add((const void *)(uintptr_t)other, SIZE);
	fault_remove((const void *)(uintptr_t)data);
	(void)data[SIZE - 1];
}

/* More than there is room for; a place that is free again is used again. */
static void read_one_of_many(void)
{
	volatile const uint8_t *data = map_cut_file();

	fault_watch(told, (void *)(uintptr_t)marker);
	for (uintptr_t i = 1; i <= FAULT_RANGES_MAX + 1; i++)
		fault_add((const void *)i, 1);
	fault_remove((const void *)(uintptr_t)(FAULT_RANGES_MAX / 2));
	fault_add((const void *)(uintptr_t)data, SIZE);
	(void)data[SIZE - 1];
}

START_TEST(ends)
{
	ck_assert_int_eq(end_of(read_watched), -TOLD);
	ck_assert_int_eq(end_of(read_removed), SIGBUS);
	ck_assert_int_eq(end_of(read_one_of_many), -TOLD);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fault");

	tcase_add_test(tcase, ends);
	return unit_main("fault", tcase);
}
