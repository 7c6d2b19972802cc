#include "archive/upkeep/plan.h"

#include <stdlib.h>

#include "base/cleanup.h"

#define SMALL_PACKS_MIN 10u /* fewer small packs are not worth it */

struct planner {
	struct plan_pack *packs; /* borrowed */
	const struct plan_limits *limits;
	struct plan_totals *totals;
	uint32_t *candidates; /* owned: numbers of packs that may be packed anew */
	size_t count;
};

static bool must_compress(const struct plan_pack *pack, const struct plan_limits *limits)
{
	return (limits->compress_trees && (pack->flags & PLAN_HAS_PLAIN_TREES)) ||
	       (limits->compress_data && (pack->flags & PLAN_HAS_PLAIN_DATA));
}

static bool is_mixed(const struct plan_pack *pack)
{
	return (pack->flags & PLAN_HAS_DATA) && (pack->flags & PLAN_HAS_TREES);
}

static bool is_small(const struct plan_pack *pack, const struct plan_limits *limits)
{
	return !pack->unused_blobs && pack->size < limits->small_bytes;
}

/* Before all others: what every run is to set right. Then the largest share of waste. */
static int compare(const void *a, const void *b, void *context)
{
	const struct planner *planner = context;
	const struct plan_pack *x = &planner->packs[*(const uint32_t *)a];
	const struct plan_pack *y = &planner->packs[*(const uint32_t *)b];
	bool x_first = (x->flags & PLAN_HAS_TREES) || must_compress(x, planner->limits);
	bool y_first = (y->flags & PLAN_HAS_TREES) || must_compress(y, planner->limits);
	uint64_t x_waste = (uint64_t)x->unused_bytes * y->used_bytes;
	uint64_t y_waste = (uint64_t)y->unused_bytes * x->used_bytes;

	if (x_first != y_first)
		return x_first ? -1 : 1;
	if (x_waste != y_waste)
		return x_waste > y_waste ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static void count_pack(const struct plan_pack *pack, struct plan_totals *totals)
{
	totals->used_blobs += pack->used_blobs;
	totals->used_bytes += pack->used_bytes;
	totals->unused_blobs += pack->unused_blobs;
	totals->unused_bytes += pack->unused_bytes;
	if (pack->verdict == PLAN_LOST)
		totals->lost_packs++;
	if (pack->verdict == PLAN_REMOVE) {
		totals->removed_packs++;
		totals->removed_blobs += pack->unused_blobs;
		totals->removed_bytes += pack->unused_bytes;
	}
}

/* What is plain of itself; the rest becomes a candidate. */
static void sort_out(struct planner *planner, size_t number, size_t *small)
{
	struct plan_pack *pack = &planner->packs[number];
	const struct plan_limits *limits = planner->limits;

	pack->verdict = PLAN_KEEP;
	if (!pack->used_blobs)
		pack->verdict = pack->flags & PLAN_IS_THERE || pack->size ? PLAN_REMOVE : PLAN_LOST;
	else if (limits->trees_only && (pack->flags & PLAN_HAS_DATA))
		pack->verdict = PLAN_KEEP;
	else if (pack->unused_blobs || is_mixed(pack) || must_compress(pack, limits))
		planner->candidates[planner->count++] = (uint32_t)number;
	else if (is_small(pack, limits)) {
		planner->candidates[planner->count++] = (uint32_t)number;
		(*small)++;
	}
	count_pack(pack, planner->totals);
}

static uint64_t allowed_waste(const struct planner *planner)
{
	const struct plan_limits *limits = planner->limits;

	if (limits->unused_percent < 0)
		return limits->unused_bytes;
	if (limits->unused_percent >= 100)
		return UINT64_MAX;
	return (uint64_t)(limits->unused_percent / (100 - limits->unused_percent) *
			  (double)planner->totals->used_bytes);
}

static bool is_worth_it(
	const struct planner *planner, const struct plan_pack *pack, uint64_t allowed, size_t small)
{
	const struct plan_totals *totals = planner->totals;
	uint64_t bytes = (uint64_t)pack->used_bytes + pack->unused_bytes;

	if (planner->limits->repack_bytes != UINT64_MAX &&
		totals->repack_bytes + bytes > planner->limits->repack_bytes)
		return false;
	if (is_mixed(pack) || must_compress(pack, planner->limits) ||
		((pack->flags & PLAN_HAS_TREES) && pack->unused_blobs))
		return true;
	if (is_small(pack, planner->limits))
		return small >= SMALL_PACKS_MIN;
	return totals->unused_bytes - totals->removed_bytes - totals->freed_bytes > allowed;
}

static void choose(struct planner *planner, size_t small)
{
	uint64_t allowed = allowed_waste(planner);
	struct plan_totals *totals = planner->totals;

	for (size_t i = 0; i < planner->count; i++) {
		struct plan_pack *pack = &planner->packs[planner->candidates[i]];

		if (!is_worth_it(planner, pack, allowed, small))
			continue;
		pack->verdict = PLAN_REPACK;
		totals->repack_packs++;
		totals->repack_blobs += (uint64_t)pack->used_blobs + pack->unused_blobs;
		totals->repack_bytes += (uint64_t)pack->used_bytes + pack->unused_bytes;
		totals->freed_blobs += pack->unused_blobs;
		totals->freed_bytes += pack->unused_bytes;
	}
}

int plan_make(struct plan_pack *packs, size_t count, const struct plan_limits *limits,
	struct plan_totals *ret, struct err *err)
{
	cleanup_free uint32_t *candidates = calloc(count ? count : 1, sizeof(*candidates));
	struct planner planner = {packs, limits, ret, candidates, 0};
	size_t small = 0;

	if (!candidates)
		return err_oom(err);
	*ret = (struct plan_totals){0};
	for (size_t i = 0; i < count; i++)
		sort_out(&planner, i, &small);
	qsort_r(candidates, planner.count, sizeof(*candidates), compare, &planner);
	choose(&planner, small);
	ret->kept_packs = count - ret->repack_packs - ret->removed_packs - ret->lost_packs;
	return 0;
}
