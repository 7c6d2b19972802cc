/* When the next backup is due. Pure. */
#ifndef NEXUS_AGENT_SCHEDULE_H
#define NEXUS_AGENT_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
	int64_t now_s, boot_s; /* since 1970 */
	int64_t last_success_s; /* 0: never */
	int64_t last_failure_s; /* end of the last try when it failed; 0: it did not */
	uint64_t interval_s, jitter_s, retry_s, boot_delay_s;
	uint64_t seed; /* of this box: spreads a fleet over jitter_s */
};

/* Seconds since 1970, perhaps in the past: due. A success that the clock calls future is not
 * believed. */
int64_t schedule_next(const struct schedule *schedule);

/* A seed from a box's id. */
uint64_t schedule_seed(const char *box_id);

#endif
