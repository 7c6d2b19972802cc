/* Time, injectable: code that waits or dates things borrows a struct clock, so that tests
 * decide what time it is. */
#ifndef NEXUS_BASE_CLOCK_H
#define NEXUS_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

struct clock {
	/* Microseconds since 1970 UTC, and since an arbitrary start that never goes back. */
	uint64_t (*realtime_us)(void *context);
	uint64_t (*monotonic_us)(void *context);
	void *context; /* borrowed; handed to both */
};

/* The system's clocks; monotonic counts the time in suspend too (CLOCK_BOOTTIME). */
extern const struct clock clock_system;

uint64_t clock_realtime_us(const struct clock *clock);
uint64_t clock_monotonic_us(const struct clock *clock);

#define CLOCK_RFC3339_SIZE 40

/* "2026-11-22T09:44:52Z", or with nanoseconds "2026-11-22T09:44:52.000000001Z", trailing zeros
 * of the fraction cut. UTC. ret_text has CLOCK_RFC3339_SIZE bytes. Years 0 to 9999; others are
 * clamped. */
void clock_rfc3339_format(int64_t seconds, uint32_t nanoseconds, char *ret_text);

/* Reads any RFC 3339 time, with its offset. ret_offset_s may be NULL. -EINVAL. */
int clock_rfc3339_parse(const char *text, int64_t *ret_seconds, uint32_t *ret_nanoseconds,
	int32_t *ret_offset_s, struct err *err) __attribute__((warn_unused_result));

/* "3 s", "2 min 5 s", "1 h 3 min": for people. ret_text has 32 bytes. */
void clock_duration_format(uint64_t us, char ret_text[32]);

#endif
