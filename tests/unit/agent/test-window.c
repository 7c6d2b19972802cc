#include "agent/common/window.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "../unit.h"

static const struct {
	const char *text;
	int result;
	unsigned from_min, to_min;
} texts[] = {
	{"02:00-05:00", 0, 120, 300},
	{"22:30-04:05", 0, 22 * 60 + 30, 245},
	{"00:00-23:59", 0, 0, 1439},
	{"24:00-05:00", -EINVAL, 0, 0},
	{"02:60-05:00", -EINVAL, 0, 0},
	{"2:00-5:00", -EINVAL, 0, 0},
	{"02:00-05:000", -EINVAL, 0, 0},
	{"02:00 05:00", -EINVAL, 0, 0},
	{"02:00-", -EINVAL, 0, 0},
	{"", -EINVAL, 0, 0},
	{"-1:00-05:00", -EINVAL, 0, 0},
};

START_TEST(parses)
{
	struct window window = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(window_parse(texts[_i].text, &window, &err), texts[_i].result);
	ck_assert_uint_eq(window.from_min, texts[_i].from_min);
	ck_assert_uint_eq(window.to_min, texts[_i].to_min);
}
END_TEST

static const struct {
	unsigned from_min, to_min, minute;
	bool in;
} minutes[] = {
	{120, 300, 119, false},
	{120, 300, 120, true},
	{120, 300, 299, true},
	{120, 300, 300, false},
	{1380, 240, 1379, false},
	{1380, 240, 1380, true},
	{1380, 240, 1439, true},
	{1380, 240, 0, true},
	{1380, 240, 239, true},
	{1380, 240, 240, false},
	{600, 600, 0, true},
	{600, 600, 600, true},
};

START_TEST(has_minutes)
{
	const struct window window = {minutes[_i].from_min, minutes[_i].to_min};

	ck_assert_int_eq(window_has(&window, minutes[_i].minute), minutes[_i].in);
}
END_TEST

/* The clock on the wall: 2027-01-15 08:00 UTC is four in the morning in Caracas. */
START_TEST(goes_by_local_time)
{
	const struct window window = {4 * 60, 4 * 60 + 1};

	setenv("TZ", "VET4", 1);
	tzset();
	ck_assert(window_has_time(&window, 1800000000));
	ck_assert(!window_has_time(&window, 1800000000 + 60));
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert(!window_has_time(&window, 1800000000));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("window");

	tcase_add_loop_test(tcase, parses, 0, COUNT(texts));
	tcase_add_loop_test(tcase, has_minutes, 0, COUNT(minutes));
	tcase_add_test(tcase, goes_by_local_time);
	return unit_main("window", tcase);
}
