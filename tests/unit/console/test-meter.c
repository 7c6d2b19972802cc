#include "console/usb/meter.h"

#include <string.h>

#include "../unit.h"

static uint64_t now_us;

static uint64_t now(void *context)
{
	(void)context;
	return now_us;
}

static const struct clock fake = {.realtime_us = now, .monotonic_us = now};

static const struct {
	uint64_t total, done, spent_us;
	const char *text;
} cases[] = {
	{1000, 0, 0, "Writing: 0 %"},
	{1000, 500, 999999, "Writing: 50 %"}, /* too early for a speed */
	{1000, 0, 5000000, "Writing: 0 %"},
	{400000000, 100000000, 10000000, "Writing: 25 %, 10 MB/s, 30 s left"},
	{7200000000, 1000000, 1000000, "Writing: 0 %, 1.0 MB/s, 1 h 59 min left"},
	{1000000, 999999, 1000000, "Writing: 99 %, 1.0 MB/s, 0 s left"},
	{1000000, 1000000, 1000000, "Writing: 100 %, 1.0 MB/s, 0 s left"},
	{1000000, 1200000, 1000000, "Writing: 100 %, 1.2 MB/s, 0 s left"},
	{0, 0, 0, "Writing: 100 %"},
};

START_TEST(says)
{
	struct meter meter;
	char text[METER_TEXT];

	now_us = 77;
	meter_init(&meter, &fake, true);
	meter_begin(&meter, "Writing", cases[_i].total);
	meter_add(&meter, cases[_i].done);
	now_us += cases[_i].spent_us;
	meter_text(&meter, text);
	ck_assert_str_eq(text, cases[_i].text);
	ck_assert_double_eq_tol(meter_end(&meter, true), (double)cases[_i].spent_us / 1e6, 1e-6);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("meter");

	tcase_add_loop_test(tcase, says, 0, COUNT(cases));
	return unit_main("meter", tcase);
}
