/* A clock that stands still until it is told. */
#ifndef NEXUS_TESTS_UNIT_NET_FAKE_CLOCK_H
#define NEXUS_TESTS_UNIT_NET_FAKE_CLOCK_H

#include "base/clock.h"

static uint64_t fake_now_us;

static inline uint64_t fake_clock_read(void *context)
{
	(void)context;
	return fake_now_us;
}

static const struct clock fake_clock = {fake_clock_read, fake_clock_read, NULL};

#endif
