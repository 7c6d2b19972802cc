#include "repo/sorted/sorted.h"

#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../unit.h"

struct record {
	uint32_t key; /* big-endian */
	uint32_t value;
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(uint32_t));
}

static struct record record_of(uint32_t key)
{
	return (struct record){htobe32(key), key ^ 77};
}

/* first, first + step, ... */
static struct sorted *make(struct sorted_pool *pool, uint32_t first, uint32_t step, size_t count)
{
	struct sorted_writer *writer;
	struct sorted *list;
	struct err err = ERR_INIT;
	int r;

	r = sorted_begin(pool, sizeof(struct record), count, &writer, &err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		struct record record = record_of(first + (uint32_t)i * step);

		r = sorted_put(writer, &record, &err);
	}
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(sorted_end(writer, &list, &err), 0);
	ck_assert_uint_eq(sorted_count(list), count);
	return list;
}

/* One assertion for all of it: they are slow. first is 1 or more. */
static void expect_all(const struct sorted *list, uint32_t first, uint32_t step)
{
	size_t wrong = 0;

	for (size_t i = 0; i < sorted_count(list); i++) {
		struct record key = record_of(first + (uint32_t)i * step), low = key;
		size_t below = step == 1 && i ? i - 1 : i;

		wrong += memcmp(sorted_at(list, i), &key, sizeof(key)) != 0;
		wrong += sorted_find(list, &key, compare) != i;
		low.key = htobe32(be32toh(key.key) - 1);
		wrong += sorted_find(list, &low, compare) != below;
	}
	ck_assert_uint_eq(wrong, 0);
}

START_TEST(finds)
{
	static const size_t counts[] = {0, 1, 2, 31, 64, 1000, 300000};
	struct record last = record_of(UINT32_MAX);
	struct sorted_pool *pool;
	struct err err = ERR_INIT;

	ck_assert_int_eq(sorted_pool_new(NULL, 1 << 20, &pool, &err), 0);
	for (size_t i = 0; i < COUNT(counts); i++) {
		cleanup_sorted struct sorted *list = make(pool, 5, 14000, counts[i]);

		expect_all(list, 5, 14000);
		ck_assert_int_eq(sorted_fence(list, &err), 0);
		expect_all(list, 5, 14000);
		ck_assert_uint_eq(sorted_find(list, &last, compare), counts[i]);
	}
	sorted_pool_free(pool);
}
END_TEST

START_TEST(merges)
{
	struct sorted *lists[3], *merged, *again;
	struct sorted_pool *pool;
	struct err err = ERR_INIT;

	ck_assert_int_eq(sorted_pool_new(NULL, 1 << 20, &pool, &err), 0);
	lists[0] = make(pool, 1, 3, 100000);
	lists[1] = make(pool, 2, 3, 100000);
	lists[2] = make(pool, 3, 3, 100000);
	ck_assert_int_eq(sorted_merge(pool, lists, 3, compare, &merged, &err), 0);
	ck_assert_uint_eq(sorted_count(merged), 300000);
	expect_all(merged, 1, 1);
	ck_assert_int_eq(sorted_merge(pool, lists, 0, compare, &again, &err), -EINVAL);
	ck_assert_int_eq(
		sorted_merge(pool, lists, SORTED_LISTS_MAX + 1, compare, &again, &err), -EINVAL);
	for (int i = 0; i < 3; i++)
		sorted_free(lists[i]);
	sorted_free(merged);
	sorted_pool_free(pool);
}
END_TEST

/* No such folder, and files that must not grow: both go on in memory. */
START_TEST(no_room)
{
	const struct rlimit small = {.rlim_cur = 600000, .rlim_max = RLIM_INFINITY};
	struct rlimit before;
	struct sorted_pool *pool;
	struct sorted *list;
	struct err err = ERR_INIT;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	if (_i == 1)
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(sorted_pool_new(_i ? NULL : "/nowhere/at/all", 1 << 20, &pool, &err), 0);
	list = make(pool, 4, 9, 100000);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_uint_eq(sorted_pool_memory(pool), 100000 * sizeof(struct record));
	expect_all(list, 4, 9);
	sorted_free(list);
	ck_assert_uint_eq(sorted_pool_memory(pool), 0);
	list = make(pool, 4, 9, 10);
	ck_assert_uint_eq(sorted_pool_memory(pool), _i ? 0 : 10 * sizeof(struct record));
	sorted_free(list);
	sorted_pool_free(pool);
}
END_TEST

static size_t resident_kib(void)
{
	size_t kib = 0;
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		if (strncmp(line, "RssFile:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	fclose(file);
	return kib;
}

START_TEST(stays_small)
{
	struct sorted_pool *pool;
	struct sorted *list;
	struct err err = ERR_INIT;
	size_t before = resident_kib();
	uint64_t sum = 0;

	ck_assert_int_eq(sorted_pool_new(NULL, 2 << 20, &pool, &err), 0);
	list = make(pool, 1, 1, 8000000); /* 64 MB */
	for (size_t i = 0; i < 50000; i++) {
		const struct record *record = sorted_at(list, i * 7919 % 8000000);

		sum += record->value;
		if (i % 1000 == 0)
			ck_assert_uint_le(resident_kib(), before + 4096);
	}
	ck_assert_uint_ne(sum, 0);
	sorted_free(list);
	sorted_pool_free(pool);
}
END_TEST

START_TEST(limits)
{
	struct sorted_pool *pool;
	struct sorted_writer *writer;
	struct record record = record_of(1);
	struct err err = ERR_INIT;

	ck_assert_int_eq(sorted_pool_new(NULL, 0, &pool, &err), 0);
	ck_assert_int_eq(sorted_begin(pool, 0, 1, &writer, &err), -EFBIG);
	ck_assert_int_eq(sorted_begin(pool, SORTED_RECORD_MAX + 1, 1, &writer, &err), -EFBIG);
	ck_assert_int_eq(sorted_begin(pool, 8, UINT32_MAX, &writer, &err), -EFBIG);
	ck_assert_int_eq(sorted_begin(pool, 8, 1, &writer, &err), 0);
	ck_assert_int_eq(sorted_put(writer, &record, &err), 0);
	ck_assert_int_eq(sorted_put(writer, &record, &err), -EFBIG);
	sorted_writer_free(writer);
	sorted_pool_free(pool);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sorted");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, finds);
	tcase_add_test(tcase, merges);
	tcase_add_loop_test(tcase, no_room, 0, 2);
	tcase_add_test(tcase, stays_small);
	tcase_add_test(tcase, limits);
	return unit_main("sorted", tcase);
}
