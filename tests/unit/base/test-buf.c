#include "base/buf.h"

#include <string.h>

#include "../unit.h"

START_TEST(grows_and_stays_terminated)
{
	cleanup_buf struct buf buf = BUF_INIT(100000);
	struct err err = ERR_INIT;

	for (int i = 0; i < 10000; i++) {
		ck_assert_int_eq(buf_add_byte(&buf, (uint8_t)('a' + i % 26), &err), 0);
		ck_assert_uint_eq(buf.data[buf.size], 0);
	}
	ck_assert_uint_eq(buf.size, 10000);
	ck_assert_mem_eq(buf.data + 26, "abcdef", 6);
}
END_TEST

START_TEST(limit_and_one_more)
{
	cleanup_buf struct buf buf = BUF_INIT(4);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_add(&buf, "1234", 4, &err), 0);
	ck_assert_int_eq(buf_add_byte(&buf, '5', &err), -EFBIG);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_uint_eq(buf.size, 4);
	ck_assert_str_eq((const char *)buf.data, "1234");
	/* A size that would wrap around. */
	ck_assert_int_eq(buf_reserve(&buf, SIZE_MAX, &err), -EFBIG);
	ck_assert_int_eq(buf_add(&buf, "", 0, &err), 0);
}
END_TEST

START_TEST(consume_and_clear)
{
	cleanup_buf struct buf buf = BUF_INIT(100);
	struct err err = ERR_INIT;

	buf_consume(&buf, 3);
	ck_assert_int_eq(buf_add_text(&buf, "hello world", &err), 0);
	buf_consume(&buf, 6);
	ck_assert_str_eq((const char *)buf.data, "world");
	buf_consume(&buf, 0);
	ck_assert_uint_eq(buf.size, 5);
	buf_consume(&buf, 1000);
	ck_assert_uint_eq(buf.size, 0);
	ck_assert_int_eq(buf_printf(&buf, &err, "%d-%s", 7, "x"), 0);
	ck_assert_str_eq((const char *)buf.data, "7-x");
	buf_clear(&buf);
	ck_assert_str_eq((const char *)buf.data, "");
}
END_TEST

START_TEST(take_hands_the_text_out)
{
	cleanup_buf struct buf buf = BUF_INIT(100);
	cleanup_free char *empty = NULL, *text = NULL;
	struct err err = ERR_INIT;

	empty = buf_take_text(&buf);
	ck_assert_str_eq(empty, "");
	ck_assert_int_eq(buf_add_text(&buf, "abc", &err), 0);
	text = buf_take_text(&buf);
	ck_assert_str_eq(text, "abc");
	ck_assert_ptr_null(buf.data);
	ck_assert_uint_eq(buf.size, 0);
	ck_assert_uint_eq(buf.max, 100);
	ck_assert_int_eq(buf_add_text(&buf, "again", &err), 0);
}
END_TEST

START_TEST(printf_past_the_limit_changes_nothing)
{
	cleanup_buf struct buf buf = BUF_INIT(5);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_printf(&buf, &err, "%s", "123456"), -EFBIG);
	ck_assert_uint_eq(buf.size, 0);
	ck_assert_int_eq(buf_printf(&buf, &err, "%s", "12345"), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("buf");

	tcase_add_test(tcase, grows_and_stays_terminated);
	tcase_add_test(tcase, limit_and_one_more);
	tcase_add_test(tcase, consume_and_clear);
	tcase_add_test(tcase, take_hands_the_text_out);
	tcase_add_test(tcase, printf_past_the_limit_changes_nothing);
	return unit_main("buf", tcase);
}
