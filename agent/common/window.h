/* The hours of a day in which something may happen: "02:00-05:00", local time; "22:00-04:00" goes
 * over midnight, the same time twice is the whole day. */
#ifndef NEXUS_AGENT_COMMON_WINDOW_H
#define NEXUS_AGENT_COMMON_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct window {
	unsigned from_min, to_min; /* of the day, 0 to 1439 */
};

/* -EINVAL. */
int window_parse(const char *text, struct window *ret, struct err *err)
	__attribute__((warn_unused_result));

/* True if a minute of the day lies in it; its end does not. */
bool window_has(const struct window *window, unsigned minute);

/* The same for a time since 1970, by the clock on this box's wall. */
bool window_has_time(const struct window *window, int64_t time_s);

#endif
