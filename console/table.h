/* A table of text for a terminal: columns as wide as they need to be, counted in columns of the
 * terminal, not in bytes. */
#ifndef NEXUS_CONSOLE_TABLE_H
#define NEXUS_CONSOLE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define TABLE_COLUMNS_MAX 12

enum table_colour {
	TABLE_PLAIN,
	TABLE_GOOD,
	TABLE_DOUBTFUL,
	TABLE_BAD,
};

struct table {
	struct str_list cells; /* row by row, the headings first */
	size_t columns;
	size_t colour_column; /* whose cells are coloured */
	struct str_list colours; /* one text a row: an escape sequence or "" */
};

/* headings: columns of them, translated; copied. */
int table_init(struct table *table, const char *const *headings, size_t columns,
	size_t colour_column, struct err *err) __attribute__((warn_unused_result));

/* Adds a row of as many cells as there are columns; copied, control characters made harmless. */
int table_add(struct table *table, const char *const *cells, enum table_colour colour,
	struct err *err) __attribute__((warn_unused_result));

/* Prints on stdout. The last column is cut at width columns (0: not). */
void table_print(const struct table *table, bool coloured, size_t width);

void table_done(struct table *table);

/* "4 s", "12 min", "3 h", "5 d": how long ago, for people; ret_text has 32 bytes. Before 1970 and
 * the future are "-". */
void table_age(int64_t then_s, int64_t now_s, char ret_text[32]);

/* "512 B", "3.4 GiB". */
void table_size(uint64_t bytes, char ret_text[32]);

#endif
