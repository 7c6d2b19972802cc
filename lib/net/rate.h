/* A limit of bytes a second that several threads share. */
#ifndef NEXUS_NET_RATE_H
#define NEXUS_NET_RATE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

struct rate {
	pthread_mutex_t mutex;
	const struct clock *clock; /* borrowed */
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t free_us; /* when all that was taken will have been passed on */
	uint64_t passed; /* bytes that were taken; atomic */
};

/* No limit yet; for statics. bytes_per_s may be set later, before the first use. */
#define RATE_INIT                                                                                  \
	{                                                                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .clock = &clock_system                         \
	}
#define RATE_MAX (1ull << 40) /* bytes a second */

/* bytes_per_s at most RATE_MAX. */
void rate_init(struct rate *rate, uint64_t bytes_per_s, const struct clock *clock);
void rate_done(struct rate *rate);

/* Enters bytes that are about to be moved; returns how long to wait before. rate may be NULL. */
uint64_t rate_take(struct rate *rate, size_t bytes);
/* The same, and waits. */
void rate_pass(struct rate *rate, size_t bytes);
/* The bytes that were taken so far, with or without a limit. */
uint64_t rate_passed(const struct rate *rate);
/* The most to move in one piece so that waits stay short, at most max bytes. */
size_t rate_piece(const struct rate *rate, size_t max);

#endif
