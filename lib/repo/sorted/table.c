#include "repo/sorted/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Fresh records stand in segments that never move, so that growing copies nothing; the hash
 * table holds their numbers + 1, linear probing. */
#define SEGMENT_BITS 14
#define SEGMENT_SIZE ((size_t)1 << SEGMENT_BITS)
#define SEGMENTS_MAX (TABLE_RECORDS_MAX >> SEGMENT_BITS)
#define SLOTS_MIN 4096u
#define LISTS_MAX 32u
#define RESIDENT_MAX (12u << 20) /* bytes of mapped lists that may count as our memory */

struct table {
	const struct table_type *type;
	struct sorted_pool *pool; /* owned */
	struct sorted *lists[LISTS_MAX]; /* owned */
	size_t list_count, listed; /* records in lists */

	uint8_t *segments[SEGMENTS_MAX]; /* owned */
	size_t fresh, fresh_max, spill_at;
	uint32_t *slots; /* owned; slot_count is a power of two */
	size_t slot_count, slots_used;
};

int table_new(const struct table_type *type, size_t fresh_max, struct table **ret, struct err *err)
{
	struct table *table = calloc(1, sizeof(*table));
	int r;

	if (!table)
		return err_oom(err);
	table->type = type;
	table->fresh_max = table->spill_at = fresh_max ? fresh_max : TABLE_FRESH_MAX;
	r = sorted_pool_new(NULL, RESIDENT_MAX, &table->pool, err);
	if (r < 0) {
		free(table);
		return r;
	}
	*ret = table;
	return 0;
}

static void free_segments(struct table *table)
{
	for (size_t i = 0; i < SEGMENTS_MAX && table->segments[i]; i++) {
		free(table->segments[i]);
		table->segments[i] = NULL;
	}
}

void table_free(struct table *table)
{
	if (!table)
		return;
	free_segments(table);
	for (size_t i = 0; i < table->list_count; i++)
		sorted_free(table->lists[i]);
	sorted_pool_free(table->pool);
	free(table->slots);
	free(table);
}

static void *fresh_at(const struct table *table, size_t number)
{
	return table->segments[number >> SEGMENT_BITS] +
	       (number & (SEGMENT_SIZE - 1)) * table->type->record_size;
}

size_t table_count(const struct table *table)
{
	return table->listed + table->fresh;
}

const void *table_at(const struct table *table, size_t number)
{
	for (size_t i = 0; i < table->list_count; i++) {
		size_t count = sorted_count(table->lists[i]);

		if (number < count)
			return sorted_at(table->lists[i], number);
		number -= count;
	}
	return fresh_at(table, number);
}

/* --- The hash table of fresh records --- */

/* Keys are hashes already: any eight bytes of one are as good as another. */
static size_t slot_of(const void *key, size_t slot_count)
{
	uint64_t bits;

	memcpy(&bits, (const uint8_t *)key + 8, sizeof(bits));
	return (size_t)bits & (slot_count - 1);
}

/* The slot of a key: with its record, or the free one where it belongs. */
static size_t find_slot(const struct table *table, const void *key)
{
	size_t slot = slot_of(key, table->slot_count);

	while (table->slots[slot] &&
		table->type->compare_key(fresh_at(table, table->slots[slot] - 1), key) != 0)
		slot = (slot + 1) & (table->slot_count - 1);
	return slot;
}

static void enter(struct table *table, size_t number)
{
	size_t slot = find_slot(table, fresh_at(table, number));

	if (table->slots[slot])
		return;
	table->slots[slot] = (uint32_t)number + 1;
	table->slots_used++;
}

static int grow(struct table *table, struct err *err)
{
	size_t count = table->slot_count ? table->slot_count * 2 : SLOTS_MIN;
	uint32_t *slots;

	if (table->slots_used * 10 < table->slot_count * 7)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (!slots)
		return err_oom(err);
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	table->slots_used = 0;
	for (size_t i = 0; i < table->fresh; i++)
		enter(table, i);
	return 0;
}

/* --- From fresh records to lists --- */

struct ordering {
	const struct table *table;
	sorted_compare_fn *compare;
};

static int compare_fresh(const void *a, const void *b, void *context)
{
	const struct ordering *ordering = context;

	return ordering->compare(fresh_at(ordering->table, *(const uint32_t *)a),
		fresh_at(ordering->table, *(const uint32_t *)b));
}

