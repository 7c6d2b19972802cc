#include "archive/progress.h"

#include "../unit.h"

static uint64_t now_us;

static uint64_t read_clock(void *context)
{
	(void)context;
	return now_us;
}

static const struct clock test_clock = {.realtime_us = read_clock, .monotonic_us = read_clock};

START_TEST(estimate)
{
	struct progress_view view;
	struct progress progress;

	now_us = 5000000;
	progress_start(&progress, &test_clock);
	progress_add(&progress.bytes_total, 1000);
	progress_add(&progress.bytes_done, 250);
	now_us += 10000000;
	progress_look(&progress, &test_clock, &view);
	ck_assert_double_eq(view.fraction, 0); /* the total still grows */
	ck_assert_uint_eq(view.remaining_s, 0);
	progress_know_total(&progress);
	progress_look(&progress, &test_clock, &view);
	ck_assert_double_eq_tol(view.fraction, 0.25, 1e-9);
	ck_assert_uint_eq(view.elapsed_s, 10);
	ck_assert_uint_eq(view.remaining_s, 30);
	progress_add(&progress.bytes_done, 5000); /* files grew meanwhile */
	progress_look(&progress, &test_clock, &view);
	ck_assert_double_eq(view.fraction, 1);
	ck_assert_uint_eq(view.remaining_s, 0);
}
END_TEST

START_TEST(empty_files_count_by_number)
{
	struct progress_view view;
	struct progress progress;

	progress_start(&progress, &test_clock);
	progress_add(&progress.files_total, 4);
	progress_add(&progress.files_done, 1);
	progress_know_total(&progress);
	progress_look(&progress, &test_clock, &view);
	ck_assert_double_eq_tol(view.fraction, 0.25, 1e-9);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("progress");

	tcase_add_test(tcase, estimate);
	tcase_add_test(tcase, empty_files_count_by_number);
	return unit_main("progress", tcase);
}
