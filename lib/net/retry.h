/* When to try again: what may heal, how long to wait, when to give up. Waits double from one
 * try to the next and are spread at random over their second half, so that many boxes do not
 * come back in step. */
#ifndef NEXUS_NET_RETRY_H
#define NEXUS_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define RETRY_ASKED_MAX_US (5 * 60 * 1000000ull) /* longest wait that a server may ask for */
#define RETRY_FEW 5 /* tries of what RETRY_SELDOM says */
#define RETRY_STRANGER_US (30 * 1000000ull) /* for a server that never answered before */

enum retry_class {
	RETRY_NEVER, /* denied, not found, a wrong certificate: told at once */
	RETRY_IF_MET, /* refused, unknown: hopeless at first, but a server that answered before
		       * may be starting again */
	RETRY_SELDOM, /* the server's own failure: a few times */
	RETRY_HEALS, /* reset, timed out, overloaded */
};

struct retry_policy {
	uint64_t first_us; /* before the second try; 0: 500 ms */
	uint64_t most_us; /* between two tries; 0: 30 s */
	uint64_t total_us; /* from the first try on; 0: 10 min */
};

struct retry {
	struct retry_policy policy;
	const struct clock *clock; /* borrowed */
	uint64_t started_us;
	unsigned tries;
};

/* policy may be NULL. */
void retry_start(struct retry *retry, const struct retry_policy *policy, const struct clock *clock);

/* After a failed try: true and the time to wait before the next one, false to give up. met: the
 * server has answered something before. asked_us: what it asked for (Retry-After), 0 if nothing. */
bool retry_next(struct retry *retry, enum retry_class class, bool met, uint64_t asked_us,
	uint64_t *ret_wait_us);

/* Sleeps; false as soon as *stop (may be NULL) is true. */
bool retry_wait(uint64_t wait_us, const volatile bool *stop);

#endif
