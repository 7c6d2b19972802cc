#include "base/hex.h"

#include <string.h>

#include "../unit.h"

START_TEST(format_and_parse_are_inverse)
{
	uint8_t bytes[256], back[256];
	char text[513];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_format(bytes, sizeof(bytes), text);
	ck_assert_uint_eq(strlen(text), 512);
	ck_assert_mem_eq(text, "000102", 6);
	ck_assert_str_eq(text + 506, "fdfeff");
	ck_assert(hex_parse(text, back, sizeof(back)));
	ck_assert_mem_eq(bytes, back, sizeof(bytes));
}
END_TEST

START_TEST(nothing_is_an_empty_text)
{
	char text[1] = {'x'};

	hex_format("", 0, text);
	ck_assert_str_eq(text, "");
	ck_assert(hex_parse("", text, 0));
}
END_TEST

static const char *const refused[] = {
	"", "0", "00", "000", "000000", "0G00", "00AB", "00 0", " 0000", "0000 ", "0x00"};

START_TEST(refuses_and_leaves_the_target_alone)
{
	uint8_t out[2] = {0xaa, 0xbb};

	ck_assert_msg(!hex_parse(refused[_i], out, sizeof(out)), "'%s' was taken", refused[_i]);
	ck_assert_uint_eq(out[0], 0xaa);
	ck_assert_uint_eq(out[1], 0xbb);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("hex");

	tcase_add_test(tcase, format_and_parse_are_inverse);
	tcase_add_test(tcase, nothing_is_an_empty_text);
	tcase_add_loop_test(tcase, refuses_and_leaves_the_target_alone, 0, COUNT(refused));
	return unit_main("hex", tcase);
}
