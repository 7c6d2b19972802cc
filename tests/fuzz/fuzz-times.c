#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/retain.h"
#include "base/clock.h"
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SNAPSHOTS 4
#define YEAR_0 INT64_C(-62167219200)
#define YEAR_10000 INT64_C(253402300800)

/* A clock that is put forward and back once a year. */
static int32_t summer_zone(int64_t seconds)
{
	return seconds % (365 * 86400) > 182 * 86400 ? 7200 : 3600;
}

/* What is read of a time is written and read the same again. */
static void check_time(const char *text, struct node_time *ret, int32_t *ret_offset_s)
{
	char written[CLOCK_RFC3339_SIZE];
	struct err err = ERR_INIT;
	struct node_time again;

	if (clock_rfc3339_parse(text, &ret->seconds, &ret->nanoseconds, ret_offset_s, &err) < 0)
		return;
	if (ret->nanoseconds >= 1000000000)
		abort();
	clock_rfc3339_format(ret->seconds, ret->nanoseconds, written);
	if (clock_rfc3339_parse(written, &again.seconds, &again.nanoseconds, NULL, &err) < 0)
		abort();
	/* An offset may move the first and the last day out of the years that can be written. */
	if (ret->seconds >= YEAR_0 && ret->seconds < YEAR_10000 &&
		node_time_compare(&again, ret) != 0)
		abort();
}

static void check_numbers(const char *text)
{
	struct err err = ERR_INIT;
	uint64_t number;

	if (parse_duration(text, 5, 1000000, &number, &err) >= 0 &&
		(number < 5 || number > 1000000))
		abort();
	if (parse_size(text, 0, UINT64_MAX, &number, &err) >= 0 && number > 1024 &&
		parse_size(text, 0, 1024, &number, &err) >= 0)
		abort();
}

/* The newest snapshot that is not in the future stands in every span; what is kept has a reason,
 * and nothing else has. */
static void check_rules(const struct retain_policy *policy, const struct node_time *time,
	int32_t offset_s, retain_zone_fn *zone)
{
	struct snapshot snapshots[SNAPSHOTS] = {0};
	const struct snapshot *items[SNAPSHOTS];
	struct retain_verdict verdicts[SNAPSHOTS];
	const struct node_time now = {time->seconds + 1, 0};
	bool spans = false;

	for (size_t i = 0; i < SNAPSHOTS; i++) {
		snapshots[i].time = *time;
		snapshots[i].time.seconds -= (int64_t)(i * i * 86400 * 9);
		snapshots[i].time_offset_s = offset_s;
		items[i] = &snapshots[i];
	}
	for (size_t i = 0; i < RETAIN_UNITS; i++)
		spans = spans || policy->within[i].years || policy->within[i].months ||
			policy->within[i].days || policy->within[i].hours;
	retain_apply(policy, items, SNAPSHOTS, &now, zone, verdicts);
	if (spans && !verdicts[0].keep)
		abort();
	for (size_t i = 0; i < SNAPSHOTS; i++) {
		cleanup_str_list struct str_list reasons = {0};
		struct err err = ERR_INIT;

		if (retain_reasons(policy, items[i], &verdicts[i], &reasons, &err) < 0)
			abort();
		if (verdicts[i].keep != (reasons.count > 0))
			abort();
	}
}

/* A time, and a rule a line: the first for all units as a span, and so on. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	struct node_time time = {0};
	struct retain_policy policy = {0};
	struct err err = ERR_INIT;
	int32_t offset_s = 0;
	size_t unit = 0;
	char *save = NULL;

	if (!text)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && unit < RETAIN_UNITS;
		line = strtok_r(NULL, "\n", &save)) {
		check_time(line, &time, &offset_s);
		check_numbers(line);
		if (retain_span_parse(line, &policy.within[unit], &err) >= 0 ||
			retain_count_parse(line, &policy.count[unit], &err) >= 0)
			unit++;
	}
	check_rules(&policy, &time, offset_s, summer_zone);
	check_rules(&policy, &time, offset_s, retain_local_zone);
	return 0;
}
