#include "base/parse.h"

#include <errno.h>

#include "../unit.h"

struct row {
	const char *text;
	uint64_t min, max;
	int result;
	uint64_t value;
};

static const struct row numbers[] = {
	{"0", 0, UINT64_MAX, 0, 0}, {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
	{"18446744073709551616", 0, UINT64_MAX, -ERANGE, 0},
	{"99999999999999999999999", 0, UINT64_MAX, -ERANGE, 0}, {"007", 0, 10, 0, 7},
	{"10", 1, 10, 0, 10}, {"11", 1, 10, -ERANGE, 0}, {"0", 1, 10, -ERANGE, 0},
	{"", 0, 10, -EINVAL, 0}, {"-1", 0, 10, -EINVAL, 0}, {"+1", 0, 10, -EINVAL, 0},
	{" 1", 0, 10, -EINVAL, 0}, {"1 ", 0, 10, -EINVAL, 0}, {"1x", 0, 10, -EINVAL, 0},
	{"0x1", 0, 10, -EINVAL, 0}, {"1.0", 0, 10, -EINVAL, 0},
	{"\xd9\xa1", 0, 10, -EINVAL, 0}, /* a digit in another script */
};

static const struct row sizes[] = {
	{"0", 0, UINT64_MAX, 0, 0},
	{"512", 0, UINT64_MAX, 0, 512},
	{"512B", 0, UINT64_MAX, 0, 512},
	{"1K", 0, UINT64_MAX, 0, 1024},
	{"1k", 0, UINT64_MAX, 0, 1024},
	{"64 MiB", 0, UINT64_MAX, 0, 64ull << 20},
	{"2G", 0, UINT64_MAX, 0, 2ull << 30},
	{"16777215T", 0, UINT64_MAX, 0, 16777215ull << 40},
	{"16777216T", 0, UINT64_MAX, -ERANGE, 0},
	{"1M", 0, (1ull << 20) - 1, -ERANGE, 0},
	{"1M", 0, 1ull << 20, 0, 1ull << 20},
	{"M", 0, UINT64_MAX, -EINVAL, 0},
	{"1MB", 0, UINT64_MAX, -EINVAL, 0},
	{"1 M 2", 0, UINT64_MAX, -EINVAL, 0},
	{"1,5M", 0, UINT64_MAX, -EINVAL, 0},
};

static const struct row durations[] = {
	{"5", 0, UINT64_MAX, 0, 5000000},
	{"5s", 0, UINT64_MAX, 0, 5000000},
	{"10us", 0, UINT64_MAX, 0, 10},
	{"250ms", 0, UINT64_MAX, 0, 250000},
	{"5 min", 0, UINT64_MAX, 0, 300000000},
	{"2h", 0, UINT64_MAX, 0, 7200000000},
	{"213503982d", 0, UINT64_MAX, 0, 213503982ull * 86400000000ull},
	{"213503983d", 0, UINT64_MAX, -ERANGE, 0},
	{"1s", 2000000, UINT64_MAX, -ERANGE, 0},
	{"5m", 0, UINT64_MAX, -EINVAL, 0}, /* minutes or months? */
	{"1h30", 0, UINT64_MAX, -EINVAL, 0},
	{"forever", 0, UINT64_MAX, -EINVAL, 0},
};

static void check_row(const struct row *row,
	int (*parse)(const char *, uint64_t, uint64_t, uint64_t *, struct err *))
{
	struct err err = ERR_INIT;
	uint64_t value = 77;

	ck_assert_msg(parse(row->text, row->min, row->max, &value, &err) == row->result, "'%s': %s",
		row->text, err.text);
	ck_assert_uint_eq(value, row->result ? 77 : row->value);
	if (row->result)
		ck_assert_int_eq(err.kind, ERR_CONFIG);
}

START_TEST(u64)
{
	check_row(&numbers[_i], parse_u64);
}
END_TEST

START_TEST(size)
{
	check_row(&sizes[_i], parse_size);
}
END_TEST

START_TEST(duration)
{
	check_row(&durations[_i], parse_duration);
}
END_TEST

START_TEST(range_is_named)
{
	struct err err = ERR_INIT;
	uint64_t value;

	ck_assert_int_eq(parse_u64("11", 1, 10, &value, &err), -ERANGE);
	ck_assert_str_eq(err.text, "parse '11': must be from 1 to 10");
}
END_TEST

static const struct {
	const char *text;
	int value; /* -1: refused */
} bools[] = {
	{"yes", 1},
	{"YES", 1},
	{"true", 1},
	{"on", 1},
	{"1", 1},
	{"si", 1},
	{"s\u00ed", 1},
	{"y", 1},
	{"no", 0},
	{"False", 0},
	{"off", 0},
	{"0", 0},
	{"n", 0},
	{"", -1},
	{"2", -1},
	{"yess", -1},
	{" yes", -1},
};

START_TEST(bool_words)
{
	struct err err = ERR_INIT;
	int expected = bools[_i].value;
	bool value = expected != 1;

	ck_assert_int_eq(parse_bool(bools[_i].text, &value, &err), expected < 0 ? -EINVAL : 0);
	ck_assert_int_eq(value, expected == 1 || expected < 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("parse");

	tcase_add_loop_test(tcase, u64, 0, COUNT(numbers));
	tcase_add_loop_test(tcase, size, 0, COUNT(sizes));
	tcase_add_loop_test(tcase, duration, 0, COUNT(durations));
	tcase_add_test(tcase, range_is_named);
	tcase_add_loop_test(tcase, bool_words, 0, COUNT(bools));
	return unit_main("parse", tcase);
}