/* A list of fresh records: of the settled ones, or of all. */
static int list_fresh(const struct table *table, sorted_compare_fn *compare, bool all,
	struct sorted **ret, struct err *err)
{
	cleanup_free uint32_t *order = malloc((table->fresh + 1) * sizeof(*order));
	cleanup_sorted_writer struct sorted_writer *writer = NULL;
	struct ordering ordering = {table, compare};
	size_t count = 0;
	int r;

	if (!order)
		return err_oom(err);
	for (size_t i = 0; i < table->fresh; i++)
		if (all || table->type->is_settled(fresh_at(table, i)))
			order[count++] = (uint32_t)i;
	qsort_r(order, count, sizeof(*order), compare_fresh, &ordering);
	r = sorted_begin(table->pool, table->type->record_size, count, &writer, err);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = sorted_put(writer, fresh_at(table, order[i]), err);
	return r < 0 ? r : sorted_end(TAKE(writer), ret, err);
}

static int merge_lists(struct table *table, struct err *err)
{
	struct sorted *merged;
	int r;

	if (table->list_count < 2)
		return 0;
	r = sorted_merge(
		table->pool, table->lists, table->list_count, table->type->compare, &merged, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < table->list_count; i++)
		sorted_free(table->lists[i]);
	table->lists[0] = merged;
	table->list_count = 1;
	return sorted_fence(merged, err);
}

/* Makes a list of the settled records; the others move to the front. */
static int spill(struct table *table, struct err *err)
{
	size_t size = table->type->record_size, left = 0;
	struct sorted *list;
	int r = table->list_count == LISTS_MAX ? merge_lists(table, err) : 0;

	if (r >= 0)
		r = list_fresh(table, table->type->compare, false, &list, err);
	if (r < 0)
		return r;
	table->lists[table->list_count++] = list;
	table->listed += sorted_count(list);
	for (size_t i = 0; i < table->fresh; i++)
		if (!table->type->is_settled(fresh_at(table, i)))
			memmove(fresh_at(table, left++), fresh_at(table, i), size);
	table->fresh = left;
	table->spill_at = left * 2 > table->fresh_max ? left * 2 : table->fresh_max;
	table->slots_used = 0;
	if (table->slots)
		memset(table->slots, 0, table->slot_count * sizeof(*table->slots));
	for (size_t i = 0; table->slots && i < left; i++)
		enter(table, i);
	return sorted_fence(list, err);
}

int table_add(struct table *table, const void *record, struct err *err)
{
	size_t segment;
	int r = 0;

	if (table_count(table) >= TABLE_RECORDS_MAX)
		return err_set(err, ERR_SPACE, EFBIG, "add to table: too many records");
	if (table->fresh >= table->spill_at)
		r = spill(table, err);
	if (r >= 0)
		r = grow(table, err);
	if (r < 0)
		return r;
	segment = table->fresh >> SEGMENT_BITS;
	if (!table->segments[segment]) {
		table->segments[segment] = malloc(SEGMENT_SIZE * table->type->record_size);
		if (!table->segments[segment])
			return err_oom(err);
	}
	memcpy(fresh_at(table, table->fresh), record, table->type->record_size);
	enter(table, table->fresh++);
	return 0;
}

int table_sort(struct table *table, struct err *err)
{
	int r = table->list_count && table->fresh ? spill(table, err) : 0;

	if (r < 0 || !table->list_count)
		return r;
	if (!table->fresh) {
		free_segments(table);
		free(table->slots);
		table->slots = NULL;
		table->slot_count = table->slots_used = 0;
	}
	return merge_lists(table, err);
}

/* --- Finding --- */

/* The number of the first record of a key in the lists from the given one on, and in which. */
static bool find_listed(const struct table *table, const void *key, size_t *list, size_t *ret)
{
	for (; *list < table->list_count; (*list)++) {
		const struct sorted *sorted = table->lists[*list];
		size_t number = sorted_find(sorted, key, table->type->compare_key);

		if (number == sorted_count(sorted) ||
			table->type->compare_key(sorted_at(sorted, number), key) != 0)
			continue;
		*ret = number;
		return true;
	}
	return false;
}

