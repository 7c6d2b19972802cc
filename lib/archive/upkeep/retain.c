#include "archive/upkeep/retain.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "archive/select.h"
#include "base/buf.h"
#include "base/parse.h"

#define DAY_S 86400
#define TEXT_MAX 4096

static const char *const unit_words[RETAIN_UNITS] = {
	"last", "hourly", "daily", "weekly", "monthly", "yearly"};

/* --- Rules from text --- */

int retain_span_parse(const char *text, struct retain_span *ret, struct err *err)
{
	struct retain_span span = {0};
	const char *at = text;

	while (*at) {
		int64_t number = 0;
		const char *start = at;

		for (; *at >= '0' && *at <= '9' && number <= RETAIN_NUMBER_MAX; at++)
			number = number * 10 + (*at - '0');
		if (at == start || number > RETAIN_NUMBER_MAX)
			break;
		if (*at == 'y')
			span.years = (int32_t)number;
		else if (*at == 'm')
			span.months = (int32_t)number;
		else if (*at == 'd')
			span.days = (int32_t)number;
		else if (*at == 'h')
			span.hours = (int32_t)number;
		else
			break;
		at++;
	}
	if (*at || at == text || at[-1] < 'd') /* the last is no unit */
		return err_set(err, ERR_CONFIG, EINVAL,
			"read time span \"%s\": it must be like 2y5m7d3h", text);
	*ret = span;
	return 0;
}

int retain_count_parse(const char *text, int32_t *ret, struct err *err)
{
	uint64_t number;
	int r;

	if (strcmp(text, "unlimited") == 0) {
		*ret = RETAIN_UNLIMITED;
		return 0;
	}
	r = parse_u64(text, 0, RETAIN_NUMBER_MAX, &number, err);
	if (r < 0)
		return err_wrap(err, "read how many to keep (a number, or unlimited)");
	*ret = (int32_t)number;
	return 0;
}

static bool span_is_zero(const struct retain_span *span)
{
	return !span->years && !span->months && !span->days && !span->hours;
}

bool retain_is_empty(const struct retain_policy *policy)
{
	for (size_t i = 0; i < RETAIN_UNITS; i++)
		if (policy->count[i] || !span_is_zero(&policy->within[i]))
			return false;
	return !policy->tags || !policy->tags->count;
}

/* --- The calendar --- */

/* Days since 1970-01-01 of a date; month 1 to 12, any year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

struct date {
	int64_t days; /* since 1970-01-01 */
	int64_t year;
	int month, day, hour;
	int64_t second_of_day;
};

/* What a clock shows that is seconds (already moved by its zone) after 1970. */
static struct date date_of(int64_t seconds)
{
	struct date date = {.days = seconds / DAY_S, .second_of_day = seconds % DAY_S};
	int64_t z, era, day_of_era, year_of_era, day_of_year, month;

	if (date.second_of_day < 0) {
		date.second_of_day += DAY_S;
		date.days--;
	}
	z = date.days + 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	day_of_era = z - era * 146097;
	year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	date.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	date.month = (int)(month < 10 ? month + 3 : month - 9);
	date.year = year_of_era + era * 400 + (date.month <= 2);
	date.hour = (int)(date.second_of_day / 3600);
	return date;
}

/* Number of the ISO week, counted from the one that holds 1970-01-01 (a Thursday): weeks begin
 * on Monday, so no year comes into it. */
static int64_t week_of(const struct date *date)
{
	int64_t days = date->days + 3;

	return (days >= 0 ? days : days - 6) / 7;
}

