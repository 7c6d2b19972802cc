#include "qr/qr.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

START_TEST(svg)
{
	cleanup_buf struct buf ret = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	const char *text;

	ck_assert_int_eq(qr_svg("nexus <&>", &ret, &err), 0);
	text = (const char *)ret.data;
	/* Version 1: 21 modules and the frame; a finder in each of three corners. */
	ck_assert_ptr_nonnull(strstr(text, "viewBox=\"0 0 29 29\""));
	ck_assert_ptr_nonnull(strstr(text, "M4 4h7v1h-7z"));
	ck_assert_ptr_nonnull(strstr(text, "M18 4h7v1h-7z"));
	ck_assert_ptr_nonnull(strstr(text, "M4 24h7v1h-7z"));
	ck_assert_ptr_null(strstr(text, "nexus"));
}
END_TEST

START_TEST(limit)
{
	static char text[QR_TEXT_MAX + 2];
	cleanup_buf struct buf ret = BUF_INIT(4 << 20);
	struct err err = ERR_INIT;

	memset(text, 'a', QR_TEXT_MAX);
	ck_assert_int_eq(qr_svg(text, &ret, &err), 0);
	text[QR_TEXT_MAX] = 'a';
	ck_assert_int_eq(qr_svg(text, &ret, &err), -EFBIG);
}
END_TEST

/* Some 15 % of the code may be dirty, which costs modules: 30 bytes are version 3 then. */
START_TEST(correction)
{
	cleanup_buf struct buf ret = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	ck_assert_int_eq(qr_svg("thirty bytes of text, no less.", &ret, &err), 0);
	ck_assert_ptr_nonnull(strstr((const char *)ret.data, "viewBox=\"0 0 37 37\""));
}
END_TEST

/* Box id and code are version 3 (29 modules), framed: 33 columns, 17 lines; its corners are there.
 */
START_TEST(blocks)
{
	static char large[QR_TEXT_MAX + 2];
	cleanup_buf struct buf ret = BUF_INIT(4 << 20);
	struct err err = ERR_INIT;
	size_t lines = 0;

	ck_assert_int_eq(
		qr_blocks("NEXUS:0123456789ABCDEF0123456789ABCDEF:0123-4567-89AB-CDEF", &ret, &err),
		0);
	for (const char *at = (const char *)ret.data; *at; at++)
		lines += *at == '\n';
	ck_assert_uint_eq(lines, 17);
	ck_assert_ptr_nonnull(strstr((const char *)ret.data, "\n\u2588\u2588 \u2584\u2584\u2584"
							     "\u2584\u2584 \u2588"));
	memset(large, 'a', QR_TEXT_MAX + 1);
	ck_assert_int_eq(qr_blocks(large, &ret, &err), -EFBIG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("qr");

	tcase_add_test(tcase, svg);
	tcase_add_test(tcase, limit);
	tcase_add_test(tcase, correction);
	tcase_add_test(tcase, blocks);
	return unit_main("qr", tcase);
}
