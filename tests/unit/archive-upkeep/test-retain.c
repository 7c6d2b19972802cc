#include "archive/upkeep/retain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/clock.h"

#define SNAPSHOTS_MAX 8

/* What restic 0.19.1 decides, taken from it; tests/integ/backup-retain compares many more. */
static const struct {
	const char *times[SNAPSHOTS_MAX]; /* newest first */
	int32_t count[RETAIN_UNITS];
	const char *within[RETAIN_UNITS];
	const char *kept; /* a digit for each */
} cases[] = {
	{{"2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-21T09:00:00Z"},
		{[RETAIN_LAST] = 1}, {0}, "100"},
	{{"2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-21T09:00:00Z"},
		{[RETAIN_DAILY] = 2}, {0}, "101"},
	/* The oldest is kept as long as the count is not used up. */
	{{"2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T08:00:00Z"},
		{[RETAIN_DAILY] = 2}, {0}, "101"},
	{{"2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "2026-11-22T08:00:00Z"},
		{[RETAIN_DAILY] = RETAIN_UNLIMITED}, {0}, "101"},
	/* Days are those of the snapshot's own clock. */
	{{"2026-11-22T00:30:00+02:00", "2026-11-21T23:30:00+02:00", "2026-11-21T22:30:00+02:00"},
		{[RETAIN_DAILY] = 2}, {0}, "110"},
	/* 2020 has week 53, which ends on January 3. */
	{{"2021-01-04T00:00:00Z", "2021-01-03T23:00:00Z", "2020-12-28T01:00:00Z",
		 "2020-12-27T23:00:00Z"},
		{[RETAIN_WEEKLY] = 3}, {0}, "1101"},
	{{"2027-01-01T00:00:00Z", "2026-12-31T00:00:00Z", "2026-01-01T00:00:00Z",
		 "2025-12-31T23:00:00Z"},
		{[RETAIN_YEARLY] = 2}, {0}, "1100"},
	/* A month before March 31 is March 3; strictly after it counts. */
	{{"2026-03-31T10:00:00Z", "2026-03-03T10:00:01Z", "2026-03-03T10:00:00Z"}, {0},
		{[RETAIN_LAST] = "1m"}, "110"},
	{{"2026-11-22T10:00:00Z", "2026-11-22T09:30:00Z", "2026-11-22T09:10:00Z",
		 "2026-11-21T09:00:00Z"},
		{0}, {[RETAIN_HOURLY] = "2h"}, "1100"},
	/* The one in the future (now is 2026-11-22T12:00) does not move the span. */
	{{"2030-01-01T00:00:00Z", "2026-11-22T10:00:00Z", "2026-11-21T09:00:00Z"}, {0},
		{[RETAIN_LAST] = "1d"}, "110"},
	{{"1969-12-31T23:00:00Z", "1969-12-31T22:00:00Z", "1969-12-30T22:00:00Z"},
		{[RETAIN_DAILY] = 2}, {0}, "101"},
};

static int32_t no_zone(int64_t seconds)
{
	(void)seconds;
	return 0;
}

START_TEST(apply)
{
	struct snapshot snapshots[SNAPSHOTS_MAX] = {0};
	const struct snapshot *list[SNAPSHOTS_MAX];
	struct retain_verdict verdicts[SNAPSHOTS_MAX];
	struct retain_policy policy = {0};
	struct node_time now = {0};
	struct err err = ERR_INIT;
	size_t count = 0;

	for (; count < SNAPSHOTS_MAX && cases[_i].times[count]; count++) {
		struct snapshot *s = &snapshots[count];

		ck_assert_int_eq(clock_rfc3339_parse(cases[_i].times[count], &s->time.seconds,
					 &s->time.nanoseconds, &s->time_offset_s, &err),
			0);
		list[count] = s;
	}
	ck_assert_int_eq(clock_rfc3339_parse("2026-11-22T12:00:00Z", &now.seconds, &now.nanoseconds,
				 NULL, &err),
		0);
	memcpy(policy.count, cases[_i].count, sizeof(policy.count));
	for (size_t u = 0; u < RETAIN_UNITS; u++)
		if (cases[_i].within[u])
			ck_assert_int_eq(
				retain_span_parse(cases[_i].within[u], &policy.within[u], &err), 0);
	ck_assert(!retain_is_empty(&policy));
	retain_apply(&policy, list, count, &now, no_zone, verdicts);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(
			verdicts[i].keep == (cases[_i].kept[i] == '1'), "case %d, %zu", _i, i);
}
END_TEST

static const struct {
	const char *text;
	int result;
	struct retain_span span;
} spans[] = {
	{"2y5m7d3h", 0, {2, 5, 7, 3}},
	{"3h", 0, {0, 0, 0, 3}},
	{"7d1y", 0, {1, 0, 7, 0}},
	{"1000000d", 0, {0, 0, 1000000, 0}},
	{"1000001d", -EINVAL, {0}},
	{"", -EINVAL, {0}},
	{"5", -EINVAL, {0}},
	{"d", -EINVAL, {0}},
	{"-5d", -EINVAL, {0}},
	{"5d ", -EINVAL, {0}},
	{"5w", -EINVAL, {0}},
	{"99999999999999999999d", -EINVAL, {0}},
};

START_TEST(span)
{
	struct retain_span got = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(retain_span_parse(spans[_i].text, &got, &err), spans[_i].result);
	ck_assert_int_eq(got.years, spans[_i].span.years);
	ck_assert_int_eq(got.months, spans[_i].span.months);
	ck_assert_int_eq(got.days, spans[_i].span.days);
	ck_assert_int_eq(got.hours, spans[_i].span.hours);
}
END_TEST

START_TEST(count)
{
	struct err err = ERR_INIT;
	int32_t got = 0;

	ck_assert_int_eq(retain_count_parse("7", &got, &err), 0);
	ck_assert_int_eq(got, 7);
	ck_assert_int_eq(retain_count_parse("unlimited", &got, &err), 0);
	ck_assert_int_eq(got, RETAIN_UNLIMITED);
	ck_assert_int_lt(retain_count_parse("-1", &got, &err), 0);
	ck_assert_int_lt(retain_count_parse("", &got, &err), 0);
	ck_assert_int_lt(retain_count_parse("1000001", &got, &err), 0);
}
END_TEST

START_TEST(reasons)
{
	const struct retain_policy policy = {.count = {[RETAIN_DAILY] = 2},
		.within = {
			[RETAIN_LAST] = {.days = 7, .hours = 1}, [RETAIN_YEARLY] = {.years = 2}}};
	const struct retain_verdict verdict = {.keep = true,
		.counted = 1 << RETAIN_DAILY,
		.within = 1 << RETAIN_LAST,
		.within_oldest = 1 << RETAIN_YEARLY};
	cleanup_str_list struct str_list words = {0};
	struct snapshot snapshot = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(retain_reasons(&policy, &snapshot, &verdict, &words, &err), 0);
	ck_assert_uint_eq(words.count, 3);
	ck_assert_str_eq(words.items[0], "within 7d1h");
	ck_assert_str_eq(words.items[1], "daily snapshot");
	ck_assert_str_eq(words.items[2], "oldest yearly within 2y");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("retain");

	tcase_add_loop_test(tcase, apply, 0, COUNT(cases));
	tcase_add_loop_test(tcase, span, 0, COUNT(spans));
	tcase_add_test(tcase, count);
	tcase_add_test(tcase, reasons);
	return unit_main("retain", tcase);
}
