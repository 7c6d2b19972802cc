#include "console/table.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

/* Runs table_print with stdout going to a file; owned. */
static char *printed(const struct table *table, bool coloured, size_t width)
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	char *text = calloc(1, 4096);
	ssize_t n;

	fflush(stdout);
	ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
	table_print(table, coloured, width);
	fflush(stdout);
	ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
	n = pread(fileno(file), text, 4095, 0);
	ck_assert_int_ge(n, 0);
	close(saved);
	fclose(file);
	return text;
}

static void fill(struct table *table)
{
	static const char *const headings[] = {"BOX", "STATE", "WHAT"};
	static const char *const first[] = {"peluquer\xc3\xad"
					    "a",
		"ok", ""};
	static const char *const second[] = {"b", "TROUBLE", "el disco est\xc3\xa1 lleno\033[2J"};
	struct err err = ERR_INIT;

	ck_assert_int_eq(table_init(table, headings, 3, 1, &err), 0);
	ck_assert_int_eq(table_add(table, first, TABLE_GOOD, &err), 0);
	ck_assert_int_eq(table_add(table, second, TABLE_BAD, &err), 0);
}

START_TEST(columns_line_up)
{
	cleanup_free char *text = NULL;
	struct table table;

	fill(&table);
	text = printed(&table, false, 0);
	ck_assert_str_eq(text, "BOX         STATE    WHAT\n"
			       "peluquer\xc3\xad"
			       "a  ok\n"
			       "b           TROUBLE  el disco est\xc3\xa1 lleno?[2J\n");
	table_done(&table);
}
END_TEST

START_TEST(last_column_is_cut)
{
	cleanup_free char *text = NULL;
	struct table table;

	fill(&table);
	/* 21 columns go before it; the cut falls into the two bytes of the a with an accent. */
	text = printed(&table, false, 21 + 13);
	ck_assert_ptr_nonnull(strstr(text, "el disco est\xc3\xa1\n"));
	free(text);
	text = printed(&table, false, 21 + 12);
	ck_assert_ptr_nonnull(strstr(text, "el disco est\n"));
	table_done(&table);
}
END_TEST

START_TEST(one_column_is_coloured)
{
	cleanup_free char *text = NULL;
	struct table table;

	fill(&table);
	text = printed(&table, true, 0);
	ck_assert_ptr_nonnull(strstr(text, "  \033[31mTROUBLE\033[0m  el"));
	ck_assert_ptr_nonnull(strstr(text, "  \033[32mok\033[0m\n"));
	ck_assert_ptr_null(strstr(text, "\033[31mb"));
	table_done(&table);
}
END_TEST

static const struct {
	int64_t then_s, now_s;
	const char *text;
} ages[] = {
	{0, 1000, "-"},
	{1000, 1000, "0 s"},
	{1000, 1059, "59 s"},
	{1000, 1060, "1 min"},
	{1000, 1000 + 3599, "59 min"},
	{1000, 1000 + 3600, "1 h"},
	{1000, 1000 + 2 * 86400 - 1, "47 h"},
	{1000, 1000 + 2 * 86400, "2 d"},
	{1000, 990, "0 s"},
	{1000, 900, "-"},
};

START_TEST(ages_for_people)
{
	char text[32];

	table_age(ages[_i].then_s, ages[_i].now_s, text);
	ck_assert_str_eq(text, ages[_i].text);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{0, "0 B"},
	{1023, "1023 B"},
	{1024, "1.0 KiB"},
	{10240, "10 KiB"},
	{40ull << 30, "40 GiB"},
	{UINT64_MAX, "16 EiB"},
};

START_TEST(sizes_for_people)
{
	char text[32];

	table_size(sizes[_i].bytes, text);
	ck_assert_str_eq(text, sizes[_i].text);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("table");

	setenv("LC_ALL", "C.UTF-8", 1);
	setlocale(LC_ALL, "");
	tcase_add_test(tcase, columns_line_up);
	tcase_add_test(tcase, last_column_is_cut);
	tcase_add_test(tcase, one_column_is_coloured);
	tcase_add_loop_test(tcase, ages_for_people, 0, COUNT(ages));
	tcase_add_loop_test(tcase, sizes_for_people, 0, COUNT(sizes));
	return unit_main("table", tcase);
}