bool table_number(const struct table *table, const void *key, size_t *ret)
{
	uint32_t found = table->slot_count ? table->slots[find_slot(table, key)] : 0;
	size_t list = 0;

	*ret = table->listed + found - 1;
	if (found)
		return true;
	if (!find_listed(table, key, &list, ret))
		return false;
	while (list--)
		*ret += sorted_count(table->lists[list]);
	return true;
}

void *table_find(const struct table *table, const void *key)
{
	uint32_t found = table->slot_count ? table->slots[find_slot(table, key)] : 0;
	size_t list = 0, number;

	if (found)
		return fresh_at(table, found - 1);
	if (!find_listed(table, key, &list, &number))
		return NULL;
	return (void *)(uintptr_t)sorted_at(table->lists[list], number);
}

const void *table_next(const struct table *table, const void *key, size_t *step)
{
	size_t wanted = (*step)++, first, number;

	if (!table_number(table, key, &first))
		return NULL;
	if (!wanted--)
		return table_at(table, first);
	for (size_t list = 0; find_listed(table, key, &list, &number); list++) {
		const struct sorted *sorted = table->lists[list];

		for (; number < sorted_count(sorted); number++) {
			const void *record = sorted_at(sorted, number);

			if (table->type->compare_key(record, key) != 0)
				break;
			if (record != table_at(table, first) && !wanted--)
				return record;
		}
	}
	for (size_t i = 0; i < table->fresh; i++)
		if (table->listed + i != first &&
			table->type->compare_key(fresh_at(table, i), key) == 0 && !wanted--)
			return fresh_at(table, i);
	return NULL;
}

/* --- Another order --- */

struct slice {
	const struct table *table;
	sorted_compare_fn *compare;
	table_wants_fn *wants; /* NULL: all */
	void *context;
	size_t from;
};

static int compare_slice(const void *a, const void *b, void *context)
{
	const struct slice *slice = context;

	return slice->compare(table_at(slice->table, slice->from + *(const uint32_t *)a),
		table_at(slice->table, slice->from + *(const uint32_t *)b));
}

/* A list of what is wanted of count records from the given number on. */
static int list_slice(const struct slice *slice, size_t count, struct sorted **ret, struct err *err)
{
	cleanup_free uint32_t *order = malloc((count + 1) * sizeof(*order));
	cleanup_sorted_writer struct sorted_writer *writer = NULL;
	size_t wanted = 0;
	int r;

	if (!order)
		return err_oom(err);
	for (size_t i = 0; i < count; i++)
		if (!slice->wants || slice->wants(slice->context, slice->from + i,
					     table_at(slice->table, slice->from + i)))
			order[wanted++] = (uint32_t)i;
	qsort_r(order, wanted, sizeof(*order), compare_slice, (void *)slice);
	r = sorted_begin(slice->table->pool, slice->table->type->record_size, wanted, &writer, err);
	for (size_t i = 0; r >= 0 && i < wanted; i++)
		r = sorted_put(writer, table_at(slice->table, slice->from + order[i]), err);
	return r < 0 ? r : sorted_end(TAKE(writer), ret, err);
}

int table_reorder(const struct table *table, sorted_compare_fn *compare, table_wants_fn *wants,
	void *context, struct sorted **ret, struct err *err)
{
	struct sorted *lists[LISTS_MAX] = {0}, *merged = NULL;
	struct slice slice = {
		.table = table, .compare = compare, .wants = wants, .context = context};
	size_t total = table_count(table), list_count = 0;
	/* A slice fits into what may be resident, unless there were more slices than lists. */
	size_t size = total / LISTS_MAX + 1;
	int r = 0;

	if (size < TABLE_FRESH_MAX / 2)
		size = TABLE_FRESH_MAX / 2;
	for (; r >= 0 && slice.from < total; slice.from += size) {
		size_t left = total - slice.from;

		r = list_slice(&slice, left < size ? left : size, &lists[list_count], err);
		list_count += r >= 0;
	}
	if (r >= 0 && list_count == 1)
		merged = TAKE(lists[0]);
	else if (r >= 0 && list_count)
		r = sorted_merge(table->pool, lists, list_count, compare, &merged, err);
	else if (r >= 0)
		r = list_slice(&slice, 0, &merged, err);
	for (size_t i = 0; i < list_count; i++)
		sorted_free(lists[i]);
	if (r < 0)
		return r;
	*ret = merged;
	return 0;
}
