#include "agent/common/window.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool read_two(const char *text, unsigned max, unsigned *ret)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*ret = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
	return *ret <= max;
}

static bool read_time(const char *text, unsigned *ret_min)
{
	unsigned hour, minute;

	if (!read_two(text, 23, &hour) || text[2] != ':' || !read_two(text + 3, 59, &minute))
		return false;
	*ret_min = hour * 60 + minute;
	return true;
}

int window_parse(const char *text, struct window *ret, struct err *err)
{
	struct window window;

	if (strnlen(text, 12) != 11 || text[5] != '-' || !read_time(text, &window.from_min) ||
		!read_time(text + 6, &window.to_min))
		return err_set(err, ERR_CONFIG, EINVAL,
			"'%.20s' is no time of the day; write 02:00-05:00", text);
	*ret = window;
	return 0;
}

bool window_has(const struct window *window, unsigned minute)
{
	if (window->from_min < window->to_min)
		return minute >= window->from_min && minute < window->to_min;
	if (window->from_min > window->to_min)
		return minute >= window->from_min || minute < window->to_min;
	return true;
}

bool window_has_time(const struct window *window, int64_t time_s)
{
	time_t seconds = (time_t)time_s;
	struct tm tm;

	return localtime_r(&seconds, &tm) &&
	       window_has(window, (unsigned)(tm.tm_hour * 60 + tm.tm_min));
}
