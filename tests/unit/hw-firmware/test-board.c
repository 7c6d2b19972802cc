#include "hw/firmware/board.h"

#include <stdlib.h>

#include "../check_dir.h"

static const struct {
	const char *text;
	enum firmware_uuid uuid;
} rows[] = {
	{"4c4c4544-0044-4a10-8057-b4c04f4e3332", FIRMWARE_UUID_GOOD},
	{"4C4C4544-0044-4A10-8057-B4C04F4E3332", FIRMWARE_UUID_GOOD},
	{"03000200-0400-0500-0006-000700080009", FIRMWARE_UUID_NONE},
	{"00000000-0000-0000-0000-000000000000", FIRMWARE_UUID_NONE},
	{"FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", FIRMWARE_UUID_NONE},
	{"FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE", FIRMWARE_UUID_NONE},
	{"12345678-1234-5678-90AB-CDDEEFAABBCC", FIRMWARE_UUID_NONE},
	{"Not Settable", FIRMWARE_UUID_NONE},
	{"", FIRMWARE_UUID_NONE},
	{"4c4c4544-0044-4a10-8057-b4c04f4e333", FIRMWARE_UUID_NONE},
	{"4c4c4544-0044-4a10-8057-b4c04f4e33321", FIRMWARE_UUID_NONE},
	{"4c4c4544x0044-4a10-8057-b4c04f4e3332", FIRMWARE_UUID_NONE},
};

START_TEST(uuids)
{
	ck_assert_int_eq(firmware_board_judge_uuid(rows[_i].text), rows[_i].uuid);
}
END_TEST

START_TEST(a_pc)
{
	struct firmware_board board;

	check_dir_put("class/dmi/id/sys_vendor", "Dell Inc.\n");
	check_dir_put("class/dmi/id/product_name", "OptiPlex\0337010\n");
	check_dir_put("class/dmi/id/bios_date", "03/25/2013\n");
	check_dir_put("class/dmi/id/product_uuid", "03000200-0400-0500-0006-000700080009\n");
	check_dir_put("class/dmi/id/modalias", "dmi:bvnDellInc.:bvrA13:svnDellInc.:\n");
	firmware_board_read(check_dir, &board);
	ck_assert_str_eq(board.vendor, "Dell Inc.");
	ck_assert_str_eq(board.product, "OptiPlex?7010");
	ck_assert_str_eq(board.version, "");
	ck_assert_str_eq(board.bios_date, "03/25/2013");
	ck_assert_int_eq(board.uuid, FIRMWARE_UUID_NONE);
	ck_assert_str_eq(board.modalias, "dmi:bvnDellInc.:bvrA13:svnDellInc.:");
}
END_TEST

START_TEST(nothing_known)
{
	struct firmware_board board;

	firmware_board_read(check_dir, &board);
	ck_assert_str_eq(board.vendor, "");
	ck_assert_str_eq(board.modalias, "");
	ck_assert_int_eq(board.uuid, FIRMWARE_UUID_UNKNOWN);
}
END_TEST

/* One that does not fit is not cut: it would find another PC. */
START_TEST(long_modalias)
{
	cleanup_free char *text = malloc(FIRMWARE_MODALIAS_MAX + 1);
	struct firmware_board board;

	memset(text, 'x', FIRMWARE_MODALIAS_MAX);
	memcpy(text, "dmi:", 4);
	text[FIRMWARE_MODALIAS_MAX] = '\0';
	check_dir_put("class/dmi/id/modalias", text);
	firmware_board_read(check_dir, &board);
	ck_assert_str_eq(board.modalias, "");
	text[FIRMWARE_MODALIAS_MAX - 2] = '\0';
	check_dir_put("class/dmi/id/modalias", text);
	firmware_board_read(check_dir, &board);
	ck_assert_str_eq(board.modalias, text);
	check_dir_put("class/dmi/id/modalias", "usb:v1D6Bp0002");
	firmware_board_read(check_dir, &board);
	ck_assert_str_eq(board.modalias, "");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("board");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, uuids, 0, COUNT(rows));
	tcase_add_test(tcase, a_pc);
	tcase_add_test(tcase, nothing_known);
	tcase_add_test(tcase, long_modalias);
	return unit_main("hw-firmware/board", tcase);
}
