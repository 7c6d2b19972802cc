#include "repo/id.h"
#include "repo/text/scan.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

/* What scan_skip says of a whole text. */
static const struct {
	const char *text;
	int result;
} values[] = {
	{"null", 0}, {" true ", 0}, {"-1.5e+7", 0}, {"\"a\\u00e9\\n\"", 0}, {"[]", 0},
	{"[1, 2 ,[3],{}]", 0}, {"{\"a\":{\"b\":[]},\"c\":null}\n", 0}, {"", -EBADMSG},
	{"nul", -EBADMSG}, {"[1,]", -EBADMSG}, {"[,1]", -EBADMSG}, {"[1 2]", -EBADMSG},
	{"{\"a\"}", -EBADMSG}, {"{\"a\":1,}", -EBADMSG}, {"{a:1}", -EBADMSG},
	{"{\"a\":1", -EBADMSG}, {"\"a", -EBADMSG}, {"\"\\x\"", -EBADMSG}, {"\"\\u12g4\"", -EBADMSG},
	{"\"\n\"", -EBADMSG}, {"1 2", -EBADMSG},
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 0}, /* 30 */
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", -EBADMSG}, /* 32 */
};

START_TEST(skip)
{
	struct err err = ERR_INIT;
	struct scan scan;

	scan_init(&scan, values[_i].text, strlen(values[_i].text));
	scan_skip(&scan);
	ck_assert_int_eq(scan_end(&scan, "test", &err), values[_i].result);
}
END_TEST

static const struct {
	const char *text;
	bool ok;
	uint64_t value;
} numbers[] = {
	{"0", true, 0},
	{"18446744073709551615", true, UINT64_MAX},
	{"18446744073709551616", false, 0},
	{"9007199254740993", true, 9007199254740993},
	{"-1", false, 0},
	{"01", false, 0},
	{"1.0", false, 0},
	{"1e3", false, 0},
	{"\"1\"", false, 0},
};

START_TEST(u64)
{
	uint64_t value = 0;
	struct scan scan;

	scan_init(&scan, numbers[_i].text, strlen(numbers[_i].text));
	ck_assert_int_eq(scan_u64(&scan, &value), numbers[_i].ok);
	if (numbers[_i].ok)
		ck_assert_uint_eq(value, numbers[_i].value);
}
END_TEST

static const struct {
	const char *text, *decoded;
} texts[] = {
	{"\"\"", ""},
	{"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\b\f\n\r\t"},
	{"\"\\u00e9\\u20ac\"", "\xc3\xa9\xe2\x82\xac"},
	{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
	{"\"\\ud83d\\ude00x\\u0041\"", "\xf0\x9f\x98\x80xA"},
	{"\"\\ud83dx\"", "\xef\xbf\xbdx"},
	{"\"\\ude00\"", "\xef\xbf\xbd"},
	{"\"\xff\"", "\xef\xbf\xbd"},
	{"\"\\u0000\"", NULL},
};

START_TEST(decode)
{
	cleanup_buf struct buf buf = BUF_INIT(100);
	struct err err = ERR_INIT;
	struct scan_text text;
	struct scan scan;

	scan_init(&scan, texts[_i].text, strlen(texts[_i].text));
	ck_assert(scan_string(&scan, &text));
	if (texts[_i].decoded) {
		ck_assert_int_eq(scan_text_decode(&text, &buf, &err), 0);
		ck_assert_str_eq((char *)buf.data, texts[_i].decoded);
	} else {
		ck_assert_int_eq(scan_text_decode(&text, &buf, &err), -EBADMSG);
	}
}
END_TEST

START_TEST(members)
{
	static const char text[] = "{\"a\":1,\"b\":[true,null],\"id\":\"00000000000000000000000000"
				   "000000000000000000000000000000000000ff\"}";
	struct err err = ERR_INIT;
	struct scan_text key;
	struct scan scan;
	uint32_t number = 0;
	unsigned elements = 0;
	bool flag = false;
	struct id id = {0};

	scan_init(&scan, text, strlen(text));
	ck_assert(scan_object(&scan));
	while (scan_member(&scan, &key)) {
		if (scan_is(&key, "a"))
			scan_u32(&scan, &number);
		else if (scan_is(&key, "id"))
			scan_hex(&scan, id.bytes, sizeof(id.bytes));
		else if (scan_array(&scan))
			while (scan_element(&scan)) {
				elements++;
				if (!scan_null(&scan))
					scan_bool(&scan, &flag);
			}
	}
	ck_assert_int_eq(scan_end(&scan, "test", &err), 0);
	ck_assert_uint_eq(number, 1);
	ck_assert_uint_eq(elements, 2);
	ck_assert(flag);
	ck_assert_uint_eq(id.bytes[31], 0xff);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("scan");

	tcase_add_loop_test(tcase, skip, 0, COUNT(values));
	tcase_add_loop_test(tcase, u64, 0, COUNT(numbers));
	tcase_add_loop_test(tcase, decode, 0, COUNT(texts));
	tcase_add_test(tcase, members);
	return unit_main("scan", tcase);
}
