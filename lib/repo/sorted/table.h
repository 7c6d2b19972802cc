/* Records found by their key, however many: the latest in a hash table in memory, the others,
 * a quarter of a million at a time, in sorted lists (see sorted.h). Not thread-safe.
 *
 * Records of one key may be several. Numbers of records hold until the next table_add or
 * table_sort. */
#ifndef NEXUS_REPO_SORTED_TABLE_H
#define NEXUS_REPO_SORTED_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/sorted/sorted.h"

#define TABLE_FRESH_MAX 262144u /* records in memory before they become a list */
#define TABLE_RECORDS_MAX ((size_t)1 << 26)

/* What the records are. A key begins with at least 16 evenly spread bytes. */
struct table_type {
	size_t record_size; /* bytes */
	sorted_compare_fn *compare; /* the whole order; first by key */
	sorted_compare_fn *compare_key;
	bool (*is_settled)(const void *record); /* others may change and stay in memory */
};

struct table;

/* Borrows type. fresh_max 0: TABLE_FRESH_MAX. */
int table_new(const struct table_type *type, size_t fresh_max, struct table **ret, struct err *err)
	__attribute__((warn_unused_result));
void table_free(struct table *table);

size_t table_count(const struct table *table);
/* Valid until the next table_add or table_sort; number below the count. */
const void *table_at(const struct table *table, size_t number);

/* -EFBIG past TABLE_RECORDS_MAX. */
int table_add(struct table *table, const void *record, struct err *err)
	__attribute__((warn_unused_result));
/* A record of that key (key is a record of which only the key is looked at), or NULL. As long
 * as it is not settled it may be changed, but for its key. */
void *table_find(const struct table *table, const void *key);
/* The number of what table_find gives; false if there is none. */
bool table_number(const struct table *table, const void *key, size_t *ret);
/* Goes through the records of a key: *step is 0 at first and moved on. NULL at the end. The
 * first is what table_find gives. Slow but for the first. */
const void *table_next(const struct table *table, const void *key, size_t *step);

/* Makes one list of all lists and, when there are any, of what is in memory: worth it when much
 * is going to be looked up and little added. */
int table_sort(struct table *table, struct err *err) __attribute__((warn_unused_result));

/* All records that wants says yes to (NULL: all), in another order, as a list. It must be freed
 * before the table. */
typedef bool table_wants_fn(void *context, size_t number, const void *record);
int table_reorder(const struct table *table, sorted_compare_fn *compare, table_wants_fn *wants,
	void *context, struct sorted **ret, struct err *err) __attribute__((warn_unused_result));

#endif
