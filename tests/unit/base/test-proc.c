#include "base/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#include "../unit.h"

#define SHELL(script) ((const char *const[]){"sh", "-c", (script), NULL})

START_TEST(output_error_and_status)
{
	cleanup_proc_result struct proc_result result = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		proc_run(SHELL("printf 'a\\0b'; echo wrong >&2; exit 3"), NULL, &result, &err), 0);
	ck_assert_int_eq(result.status, 3);
	ck_assert_uint_eq(result.output_size, 3);
	ck_assert_mem_eq(result.output, "a\0b", 4);
	ck_assert_str_eq(result.error_tail, "wrong\n");
}
END_TEST

START_TEST(run_ok_tells_the_end_of_stderr)
{
	cleanup_free char *output = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run_ok(SHELL("echo fine"), NULL, &output, &err), 0);
	ck_assert_str_eq(output, "fine\n");
	ck_assert_int_eq(proc_run_ok(SHELL("true"), NULL, NULL, &err), 0);
	ck_assert_int_eq(proc_run_ok(SHELL("echo broken >&2; exit 9"), NULL, NULL, &err), -EIO);
	ck_assert_str_eq(err.text, "run sh: exit status 9: broken");
}
END_TEST

START_TEST(a_signal_is_a_status)
{
	cleanup_proc_result struct proc_result result = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run(SHELL("kill -TERM $$"), NULL, &result, &err), 0);
	ck_assert_int_eq(result.status, 128 + SIGTERM);
}
END_TEST

START_TEST(what_does_not_exist)
{
	const char *const argv[] = {"nexus-no-such-program", NULL};
	struct proc_result result = {0};
	struct err err = ERR_INIT;

	/* A folder of PATH that may not be entered would make it -EACCES. */
	setenv("PATH", "/usr/bin:/bin", 1);
	ck_assert_int_eq(proc_run(argv, NULL, &result, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_ptr_null(result.output);
}
END_TEST

START_TEST(input_larger_than_a_pipe_comes_back)
{
	enum {
		SIZE = 1 << 20
	};
	cleanup_proc_result struct proc_result result = {0};
	cleanup_free char *input = malloc(SIZE);
	struct proc_options options = {.input = input, .input_size = SIZE, .output_max = SIZE};
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(input);
	for (size_t i = 0; i < SIZE; i++)
		input[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(proc_run(SHELL("cat"), &options, &result, &err), 0);
	ck_assert_uint_eq(result.output_size, SIZE);
	ck_assert_mem_eq(result.output, input, SIZE);
}
END_TEST

START_TEST(input_that_nobody_reads)
{
	enum {
		SIZE = 1 << 18
	};
	cleanup_proc_result struct proc_result result = {0};
	cleanup_free char *input = calloc(1, SIZE);
	struct proc_options options = {.input = input, .input_size = SIZE};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run(SHELL("exec 0<&-; echo gone"), &options, &result, &err), 0);
	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.output, "gone\n");
}
END_TEST

START_TEST(output_limit_and_one_more)
{
	cleanup_proc_result struct proc_result result = {0}, none = {0};
	struct proc_options options = {.output_max = 5};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run(SHELL("printf 12345"), &options, &result, &err), 0);
	ck_assert_str_eq(result.output, "12345");
	ck_assert_int_eq(proc_run(SHELL("printf 123456"), &options, &none, &err), -EFBIG);
	ck_assert_ptr_null(none.output);
}
END_TEST

START_TEST(stderr_keeps_its_end)
{
	cleanup_proc_result struct proc_result result = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(proc_run(SHELL("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i + "
					"1)); done"),
				 NULL, &result, &err),
		0);
	ck_assert_uint_eq(strlen(result.error_tail), 2048);
	ck_assert_str_eq(result.error_tail + 2048 - 10, "line 1999\n");
}
END_TEST

START_TEST(a_deadline_ends_it)
{
	struct proc_options options = {.timeout_us = 50000};
	struct proc_result result = {0};
	struct err err = ERR_INIT;
	uint64_t started = clock_monotonic_us(&clock_system);

	ck_assert_int_eq(proc_run(SHELL("exec sleep 30"), &options, &result, &err), -ETIMEDOUT);
	/* Also when it has closed its output and so says nothing of its end. */
	ck_assert_int_eq(
		proc_run(SHELL("exec sleep 30 >&- 2>&-"), &options, &result, &err), -ETIMEDOUT);
	ck_assert_uint_lt(clock_monotonic_us(&clock_system) - started, 10000000);
	ck_assert_ptr_null(result.output);
}
END_TEST

START_TEST(environment_is_plain_or_given)
{
	const char *const environment[] = {"A=1", "PATH=/usr/bin:/bin", NULL};
	struct proc_options options = {.environment = environment};
	cleanup_free char *plain = NULL, *given = NULL;
	struct err err = ERR_INIT;

	setenv("LANGUAGE", "es", 1);
	setenv("LC_ALL", "es_VE.UTF-8", 1);
	setenv("NEXUS_TEST", "kept", 1);
	ck_assert_int_eq(
		proc_run_ok(SHELL("echo \"$LC_ALL,$LANGUAGE,$NEXUS_TEST\""), NULL, &plain, &err),
		0);
	unsetenv("LANGUAGE");
	setenv("LC_ALL", "C.UTF-8", 1);
	ck_assert_str_eq(plain, "C,,kept\n");
	ck_assert_int_eq(proc_run_ok(SHELL("echo \"$A,$NEXUS_TEST\""), &options, &given, &err), 0);
	ck_assert_str_eq(given, "1,\n");
}
END_TEST

START_TEST(no_descriptor_is_left)
{
	struct err err = ERR_INIT;
	int before = dup(0), after;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(proc_run_ok(SHELL("true"), NULL, NULL, &err), 0);
	after = dup(0);
	ck_assert_int_eq(after, before + 1);
	close(before);
	close(after);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("proc");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, output_error_and_status);
	tcase_add_test(tcase, run_ok_tells_the_end_of_stderr);
	tcase_add_test(tcase, a_signal_is_a_status);
	tcase_add_test(tcase, what_does_not_exist);
	tcase_add_test(tcase, input_larger_than_a_pipe_comes_back);
	tcase_add_test(tcase, input_that_nobody_reads);
	tcase_add_test(tcase, output_limit_and_one_more);
	tcase_add_test(tcase, stderr_keeps_its_end);
	tcase_add_test(tcase, a_deadline_ends_it);
	tcase_add_test(tcase, environment_is_plain_or_given);
	tcase_add_test(tcase, no_descriptor_is_left);
	return unit_main("proc", tcase);
}
