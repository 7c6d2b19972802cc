#include "archive/upkeep/plan.h"

#include "../unit.h"

#define MIB (1u << 20)
#define DATA (PLAN_HAS_DATA | PLAN_IS_THERE)
#define TREES (PLAN_HAS_TREES | PLAN_IS_THERE)

/* A pack with so many MiB used and unused. */
#define PACK(used, unused, what)                                                                   \
	{                                                                                          \
		.size = ((used) + (unused)) * MIB, .used_bytes = (used)*MIB,                       \
		.unused_bytes = (unused)*MIB, .used_blobs = (used), .unused_blobs = (unused),      \
		.flags = (what)                                                                    \
	}

static const struct {
	struct plan_pack packs[4];
	size_t count;
	struct plan_limits limits;
	enum plan_verdict verdicts[4];
} cases[] = {
	/* Nothing used goes, all used stays. */
	{{PACK(0, 16, DATA), PACK(16, 0, DATA)}, 2,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX}, {PLAN_REMOVE, PLAN_KEEP}},
	/* Waste up to the limit stays; past it the most wasteful goes first. */
	{{PACK(15, 1, DATA), PACK(2, 14, DATA), PACK(16, 0, DATA)}, 3,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX},
		{PLAN_KEEP, PLAN_REPACK, PLAN_KEEP}},
	{{PACK(15, 1, DATA), PACK(2, 14, DATA)}, 2,
		{.unused_percent = 0, .repack_bytes = UINT64_MAX}, {PLAN_REPACK, PLAN_REPACK}},
	{{PACK(15, 1, DATA), PACK(2, 14, DATA)}, 2,
		{.unused_percent = -1, .unused_bytes = UINT64_MAX, .repack_bytes = UINT64_MAX},
		{PLAN_KEEP, PLAN_KEEP}},
	{{PACK(15, 1, DATA), PACK(2, 14, DATA)}, 2,
		{.unused_percent = -1, .unused_bytes = 1 * MIB, .repack_bytes = UINT64_MAX},
		{PLAN_KEEP, PLAN_REPACK}},
	/* Trees with waste are always packed anew, and first. */
	{{PACK(15, 1, TREES), PACK(2, 14, DATA)}, 2,
		{.unused_percent = -1, .unused_bytes = UINT64_MAX, .repack_bytes = UINT64_MAX},
		{PLAN_REPACK, PLAN_KEEP}},
	{{PACK(2, 14, DATA), PACK(15, 1, TREES)}, 2,
		{.unused_percent = 0, .repack_bytes = 16 * MIB}, {PLAN_KEEP, PLAN_REPACK}},
	{{PACK(2, 14, DATA), PACK(15, 1, TREES)}, 2,
		{.unused_percent = 0, .repack_bytes = 16 * MIB - 1}, {PLAN_KEEP, PLAN_KEEP}},
	/* Trees and data in one pack, and trees that are not compressed. */
	{{PACK(16, 0, DATA | TREES), PACK(16, 0, TREES | PLAN_HAS_PLAIN_TREES)}, 2,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX, .compress_trees = true},
		{PLAN_REPACK, PLAN_REPACK}},
	{{PACK(16, 0, DATA | PLAN_HAS_PLAIN_DATA), PACK(16, 0, TREES | PLAN_HAS_PLAIN_TREES)}, 2,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX}, {PLAN_KEEP, PLAN_KEEP}},
	{{PACK(16, 0, DATA | PLAN_HAS_PLAIN_DATA)}, 1,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX, .compress_data = true},
		{PLAN_REPACK}},
	{{PACK(2, 14, DATA), PACK(15, 1, TREES)}, 2,
		{.unused_percent = 0, .repack_bytes = UINT64_MAX, .trees_only = true},
		{PLAN_KEEP, PLAN_REPACK}},
	/* A few small packs are not worth it. */
	{{PACK(1, 0, DATA), PACK(1, 0, DATA)}, 2,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX, .small_bytes = 8 * MIB},
		{PLAN_KEEP, PLAN_KEEP}},
	/* A pack whose file is missing, of which nothing is used. */
	{{{.unused_blobs = 1, .unused_bytes = 5}, PACK(1, 0, DATA)}, 2,
		{.unused_percent = 5, .repack_bytes = UINT64_MAX}, {PLAN_LOST, PLAN_KEEP}},
};

START_TEST(verdicts)
{
	struct plan_totals totals;
	struct plan_pack packs[4];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 4; i++)
		packs[i] = cases[_i].packs[i];
	ck_assert_int_eq(plan_make(packs, cases[_i].count, &cases[_i].limits, &totals, &err), 0);
	for (size_t i = 0; i < cases[_i].count; i++)
		ck_assert_msg(packs[i].verdict == cases[_i].verdicts[i], "case %d, pack %zu: %d",
			_i, i, packs[i].verdict);
}
END_TEST

START_TEST(small_packs)
{
	const struct plan_limits limits = {
		.unused_percent = 5, .repack_bytes = UINT64_MAX, .small_bytes = 8 * MIB};
	struct plan_pack packs[11];
	struct plan_totals totals;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 11; i++)
		packs[i] = (struct plan_pack)PACK(1, 0, DATA);
	packs[10] = (struct plan_pack)PACK(16, 0, DATA);
	ck_assert_int_eq(plan_make(packs, 11, &limits, &totals, &err), 0);
	ck_assert_uint_eq(totals.repack_packs, 10);
	ck_assert_uint_eq(totals.kept_packs, 1);
	ck_assert_uint_eq(totals.repack_bytes, 10 * MIB);
	ck_assert_uint_eq(totals.freed_bytes, 0);
	ck_assert_uint_eq(totals.used_bytes, 26 * MIB);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("plan");

	tcase_add_loop_test(tcase, verdicts, 0, COUNT(cases));
	tcase_add_test(tcase, small_packs);
	return unit_main("plan", tcase);
}
