/* Which snapshots a policy keeps, decided as restic decides. Pure: snapshots, rules and the
 * time in, verdicts out. */
#ifndef NEXUS_ARCHIVE_UPKEEP_RETAIN_H
#define NEXUS_ARCHIVE_UPKEEP_RETAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "repo/snapshot.h"

#define RETAIN_UNLIMITED (-1)
#define RETAIN_NUMBER_MAX 1000000 /* of anything in a rule */

enum retain_unit {
	RETAIN_LAST, /* each snapshot is one of its own */
	RETAIN_HOURLY,
	RETAIN_DAILY,
	RETAIN_WEEKLY, /* ISO weeks */
	RETAIN_MONTHLY,
	RETAIN_YEARLY,
	RETAIN_UNITS,
};

/* A length of time in the calendar; all 0: none. */
struct retain_span {
	int32_t years, months, days, hours;
};

struct retain_policy {
	/* Keep the newest of each of the last count hours, days ...; 0: no such rule. */
	int32_t count[RETAIN_UNITS];
	/* The same for all that are younger than this before the newest snapshot. */
	struct retain_span within[RETAIN_UNITS];
	/* Keep what has all tags of one of these ("a,b"; "" is: no tags). Borrowed, or NULL. */
	const struct str_list *tags;
};

/* Seconds east of UTC that hold locally at a moment of UTC. */
typedef int32_t retain_zone_fn(int64_t seconds);
/* That of the process's time zone. */
int32_t retain_local_zone(int64_t seconds);

struct retain_verdict {
	bool keep;
	/* Bits by unit: kept by count; as the oldest while the count was not used up; and both
	 * again for what is within. */
	uint8_t counted, oldest, within, within_oldest;
};

/* "2y5m7d3h", parts in any order. -EINVAL (kind config). */
int retain_span_parse(const char *text, struct retain_span *ret, struct err *err)
	__attribute__((warn_unused_result));
/* A number, or "unlimited". -EINVAL or -ERANGE (kind config). */
int retain_count_parse(const char *text, int32_t *ret, struct err *err)
	__attribute__((warn_unused_result));

bool retain_is_empty(const struct retain_policy *policy);

/* Judges one group of snapshots, the newest first. now: those after it do not count as the
 * newest, from which "within" is reckoned. ret has room for count verdicts. */
void retain_apply(const struct retain_policy *policy, const struct snapshot *const *snapshots,
	size_t count, const struct node_time *now, retain_zone_fn *zone,
	struct retain_verdict *ret);

/* Adds restic's words for why a snapshot was kept. */
int retain_reasons(const struct retain_policy *policy, const struct snapshot *snapshot,
	const struct retain_verdict *verdict, struct str_list *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
