#include "provision/page/code.h"

#include <string.h>

#include "../unit.h"

static char *drawn(const char *code)
{
	struct buf out = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;

	ck_assert_int_eq(code_draw(code, &out, &err), 0);
	return buf_take_text(&out);
}

START_TEST(draws_every_letter)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

	for (size_t i = 0; letters[i]; i++) {
		char code[2] = {letters[i], '\0'};
		cleanup_free char *text = drawn(code);

		ck_assert_msg(strchr(text, '#') != NULL, "%s is not drawn", code);
	}
}
END_TEST

START_TEST(draws_half_a_code_on_a_row)
{
	cleanup_free char *text = drawn("0123-4567-89AB-CDEF");
	size_t lines = 0;

	for (char *at = text, *line; (line = strsep(&at, "\n")) && at; lines++)
		ck_assert_uint_le(strlen(line), 60);
	ck_assert_uint_eq(lines, 12);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("code");

	tcase_add_test(tcase, draws_every_letter);
	tcase_add_test(tcase, draws_half_a_code_on_a_row);
	return unit_main("code", tcase);
}