int32_t retain_local_zone(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	return localtime_r(&time, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

/* The moment that a clock of the zone shows as local seconds. Where the clock is put forward or
 * back that is not one moment: as Go's time.Date, which restic reckons with. */
static int64_t moment_of(int64_t local, retain_zone_fn *zone)
{
	int32_t offset = zone(local);

	if (!offset)
		return local;
	if (zone(local - offset) != offset)
		offset = zone(local - offset);
	return local - offset;
}

/* The moment a span before another, reckoned by the calendar: a month before March 31 is
 * March 3 (or 2). */
static struct node_time before(
	const struct snapshot *snapshot, const struct retain_span *span, retain_zone_fn *zone)
{
	int64_t seconds = snapshot->time.seconds, months, year, local;
	int32_t offset = snapshot->time_offset_s;
	struct date date = date_of(seconds + offset);

	months = date.year * 12 + date.month - 1 - (int64_t)span->years * 12 - span->months;
	year = (months >= 0 ? months : months - 11) / 12;
	local = (days_of(year, months - year * 12 + 1, 1) + date.day - 1 - span->days) * DAY_S +
		date.second_of_day;
	/* A time in the zone of this process follows its summer time, any other its offset. */
	if (offset && zone(seconds) == offset)
		seconds = moment_of(local, zone);
	else
		seconds = local - offset;
	return (struct node_time){
		seconds - (int64_t)span->hours * 3600, snapshot->time.nanoseconds};
}

/* --- Judging --- */

/* Which hour, day ... a snapshot is of. */
static int64_t bucket_of(enum retain_unit unit, const struct snapshot *snapshot, size_t number)
{
	struct date date = date_of(snapshot->time.seconds + snapshot->time_offset_s);

	switch (unit) {
	case RETAIN_LAST:
	case RETAIN_UNITS:
		break;
	case RETAIN_HOURLY:
		return date.days * 24 + date.hour;
	case RETAIN_DAILY:
		return date.days;
	case RETAIN_WEEKLY:
		return week_of(&date);
	case RETAIN_MONTHLY:
		return date.year * 12 + date.month;
	case RETAIN_YEARLY:
		return date.year;
	}
	return (int64_t)number;
}

struct judge {
	const struct retain_policy *policy;
	int32_t left[RETAIN_UNITS];
	int64_t last[RETAIN_UNITS], last_within[RETAIN_UNITS]; /* buckets */
	struct node_time since[RETAIN_UNITS];
};

static void judge_unit(struct judge *judge, enum retain_unit unit, const struct snapshot *snapshot,
	size_t number, bool is_oldest, struct retain_verdict *ret)
{
	const uint8_t bit = (uint8_t)(1u << unit);
	int64_t bucket = bucket_of(unit, snapshot, number);
	bool is_new = bucket != judge->last[unit];
	bool is_within = !span_is_zero(&judge->policy->within[unit]) &&
			 node_time_compare(&snapshot->time, &judge->since[unit]) > 0;

	if (judge->left[unit] && (is_new || is_oldest)) {
		judge->last[unit] = bucket;
		if (judge->left[unit] > 0)
			judge->left[unit]--;
		*(is_new ? &ret->counted : &ret->oldest) |= bit;
	}
	if (!is_within)
		return;
	is_new = unit == RETAIN_LAST || bucket != judge->last_within[unit];
	if (is_new || is_oldest) {
		judge->last_within[unit] = bucket;
		*(is_new ? &ret->within : &ret->within_oldest) |= bit;
	}
}

/* The newest one that is not in the future, or NULL. */
static const struct snapshot *newest(
	const struct snapshot *const *snapshots, size_t count, const struct node_time *now)
{
	for (size_t i = 0; i < count; i++)
		if (node_time_compare(&snapshots[i]->time, now) < 0)
			return snapshots[i];
	return NULL;
}

void retain_apply(const struct retain_policy *policy, const struct snapshot *const *snapshots,
	size_t count, const struct node_time *now, retain_zone_fn *zone, struct retain_verdict *ret)
{
	const struct snapshot *latest = newest(snapshots, count, now);
	struct judge judge = {.policy = policy};

	for (size_t u = 0; u < RETAIN_UNITS; u++) {
		judge.left[u] = policy->count[u];
		judge.last[u] = judge.last_within[u] = INT64_MIN;
		judge.since[u] = latest ? before(latest, &policy->within[u], zone)
					: (struct node_time){INT64_MIN, 0};
	}
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct retain_verdict){0};
		for (size_t u = 0; u < RETAIN_UNITS; u++)
			judge_unit(&judge, (enum retain_unit)u, snapshots[i], i, i + 1 == count,
				&ret[i]);
		ret[i].keep =
			ret[i].counted || ret[i].oldest || ret[i].within || ret[i].within_oldest;
		for (size_t t = 0; policy->tags && t < policy->tags->count; t++)
			ret[i].keep = ret[i].keep ||
				      select_has_tags(snapshots[i], policy->tags->items[t]);
	}
}

/* --- Reasons --- */

static int add_span(struct buf *ret, const struct retain_span *span, struct err *err)
{
	const struct {
		int32_t number;
		char unit;
	} parts[] = {
		{span->years, 'y'}, {span->months, 'm'}, {span->days, 'd'}, {span->hours, 'h'}};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].number)
			r = buf_printf(ret, err, "%d%c", parts[i].number, parts[i].unit);
	return r;
}

static int add_tags(const char *tags, struct str_list *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
	int r = buf_add_text(&text, "has tags [", err);

	for (const char *at = tags; r >= 0 && *at; at++)
		r = *at == ',' ? buf_add_text(&text, ", ", err)
			       : buf_add_byte(&text, (uint8_t)*at, err);
	if (r >= 0)
		r = buf_add_byte(&text, ']', err);
	return r < 0 ? r : str_list_add(ret, (const char *)text.data, err);
}

static int add_counted(enum retain_unit unit, bool oldest, struct str_list *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
	int r = buf_printf(&text, err, "%s%s snapshot", oldest ? "oldest " : "", unit_words[unit]);

	return r < 0 ? r : str_list_add(ret, (const char *)text.data, err);
}

static int add_within(const struct retain_policy *policy, enum retain_unit unit, bool oldest,
	struct str_list *ret, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(TEXT_MAX);
	int r = buf_printf(&text, err, "%s%s%swithin ", oldest ? "oldest " : "",
		unit == RETAIN_LAST ? "" : unit_words[unit], unit == RETAIN_LAST ? "" : " ");

	if (r >= 0)
		r = add_span(&text, &policy->within[unit], err);
	return r < 0 ? r : str_list_add(ret, (const char *)text.data, err);
}

int retain_reasons(const struct retain_policy *policy, const struct snapshot *snapshot,
	const struct retain_verdict *verdict, struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && policy->tags && i < policy->tags->count; i++)
		if (select_has_tags(snapshot, policy->tags->items[i]))
			r = add_tags(policy->tags->items[i], ret, err);
	if (r >= 0 && (verdict->within & 1u << RETAIN_LAST))
		r = add_within(policy, RETAIN_LAST, false, ret, err);
	for (unsigned u = 0; r >= 0 && u < RETAIN_UNITS; u++)
		if ((verdict->counted | verdict->oldest) & 1u << u)
			r = add_counted((enum retain_unit)u, verdict->oldest & 1u << u, ret, err);
	for (unsigned u = RETAIN_LAST + 1; r >= 0 && u < RETAIN_UNITS; u++)
		if ((verdict->within | verdict->within_oldest) & 1u << u)
			r = add_within(policy, (enum retain_unit)u,
				verdict->within_oldest & 1u << u, ret, err);
	return r;
}
