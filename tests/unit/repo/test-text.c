#include "repo/text/text.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

/* Names and how restic 0.19.1 writes them. */
static const struct {
	const char *name, *json;
} names[] = {
	{"plain", "\"plain\""},
	{"a\"b\\c", "\"a\\\\\\\"b\\\\\\\\c\""},
	{"\t\n\a\b\v\f\r", "\"\\\\t\\\\n\\\\a\\\\b\\\\v\\\\f\\\\r\""},
	{"\x01\x7f", "\"\\\\x01\\\\x7f\""},
	{"\xff\xc3", "\"\\\\xff\\\\xc3\""},
	{"\xc2\xa0", "\"\\\\u00a0\""},
	{"<&>", "\"\\u003c\\u0026\\u003e\""},
	{"\xe2\x80\xa8", "\"\\\\u2028\""},
	{"\xc3\xb1\xe2\x82\xac", "\"\xc3\xb1\xe2\x82\xac\""},
	{"\xf0\x9d\x84\x9e", "\"\xf0\x9d\x84\x9e\""},
	{"\xf4\x8f\xbf\xbf", "\"\\\\U0010ffff\""},
	{"\xef\xbf\xbd", "\"\xef\xbf\xbd\""},
	{"\xf4\x90\x80\x80", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\""}, /* past the last rune */
	{"\xed\xa0\x80", "\"\\\\xed\\\\xa0\\\\x80\""},
};

START_TEST(name)
{
	cleanup_buf struct buf buf = BUF_INIT(1000);
	struct err err = ERR_INIT;

	ck_assert_int_eq(text_add_name(&buf, names[_i].name, &err), 0);
	ck_assert_str_eq((char *)buf.data, names[_i].json);
}
END_TEST

static const struct {
	const char *text, *json;
} strings[] = {
	{"a\"\\/", "\"a\\\"\\\\/\""},
	{"\b\f\n\r\t\x01", "\"\\b\\f\\n\\r\\t\\u0001\""},
	{"<>&\x7f", "\"\\u003c\\u003e\\u0026\x7f\""},
	{"\xff", "\"\\ufffd\""},
	{"\xe2\x80\xa9", "\"\\u2029\""},
	{"\xc3\xb1", "\"\xc3\xb1\""},
};

START_TEST(json)
{
	cleanup_buf struct buf buf = BUF_INIT(1000);
	struct err err = ERR_INIT;

	ck_assert_int_eq(text_add_json(&buf, strings[_i].text, strlen(strings[_i].text), &err), 0);
	ck_assert_str_eq((char *)buf.data, strings[_i].json);
}
END_TEST

static const struct {
	const char *quoted, *name;
} quotes[] = {
	{"plain", "plain"},
	{"\\a\\b\\t\\n\\v\\f\\r\\\\\\\"", "\a\b\t\n\v\f\r\\\""},
	{"\\xff\\101\\u00e9\\U0001F600", "\xff"
					 "A\xc3\xa9\xf0\x9f\x98\x80"},
	{"\\u0041\\u00FF", "A\xc3\xbf"},
	{"\\x4g", NULL},
	{"\\", NULL},
	{"\\x4", NULL},
	{"\\x00", NULL},
	{"\\000", NULL},
	{"\\400", NULL},
	{"\\12", NULL},
	{"\\ud800", NULL},
	{"\\U00110000", NULL},
	{"\\'", NULL},
	{"\\q", NULL},
	{"\"", NULL},
	{"a\nb", NULL},
};

START_TEST(unquote)
{
	cleanup_buf struct buf buf = BUF_INIT(1000);
	struct err err = ERR_INIT;

	if (quotes[_i].name) {
		ck_assert_int_eq(text_unquote(quotes[_i].quoted, &buf, &err), 0);
		ck_assert_str_eq((char *)buf.data, quotes[_i].name);
	} else {
		ck_assert_int_eq(text_unquote(quotes[_i].quoted, &buf, &err), -EBADMSG);
	}
}
END_TEST

static const struct {
	const char *bytes, *text;
} codes[] = {{"", ""}, {"a", "YQ=="}, {"ab", "YWI="}, {"abc", "YWJj"}, {"\xff\xfe\xfd", "//79"}};

START_TEST(base64)
{
	cleanup_buf struct buf text = BUF_INIT(100), bytes = BUF_INIT(100);
	struct err err = ERR_INIT;
	char want[16];

	snprintf(want, sizeof(want), "\"%s\"", codes[_i].text);
	ck_assert_int_eq(text_add_base64(&text, codes[_i].bytes, strlen(codes[_i].bytes), &err), 0);
	ck_assert_str_eq((char *)text.data, want);
	ck_assert_int_eq(
		text_decode_base64(codes[_i].text, strlen(codes[_i].text), &bytes, &err), 0);
	ck_assert_uint_eq(bytes.size, strlen(codes[_i].bytes));
	ck_assert_mem_eq(bytes.data ? (char *)bytes.data : "", codes[_i].bytes, bytes.size);
}
END_TEST

static const char *const broken[] = {"a", "ab", "abc", "ab=c", "====", "a===", "ab!d", "YQ==YQ=="};

START_TEST(base64_broken)
{
	cleanup_buf struct buf bytes = BUF_INIT(100);
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		text_decode_base64(broken[_i], strlen(broken[_i]), &bytes, &err), -EBADMSG);
}
END_TEST

START_TEST(numbers)
{
	char text[TEXT_U64_MAX + 2];

	*text_put_u64(text_put_u64(text, 0), UINT64_MAX) = '\0';
	ck_assert_str_eq(text, "018446744073709551615");
	ck_assert(text_is_printable('a') && text_is_printable(' ') && text_is_printable(0x20ac));
	ck_assert(
		!text_is_printable(0xad) && !text_is_printable(0) && !text_is_printable(0x10ffff));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, name, 0, COUNT(names));
	tcase_add_loop_test(tcase, json, 0, COUNT(strings));
	tcase_add_loop_test(tcase, unquote, 0, COUNT(quotes));
	tcase_add_loop_test(tcase, base64, 0, COUNT(codes));
	tcase_add_loop_test(tcase, base64_broken, 0, COUNT(broken));
	tcase_add_test(tcase, numbers);
	return unit_main("text", tcase);
}
