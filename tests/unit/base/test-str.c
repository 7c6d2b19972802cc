#include "base/str.h"

#include <locale.h>
#include <string.h>

#include "../unit.h"

START_TEST(printf_prefix_suffix)
{
	cleanup_free char *text = str_printf("%s-%d", "a", 7);

	ck_assert_str_eq(text, "a-7");
	ck_assert_str_eq(str_after("NAME=value", "NAME="), "value");
	ck_assert_str_eq(str_after("abc", ""), "abc");
	ck_assert_ptr_null(str_after("NAM", "NAME"));
	ck_assert(str_ends("a.conf", ".conf"));
	ck_assert(str_ends(".conf", ".conf"));
	ck_assert(!str_ends("conf", ".conf"));
	ck_assert(str_equal("a", "a") && !str_equal("a", "b") && str_equal(NULL, NULL));
	ck_assert(!str_equal("a", NULL) && !str_equal(NULL, "a"));
}
END_TEST

static const struct {
	const char *before, *after;
} strips[] = {{"", ""}, {" \t\n", ""}, {"a", "a"}, {"  a b \r\n", "a b"}, {"\va\f", "a"}};

START_TEST(strip)
{
	char text[32];

	ck_assert_uint_lt(strlen(strips[_i].before), sizeof(text));
	memcpy(text, strips[_i].before, strlen(strips[_i].before) + 1);
	ck_assert_str_eq(str_strip(text), strips[_i].after);
}
END_TEST

/* What the bytes become when made safe; the same text if they are fine. */
static const struct {
	const char *text;
	bool utf8;
	const char *safe;
} texts[] = {
	{"", true, ""},
	{"plain", true, "plain"},
	{"\xc3\xb1", true, "\xc3\xb1"},
	{"\xe2\x82\xac", true, "\xe2\x82\xac"},
	{"\xf0\x9f\x98\x80", true, "\xf0\x9f\x98\x80"},
	{"\xf4\x8f\xbf\xbf", true, "\xf4\x8f\xbf\xbf"},
	{"\xf4\x90\x80\x80", false, "????"}, /* past the last code point */
	{"\xed\xa0\x80", false, "???"}, /* a surrogate */
	{"\xed\x9f\xbf", true, "\xed\x9f\xbf"}, /* just before them */
	{"\xc0\xaf", false, "??"}, /* over-long */
	{"\xe0\x9f\xbf", false, "???"},
	{"\xf0\x8f\xbf\xbf", false, "????"},
	{"\xc3", false, "?"}, /* cut off */
	{"\xe2\x82", false, "??"},
	{"a\xff"
	 "b",
		false, "a?b"},
	{"\x80", false, "?"},
	{"\xf8\x88\x80\x80\x80", false, "?????"},
	{"a\tb\x1b[31m\x7f", true, "a?b?[31m?"},
	{"\xc2\x9b"
	 "31m",
		true, "??31m"}, /* a C1 control */
	{"\xc2\xa0", true, "\xc2\xa0"},
};

START_TEST(utf8_and_sanitize)
{
	const char *text = texts[_i].text;
	char copy[32];

	ck_assert_int_eq(str_is_utf8(text, strlen(text)), texts[_i].utf8);
	memcpy(copy, text, strlen(text) + 1);
	str_sanitize(copy);
	ck_assert_str_eq(copy, texts[_i].safe);
	ck_assert(str_is_utf8(copy, strlen(copy)));
}
END_TEST

START_TEST(utf8_of_a_part)
{
	ck_assert(str_is_utf8("a\0b", 3));
	ck_assert(!str_is_utf8("\xe2\x82\xac", 2));
	ck_assert(str_is_utf8(NULL, 0));
}
END_TEST

START_TEST(width_in_columns)
{
	setlocale(LC_ALL, "C.UTF-8");
	ck_assert_uint_eq(str_width(""), 0);
	ck_assert_uint_eq(str_width("abc"), 3);
	ck_assert_uint_eq(str_width("a\xc3\xb1o"), 3);
	ck_assert_uint_eq(str_width("\xe6\x97\xa5\xe6\x9c\xac"), 4); /* two wide ones */
	ck_assert_uint_eq(str_width("e\xcc\x81"), 1); /* a combining accent */
	ck_assert_uint_eq(str_width("\xff"
				    "a"),
		2);
}
END_TEST

START_TEST(lists_own_copies)
{
	cleanup_str_list struct str_list list = {0};
	struct err err = ERR_INIT;
	char text[16];

	ck_assert(!str_list_has(&list, ""));
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "item %d", i);
		ck_assert_int_eq(str_list_add(&list, text, &err), 0);
		ck_assert_ptr_null(list.items[list.count]);
	}
	ck_assert_uint_eq(list.count, 100);
	ck_assert(str_list_has(&list, "item 0") && str_list_has(&list, "item 99"));
	ck_assert(!str_list_has(&list, "item 100"));
	str_list_done(&list);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(list.items);
}
END_TEST

START_TEST(list_limit_and_one_more)
{
	struct str_list list = {.count = STR_LIST_MAX};
	struct err err = ERR_INIT;

	ck_assert_int_eq(str_list_add(&list, "x", &err), -E2BIG);
	ck_assert_uint_eq(list.count, STR_LIST_MAX);
}
END_TEST

START_TEST(find)
{
	static const char *const names[] = {"ok", NULL, "warn", "ok"};
	size_t i = 7;

	ck_assert(!str_find(names, COUNT(names), NULL, &i));
	ck_assert(!str_find(names, COUNT(names), "", &i));
	ck_assert(!str_find(names, COUNT(names), "war", &i));
	ck_assert(!str_find(names, 2, "warn", &i));
	ck_assert_uint_eq(i, 7);
	ck_assert(str_find(names, COUNT(names), "warn", &i));
	ck_assert_uint_eq(i, 2);
	ck_assert(str_find(names, COUNT(names), "ok", &i));
	ck_assert_uint_eq(i, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("str");

	tcase_add_test(tcase, printf_prefix_suffix);
	tcase_add_loop_test(tcase, strip, 0, COUNT(strips));
	tcase_add_loop_test(tcase, utf8_and_sanitize, 0, COUNT(texts));
	tcase_add_test(tcase, utf8_of_a_part);
	tcase_add_test(tcase, width_in_columns);
	tcase_add_test(tcase, lists_own_copies);
	tcase_add_test(tcase, list_limit_and_one_more);
	tcase_add_test(tcase, find);
	return unit_main("str", tcase);
}
