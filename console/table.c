#include "console/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

#define GAP 2

int table_init(struct table *table, const char *const *headings, size_t columns,
	size_t colour_column, struct err *err)
{
	*table = (struct table){.columns = columns, .colour_column = colour_column};
	return table_add(table, headings, TABLE_PLAIN, err);
}

static const char *escape_of(enum table_colour colour)
{
	switch (colour) {
	case TABLE_PLAIN:
		return "";
	case TABLE_GOOD:
		return "\033[32m";
	case TABLE_DOUBTFUL:
		return "\033[33m";
	case TABLE_BAD:
		return "\033[31m";
	}
	return "";
}

int table_add(
	struct table *table, const char *const *cells, enum table_colour colour, struct err *err)
{
	int r = str_list_add(&table->colours, escape_of(colour), err);

	for (size_t i = 0; r == 0 && i < table->columns; i++) {
		r = str_list_add(&table->cells, cells[i], err);
		if (r == 0)
			str_sanitize(table->cells.items[table->cells.count - 1]);
	}
	return r;
}

/* How many bytes of text fit into width columns. */
static size_t fitting(const char *text, size_t width)
{
	size_t size = strlen(text);
	char copy[1024];

	if (str_width(text) <= width)
		return size;
	if (size >= sizeof(copy))
		size = sizeof(copy) - 1;
	memcpy(copy, text, size);
	copy[size] = '\0';
	while (size > 0 && str_width(copy) > width) {
		do
			size--;
		while (size > 0 && ((unsigned char)copy[size] & 0xc0) == 0x80);
		copy[size] = '\0';
	}
	return size;
}

static void print_row(
	const struct table *table, size_t row, const size_t *widths, bool coloured, size_t width)
{
	char *const *cells = table->cells.items + row * table->columns;
	const char *colour = coloured ? table->colours.items[row] : "";
	size_t used = 0, columns = table->columns;

	while (columns > 1 && !*cells[columns - 1])
		columns--;
	for (size_t i = 0; i < columns; i++) {
		bool here = *colour && i == table->colour_column, last = i + 1 == columns;
		size_t size = strlen(cells[i]);

		if (i + 1 == table->columns && width)
			size = fitting(cells[i], width > used ? width - used : 0);
		printf("%s%.*s%s", here ? colour : "", (int)size, cells[i], here ? "\033[0m" : "");
		if (!last)
			printf("%*s", (int)(widths[i] + GAP - str_width(cells[i])), "");
		used += widths[i] + GAP;
	}
	putchar('\n');
}

void table_print(const struct table *table, bool coloured, size_t width)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0}, rows = table->colours.count;

	for (size_t i = 0; i < table->cells.count; i++) {
		size_t cell = str_width(table->cells.items[i]);

		if (cell > widths[i % table->columns])
			widths[i % table->columns] = cell;
	}
	for (size_t row = 0; row < rows; row++)
		print_row(table, row, widths, coloured, width);
}

void table_done(struct table *table)
{
	str_list_done(&table->cells);
	str_list_done(&table->colours);
}

void table_age(int64_t then_s, int64_t now_s, char ret_text[32])
{
	int64_t age = now_s - then_s;

	if (then_s <= 0 || age < -60)
		snprintf(ret_text, 32, "-");
	else if (age < 60)
		snprintf(ret_text, 32, _("%d s"), age < 0 ? 0 : (int)age);
	else if (age < 3600)
		snprintf(ret_text, 32, _("%d min"), (int)(age / 60));
	else if (age < (int64_t)2 * 86400)
		snprintf(ret_text, 32, _("%d h"), (int)(age / 3600));
	else
		snprintf(ret_text, 32, _("%d d"), (int)(age / 86400 % 1000000));
}

void table_size(uint64_t bytes, char ret_text[32])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		snprintf(ret_text, 32, "%" PRIu64 " B", bytes);
		return;
	}
	for (; value >= 1024 && unit < 5; unit++)
		value /= 1024;
	snprintf(ret_text, 32, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
