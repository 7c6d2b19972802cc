#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Reads leading decimal digits; *ret_rest is what follows. */
static int parse_digits(const char *text, uint64_t *ret, const char **ret_rest, struct err *err)
{
	uint64_t value = 0;
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return err_set(err, ERR_CONFIG, EINVAL, "parse '%.64s': not a number", text);
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return err_set(err, ERR_CONFIG, ERANGE, "parse '%.64s': too large", text);
	*ret = value;
	*ret_rest = p;
	return 0;
}

static int check_range(
	const char *text, uint64_t value, uint64_t min, uint64_t max, struct err *err)
{
	if (value >= min && value <= max)
		return 0;
	return err_set(err, ERR_CONFIG, ERANGE,
		"parse '%.64s': must be from %" PRIu64 " to %" PRIu64, text, min, max);
}

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
{
	const char *rest;
	uint64_t value;
	int r;

	r = parse_digits(text, &value, &rest, err);
	if (r < 0)
		return r;
	if (*rest)
		return err_set(err, ERR_CONFIG, EINVAL, "parse '%.64s': not a number", text);
	r = check_range(text, value, min, max, err);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

static int parse_with_unit(const char *text, const struct unit *units, uint64_t min, uint64_t max,
	uint64_t *ret, struct err *err)
{
	const char *rest;
	uint64_t value;
	int r;

	r = parse_digits(text, &value, &rest, err);
	if (r < 0)
		return r;
	while (*rest == ' ')
		rest++;
	while (units->suffix && strcasecmp(units->suffix, rest) != 0)
		units++;
	if (!units->suffix)
		return err_set(
			err, ERR_CONFIG, EINVAL, "parse '%.64s': unknown unit '%.16s'", text, rest);
	if (__builtin_mul_overflow(value, units->factor, &value))
		return err_set(err, ERR_CONFIG, ERANGE, "parse '%.64s': too large", text);
	r = check_range(text, value, min, max, err);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

int parse_size(const char *text, uint64_t min_bytes, uint64_t max_bytes, uint64_t *ret_bytes,
	struct err *err)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"K", 1ull << 10},
		{"KiB", 1ull << 10},
		{"M", 1ull << 20},
		{"MiB", 1ull << 20},
		{"G", 1ull << 30},
		{"GiB", 1ull << 30},
		{"T", 1ull << 40},
		{"TiB", 1ull << 40},
		{NULL, 0},
	};

	return parse_with_unit(text, units, min_bytes, max_bytes, ret_bytes, err);
}

int parse_duration(
	const char *text, uint64_t min_us, uint64_t max_us, uint64_t *ret_us, struct err *err)
{
	static const struct unit units[] = {
		{"", 1000000ull},
		{"us", 1},
		{"ms", 1000},
		{"s", 1000000ull},
		{"min", 60000000ull},
		{"h", 3600000000ull},
		{"d", 86400000000ull},
		{NULL, 0},
	};

	return parse_with_unit(text, units, min_us, max_us, ret_us, err);
}

int parse_bool(const char *text, bool *ret, struct err *err)
{
	static const char *const yes[] = {"yes", "true", "on", "1", "si", "s\u00ed", "y"};
	static const char *const no[] = {"no", "false", "off", "0", "n"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (strcasecmp(text, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strcasecmp(text, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	return err_set(err, ERR_CONFIG, EINVAL, "parse '%.64s': must be yes or no", text);
}
