#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static uint64_t system_realtime_us(void *context)
{
	(void)context;
	return read_clock(CLOCK_REALTIME);
}

static uint64_t system_monotonic_us(void *context)
{
	(void)context;
	return read_clock(CLOCK_BOOTTIME);
}

const struct clock clock_system = {
	.realtime_us = system_realtime_us,
	.monotonic_us = system_monotonic_us,
};

uint64_t clock_realtime_us(const struct clock *clock)
{
	return clock->realtime_us(clock->context);
}

uint64_t clock_monotonic_us(const struct clock *clock)
{
	return clock->monotonic_us(clock->context);
}

#define YEAR_0_SECONDS (-62167219200ll)
#define YEAR_9999_SECONDS 253402300799ll

/* Days of 400 years; and from 0000-03-01 to 1970-01-01. Years are counted from March, so that
 * the leap day is the last one. libc's own functions cost microseconds for their time zones. */
#define DAYS_400_YEARS 146097
#define DAYS_TO_1970 719468

static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2), in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;

	y += 400; /* the year -1, from March, is below 0 */
	return y * 365 + y / 4 - y / 100 + y / 400 + in_year - DAYS_400_YEARS - DAYS_TO_1970;
}

/* days from 0000-01-01 on. */
static void date_of(int64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	uint64_t shifted = (uint64_t)(days + DAYS_TO_1970 + DAYS_400_YEARS);
	uint64_t era = shifted / DAYS_400_YEARS, in_era = shifted % DAYS_400_YEARS;
	uint64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	uint64_t in_year = in_era - (365 * y + y / 4 - y / 100), m = (5 * in_year + 2) / 153;

	*ret_day = (unsigned)(in_year - (153 * m + 2) / 5 + 1);
	*ret_month = (unsigned)(m < 10 ? m + 3 : m - 9);
	*ret_year = (unsigned)(era * 400 + y - 400 + (*ret_month <= 2));
}

/* Puts count digits and then end at *at and moves it. */
static void put_digits(char **at, int count, unsigned value, char end)
{
	for (int i = count; i--; value /= 10)
		(*at)[i] = (char)('0' + value % 10);
	*at += count;
	*(*at)++ = end;
}

void clock_rfc3339_format(int64_t seconds, uint32_t nanoseconds, char *ret_text)
{
	unsigned year, month, day, in_day;
	char *at = ret_text;
	int64_t days;

	if (seconds < YEAR_0_SECONDS)
		seconds = YEAR_0_SECONDS;
	if (seconds > YEAR_9999_SECONDS)
		seconds = YEAR_9999_SECONDS;
	days = (seconds - YEAR_0_SECONDS) / 86400;
	in_day = (unsigned)((seconds - YEAR_0_SECONDS) % 86400);
	date_of(days + YEAR_0_SECONDS / 86400, &year, &month, &day);
	put_digits(&at, 4, year, '-');
	put_digits(&at, 2, month, '-');
	put_digits(&at, 2, day, 'T');
	put_digits(&at, 2, in_day / 3600, ':');
	put_digits(&at, 2, in_day / 60 % 60, ':');
	put_digits(&at, 2, in_day % 60, '.');
	if (nanoseconds) {
		put_digits(&at, 9, nanoseconds % 1000000000, '0');
		while (at[-1] == '0')
			at--;
	} else {
		at--;
	}
	*at++ = 'Z';
	*at = '\0';
}

/* Reads count digits at *text and moves it. */
static bool take_digits(const char **text, int count, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*text += count;
	*ret = value;
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_fraction(const char **text, uint32_t *ret)
{
	uint32_t value = 0, factor = 100000000u;
	int digits = 0;

	if (!take_char(text, '.')) {
		*ret = 0;
		return true;
	}
	for (; **text >= '0' && **text <= '9'; (*text)++, digits++, factor /= 10)
		value += (uint32_t)(**text - '0') * factor;
	*ret = value;
	return digits >= 1 && digits <= 9;
}

static bool take_offset(const char **text, int32_t *ret)
{
	int hours, minutes, sign;

	if (take_char(text, 'Z')) {
		*ret = 0;
		return true;
	}
	sign = **text == '-' ? -1 : 1;
	if (!take_char(text, '+') && !take_char(text, '-'))
		return false;
	if (!take_digits(text, 2, &hours) || !take_char(text, ':') ||
		!take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int month_days(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date_time(const char **text, int64_t *ret_seconds)
{
	int y, mo, d, h, mi, s;

	if (!take_digits(text, 4, &y) || !take_char(text, '-') || !take_digits(text, 2, &mo) ||
		!take_char(text, '-') || !take_digits(text, 2, &d) || !take_char(text, 'T') ||
		!take_digits(text, 2, &h) || !take_char(text, ':') || !take_digits(text, 2, &mi) ||
		!take_char(text, ':') || !take_digits(text, 2, &s))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || s > 60)
		return false;
	*ret_seconds = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	return true;
}

int clock_rfc3339_parse(const char *text, int64_t *ret_seconds, uint32_t *ret_nanoseconds,
	int32_t *ret_offset_s, struct err *err)
{
	const char *p = text;
	uint32_t nanoseconds;
	int64_t seconds;
	int32_t offset;

	if (!take_date_time(&p, &seconds) || !take_fraction(&p, &nanoseconds) ||
		!take_offset(&p, &offset) || *p)
		return err_set(
			err, ERR_CONFIG, EINVAL, "parse '%.40s': not an RFC 3339 time", text);
	*ret_seconds = seconds - offset;
	*ret_nanoseconds = nanoseconds;
	if (ret_offset_s)
		*ret_offset_s = offset;
	return 0;
}

void clock_duration_format(uint64_t us, char ret_text[32])
{
	unsigned long long s = us / 1000000u;

	if (s < 60)
		snprintf(ret_text, 32, "%llu s", s);
	else if (s < 3600)
		snprintf(ret_text, 32, "%llu min %llu s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(ret_text, 32, "%llu h %llu min", s / 3600, s / 60 % 60);
	else
		snprintf(ret_text, 32, "%llu d %llu h", s / 86400, s / 3600 % 24);
}
