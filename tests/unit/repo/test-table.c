#include "repo/sorted/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

struct record {
	uint64_t key[2];
	uint64_t number;
	bool settled;
};

static int compare_key(const void *a, const void *b)
{
	return memcmp(a, b, 2 * sizeof(uint64_t));
}

static int compare_number(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int compare_all(const void *a, const void *b)
{
	int order = compare_key(a, b);

	return order ? order : compare_number(a, b);
}

static bool is_settled(const void *record)
{
	return ((const struct record *)record)->settled;
}

static const struct table_type type = {
	.record_size = sizeof(struct record),
	.compare = compare_all,
	.compare_key = compare_key,
	.is_settled = is_settled,
};

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* Every third key stands there twice, every fifteenth once more. */
static struct record record_of(uint64_t number, uint64_t copy)
{
	return (struct record){
		.key = {mix(number + 1), mix(number + 99)},
		.number = number * 10 + copy,
		.settled = true,
	};
}

static unsigned copies_of(uint64_t number)
{
	return number % 15 == 0 ? 3 : number % 3 == 0 ? 2 : 1;
}

static void add(struct table *table, struct record record)
{
	struct err err = ERR_INIT;

	if (table_add(table, &record, &err) < 0)
		ck_abort_msg("add: %s", err.text);
}

static void expect(const struct table *table, uint64_t number)
{
	struct record key = record_of(number, 0);
	const struct record *found = table_find(table, &key), *copy;
	size_t at, step = 0;
	unsigned seen = 0, count = 0;

	if (!found || !table_number(table, &key, &at) || table_at(table, at) != found)
		ck_abort_msg("number %llu is lost", (unsigned long long)number);
	while ((copy = table_next(table, &key, &step))) {
		if (!count++ && copy != found)
			ck_abort_msg("number %llu begins elsewhere", (unsigned long long)number);
		ck_assert_uint_eq(copy->number / 10, number);
		seen |= 1u << copy->number % 10;
	}
	if (count != copies_of(number) || seen != (1u << count) - 1)
		ck_abort_msg("number %llu has %u copies", (unsigned long long)number, count);
}

/* The same answers whether all is fresh, in many lists, or in one. */
START_TEST(finds)
{
	static const size_t fresh_max[] = {0, 100, 1000, 40000};
	const uint64_t numbers = 20000;
	struct record missing = record_of(numbers, 0);
	struct table *table;
	struct err err = ERR_INIT;
	size_t at, total = 0;

	ck_assert_int_eq(table_new(&type, fresh_max[_i], &table, &err), 0);
	ck_assert_ptr_null(table_find(table, &missing));
	for (uint64_t copy = 0; copy < 3; copy++)
		for (uint64_t i = 0; i < numbers; i++)
			if (copy < copies_of(i)) {
				add(table, record_of(i, copy));
				total++;
			}
	for (int sorted = 0; sorted < 3; sorted++) {
		ck_assert_uint_eq(table_count(table), total);
		ck_assert_ptr_null(table_find(table, &missing));
		ck_assert(!table_number(table, &missing, &at));
		for (uint64_t i = 0; i < numbers;
			i += fresh_max[_i] && fresh_max[_i] < 5000 ? 1 : 201)
			if (i % 3 || i % 601 == 0)
				expect(table, i);
		ck_assert_int_eq(table_sort(table, &err), 0);
	}
	add(table, missing);
	ck_assert_ptr_nonnull(table_find(table, &missing));
	table_free(table);
}
END_TEST

/* What may still change stays where it can be changed, through every spill. */
START_TEST(unsettled)
{
	struct table *table;
	struct record *found;
	struct err err = ERR_INIT;
	size_t wrong = 0;

	ck_assert_int_eq(table_new(&type, 500, &table, &err), 0);
	for (uint64_t i = 0; i < 30000; i++) {
		struct record record = record_of(i, 0);

		record.settled = i % 100 != 0;
		add(table, record);
	}
	for (uint64_t i = 0; i < 30000; i++) {
		struct record key = record_of(i, 0);

		found = table_find(table, &key);
		if (!found || found->number != i * 10)
			ck_abort_msg("number %llu is lost", (unsigned long long)i);
		if (found->settled)
			continue;
		ck_assert_uint_eq(i % 100, 0);
		found->number += 5;
		found->settled = true;
	}
	ck_assert_int_eq(table_sort(table, &err), 0);
	for (uint64_t i = 0; i < 30000; i++) {
		struct record key = record_of(i, 0);

		found = table_find(table, &key);
		wrong += found->number != i * 10 + (i % 100 ? 0 : 5);
	}
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_eq(table_count(table), 30000);
	table_free(table);
}
END_TEST

START_TEST(another_order)
{
	static const size_t counts[] = {0, 1, 5000, 300000};
	struct table *table;
	struct sorted *list;
	struct err err = ERR_INIT;
	size_t wrong = 0;

	ck_assert_int_eq(table_new(&type, 2000, &table, &err), 0);
	for (size_t i = counts[_i]; i--;)
		add(table, record_of(i * 7919 % 300007, 0));
	ck_assert_int_eq(table_reorder(table, compare_number, NULL, NULL, &list, &err), 0);
	ck_assert_uint_eq(sorted_count(list), counts[_i]);
	for (size_t i = 1; i < counts[_i]; i++)
		wrong += compare_number(sorted_at(list, i - 1), sorted_at(list, i)) >= 0;
	ck_assert_uint_eq(wrong, 0);
	sorted_free(list);
	table_free(table);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("table");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, finds, 0, 4);
	tcase_add_test(tcase, unsettled);
	tcase_add_loop_test(tcase, another_order, 0, 4);
	return unit_main("table", tcase);
}
