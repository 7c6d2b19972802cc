#include "console/usb/sums.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NAME_51 "012345678901234567890123456789012345678901234567890"
#define NAME_255 NAME_51 NAME_51 NAME_51 NAME_51 NAME_51

static const struct {
	const char *text;
	int code;
	const char *complaint;
} cases[] = {
	{A "  usb.img\n", 0, NULL},
	{A " *usb.img", 0, NULL},
	{B "  report.json\n" A "  usb.img\n" B "  sbom.json\n", 0, NULL},
	{A "  usb.img\n" B "  " NAME_255 "\n", 0, NULL},
	{"", -ENOENT, "usb.img is not in it"},
	{A "  usb.im\n", -ENOENT, "usb.img is not in it"},
	{A "  usb.img2\n", -ENOENT, "usb.img is not in it"},
	{A "  usb.img\n" A "  usb.img\n", -EEXIST, "twice"},
	{A "  usb.img\n\n", -EBADMSG, "line 2"},
	{A "  usb.img\n" B "\n", -EBADMSG, "line 2"},
	{A "  usb.img\n" B "  \n", -EBADMSG, "line 2"},
	{A "  usb.img\n" B "  " NAME_255 "x\n", -EBADMSG, "line 2"},
	{A "   usb.img\n", -ENOENT, "not in it"},
	{A "\tusb.img\n", -EBADMSG, "line 1"},
	{A " -usb.img\n", -EBADMSG, "line 1"},
	{A "  dir/usb.img\n", -EBADMSG, "line 1"},
	{"x" A "  usb.img\n", -EBADMSG, "line 1"},
	{"usb.img\n", -EBADMSG, "line 1"},
};

START_TEST(finds)
{
	uint8_t wanted[HASH_SIZE], digest[HASH_SIZE] = {0};
	struct err err = ERR_INIT;
	int r;

	r = sums_find(cases[_i].text, strlen(cases[_i].text), "usb.img", digest, &err);
	ck_assert_msg(r == cases[_i].code, "%d: %s", r, err.text);
	memset(wanted, r == 0 ? 0xaa : 0, HASH_SIZE);
	ck_assert_mem_eq(digest, wanted, HASH_SIZE);
	if (r < 0)
		ck_assert_msg(strstr(err.text, cases[_i].complaint) != NULL, "%s", err.text);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("sums");

	tcase_add_loop_test(tcase, finds, 0, COUNT(cases));
	return unit_main("sums", tcase);
}
