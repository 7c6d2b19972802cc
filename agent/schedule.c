#include "agent/schedule.h"

/* How far a clock may be set back, e.g. by NTP, before what it wrote earlier is not believed. */
#define CLOCK_SLACK_S 3600

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t schedule_next(const struct schedule *schedule)
{
	int64_t jitter = schedule->jitter_s ? (int64_t)(schedule->seed % schedule->jitter_s) : 0;
	int64_t earliest = schedule->boot_s + (int64_t)schedule->boot_delay_s, next = earliest;
	bool believed = schedule->last_success_s <= schedule->now_s + CLOCK_SLACK_S;

	if (schedule->last_success_s && believed)
		next = schedule->last_success_s + (int64_t)schedule->interval_s + jitter;
	if (schedule->last_failure_s && schedule->last_failure_s <= schedule->now_s + CLOCK_SLACK_S)
		next = max(next, schedule->last_failure_s + (int64_t)schedule->retry_s);
	return max(next, earliest);
}

uint64_t schedule_seed(const char *box_id)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (; *box_id; box_id++)
		hash = (hash ^ (unsigned char)*box_id) * 1099511628211u;
	return hash;
}
