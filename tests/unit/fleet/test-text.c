#include "fleet/text.h"

#include <string.h>

#include "../unit.h"

static const struct {
	const char *text;
	size_t size;
	const char *expected;
} copies[] = {
	{"plain", 16, "plain"},
	{"", 4, ""},
	{NULL, 4, ""},
	{"abcdef", 4, "abc"},
	{"abc", 4, "abc"},
	{"ni\xc3\xb1o", 16, "ni\xc3\xb1o"},
	{"ni\xc3\xb1o", 4, "ni"}, /* the cut would fall into the letter */
	{"a\033[2Jb\nc", 16, "a?[2Jb?c"},
	{"a\xffz", 16, "a?z"},
	{"a\xc2\x9bz", 16, "a??z"}, /* a C1 control */
	{"a\xe2\x80\xaetxt", 16, "a???txt"}, /* from right to left */
	{"a\xe2\x81\xa6z", 16, "a???z"},
	{"a\xe2\x82\xacz", 16, "a\xe2\x82\xacz"}, /* the euro is none of them */
	{"\xe2\x82\xac\xe2\x82\xac", 6, "\xe2\x82\xac"},
};

START_TEST(copies_text)
{
	char target[64];

	fleet_text_copy(target, copies[_i].size, copies[_i].text);
	ck_assert_str_eq(target, copies[_i].expected);
}
END_TEST

START_TEST(keeps_times)
{
	cleanup_json struct json *json = json_object_new();

	fleet_text_set_time(json, "some", 1763804692);
	fleet_text_set_time(json, "none", 0);
	json_set_text(json, "bad", "yesterday");
	ck_assert_str_eq(json_get_text(json, "some"), "2025-11-22T09:44:52Z");
	ck_assert_int_eq(fleet_text_get_time(json, "some"), 1763804692);
	ck_assert_int_eq(fleet_text_get_time(json, "none"), 0);
	ck_assert_int_eq(fleet_text_get_time(json, "bad"), 0);
}
END_TEST

START_TEST(keeps_counts)
{
	cleanup_json struct json *json = json_object_new();

	fleet_text_set_count(json, "big", UINT64_MAX);
	json_set_integer(json, "negative", -1);
	ck_assert_uint_eq(fleet_text_get_count(json, "big"), JSON_INTEGER_MAX);
	ck_assert_uint_eq(fleet_text_get_count(json, "negative"), 0);
	ck_assert_uint_eq(fleet_text_get_count(json, "absent"), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, copies_text, 0, COUNT(copies));
	tcase_add_test(tcase, keeps_times);
	tcase_add_test(tcase, keeps_counts);
	return unit_main("text", tcase);
}
