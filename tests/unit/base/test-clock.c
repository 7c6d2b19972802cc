#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../unit.h"

static const struct {
	const char *text;
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t offset_s;
	const char *again; /* as printed in UTC; NULL: the same text */
} good[] = {
	{"1970-01-01T00:00:00Z", 0, 0, 0, NULL},
	{"2026-11-22T09:44:52Z", 1795340692, 0, 0, NULL},
	{"2026-11-22T09:44:52.000000001Z", 1795340692, 1, 0, NULL},
	{"2026-11-22T09:44:52.5Z", 1795340692, 500000000, 0, NULL},
	{"2026-11-22T05:44:52-04:00", 1795340692, 0, -14400, "2026-11-22T09:44:52Z"},
	{"2026-11-22T15:14:52.25+05:30", 1795340692, 250000000, 19800, "2026-11-22T09:44:52.25Z"},
	{"2024-02-29T23:59:59Z", 1709251199, 0, 0, NULL},
	{"1969-12-31T23:59:59Z", -1, 0, 0, NULL},
	{"0000-01-01T00:00:00Z", -62167219200, 0, 0, NULL},
	{"9999-12-31T23:59:59Z", 253402300799, 0, 0, NULL},
};

START_TEST(parses_and_prints)
{
	char text[CLOCK_RFC3339_SIZE];
	struct err err = ERR_INIT;
	uint32_t nanoseconds;
	int64_t seconds;
	int32_t offset;

	ck_assert_int_eq(
		clock_rfc3339_parse(good[_i].text, &seconds, &nanoseconds, &offset, &err), 0);
	ck_assert_int_eq(seconds, good[_i].seconds);
	ck_assert_uint_eq(nanoseconds, good[_i].nanoseconds);
	ck_assert_int_eq(offset, good[_i].offset_s);
	clock_rfc3339_format(seconds, nanoseconds, text);
	ck_assert_str_eq(text, good[_i].again ? good[_i].again : good[_i].text);
	ck_assert_int_eq(clock_rfc3339_parse(good[_i].text, &seconds, &nanoseconds, NULL, &err), 0);
}
END_TEST

/* Every day of ten thousand years, as libc has it. */
START_TEST(every_day)
{
	char text[CLOCK_RFC3339_SIZE], want[CLOCK_RFC3339_SIZE];
	struct err err = ERR_INIT;
	size_t wrong = 0;

	for (int64_t at = -62167219200; at <= 253402300799; at += 86399) {
		uint32_t nanoseconds;
		int64_t seconds;
		time_t t = at;
		struct tm tm;

		gmtime_r(&t, &tm);
		tm.tm_year += 1900;
		snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		clock_rfc3339_format(at, 0, text);
		wrong += strcmp(text, want) != 0;
		wrong += clock_rfc3339_parse(text, &seconds, &nanoseconds, NULL, &err) < 0 ||
			 seconds != at;
	}
	ck_assert_uint_eq(wrong, 0);
}
END_TEST

static const char *const bad[] = {
	"",
	"2026-11-22",
	"2026-11-22T09:44:52",
	"2026-11-22 09:44:52Z",
	"2026-11-22T09:44:52z",
	"2026-13-22T09:44:52Z",
	"2026-00-22T09:44:52Z",
	"2026-11-31T09:44:52Z",
	"2026-02-29T09:44:52Z",
	"1900-02-29T09:44:52Z",
	"2026-11-00T09:44:52Z",
	"2026-11-22T24:44:52Z",
	"2026-11-22T09:60:52Z",
	"2026-11-22T09:44:61Z",
	"2026-11-22T09:44:52.Z",
	"2026-11-22T09:44:52.0000000001Z",
	"2026-11-22T09:44:52+24:00",
	"2026-11-22T09:44:52+04:60",
	"2026-11-22T09:44:52+0400",
	"2026-11-22T09:44:52Zx",
	" 2026-11-22T09:44:52Z",
	"+026-11-22T09:44:52Z",
};

START_TEST(refuses)
{
	struct err err = ERR_INIT;
	uint32_t nanoseconds = 7;
	int64_t seconds = 7;
	int32_t offset = 7;

	ck_assert_int_eq(
		clock_rfc3339_parse(bad[_i], &seconds, &nanoseconds, &offset, &err), -EINVAL);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert(seconds == 7 && nanoseconds == 7 && offset == 7);
}
END_TEST

START_TEST(years_are_clamped)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(INT64_MAX, 999999999, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59.999999999Z");
	clock_rfc3339_format(INT64_MIN, 0, text);
	ck_assert_str_eq(text, "0000-01-01T00:00:00Z");
}
END_TEST

static const struct {
	uint64_t us;
	const char *text;
} durations[] = {
	{0, "0 s"},
	{999999, "0 s"},
	{59999999, "59 s"},
	{60000000, "1 min 0 s"},
	{125000000, "2 min 5 s"},
	{3599999999, "59 min 59 s"},
	{3600000000, "1 h 0 min"},
	{86399999999, "23 h 59 min"},
	{86400000000, "1 d 0 h"},
	{UINT64_MAX, "213503982 d 8 h"},
};

START_TEST(durations_for_people)
{
	char text[32];

	clock_duration_format(durations[_i].us, text);
	ck_assert_str_eq(text, durations[_i].text);
}
END_TEST

static uint64_t told(void *context)
{
	return *(const uint64_t *)context;
}

START_TEST(a_clock_can_be_put_in)
{
	uint64_t value = 42, before;
	const struct clock clock = {.realtime_us = told, .monotonic_us = told, .context = &value};

	ck_assert_uint_eq(clock_realtime_us(&clock), 42);
	value = 43;
	ck_assert_uint_eq(clock_monotonic_us(&clock), 43);
	/* After 2020, and never backwards. */
	ck_assert_uint_gt(clock_realtime_us(&clock_system), 1577836800000000u);
	before = clock_monotonic_us(&clock_system);
	ck_assert_uint_ge(clock_monotonic_us(&clock_system), before);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("clock");

	tcase_add_loop_test(tcase, parses_and_prints, 0, COUNT(good));
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, every_day);
	tcase_add_loop_test(tcase, refuses, 0, COUNT(bad));
	tcase_add_test(tcase, years_are_clamped);
	tcase_add_loop_test(tcase, durations_for_people, 0, COUNT(durations));
	tcase_add_test(tcase, a_clock_can_be_put_in);
	return unit_main("clock", tcase);
}
