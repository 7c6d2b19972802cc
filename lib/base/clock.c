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

void clock_rfc3339_format(int64_t seconds, uint32_t nanoseconds, char *ret_text)
{
	struct tm tm;
	time_t t;
	int n;

	if (seconds < YEAR_0_SECONDS)
		seconds = YEAR_0_SECONDS;
	if (seconds > YEAR_9999_SECONDS)
		seconds = YEAR_9999_SECONDS;
	t = (time_t)seconds;
	gmtime_r(&t, &tm);
	n = snprintf(ret_text, CLOCK_RFC3339_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (nanoseconds) {
		n += snprintf(ret_text + n, CLOCK_RFC3339_SIZE - (size_t)n, ".%09u", nanoseconds);
		while (ret_text[n - 1] == '0')
			n--;
	}
	snprintf(ret_text + n, CLOCK_RFC3339_SIZE - (size_t)n, "Z");
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

static bool take_date_time(const char **text, struct tm *ret)
{
	int y, mo, d, h, mi, s;

	if (!take_digits(text, 4, &y) || !take_char(text, '-') || !take_digits(text, 2, &mo) ||
		!take_char(text, '-') || !take_digits(text, 2, &d) || !take_char(text, 'T') ||
		!take_digits(text, 2, &h) || !take_char(text, ':') || !take_digits(text, 2, &mi) ||
		!take_char(text, ':') || !take_digits(text, 2, &s))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || s > 60)
		return false;
	*ret = (struct tm){.tm_year = y - 1900,
		.tm_mon = mo - 1,
		.tm_mday = d,
		.tm_hour = h,
		.tm_min = mi,
		.tm_sec = s};
	return true;
}

int clock_rfc3339_parse(const char *text, int64_t *ret_seconds, uint32_t *ret_nanoseconds,
	int32_t *ret_offset_s, struct err *err)
{
	const char *p = text;
	uint32_t nanoseconds;
	int32_t offset;
	struct tm tm;

	if (!take_date_time(&p, &tm) || !take_fraction(&p, &nanoseconds) ||
		!take_offset(&p, &offset) || *p)
		return err_set(
			err, ERR_CONFIG, EINVAL, "parse '%.40s': not an RFC 3339 time", text);
	*ret_seconds = (int64_t)timegm(&tm) - offset;
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
