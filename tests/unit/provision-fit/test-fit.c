#include "provision/fit/fit.h"

#include <stdlib.h>

#include "../check_dir.h"

START_TEST(reads_a_folder)
{
	struct fit fit;

	check_dir_put("proc/meminfo", "MemTotal: 2048 kB\n");
	check_dir_put("proc/cpuinfo", "processor : 0\nmodel name : x\n");
	check_dir_put("sys/class/dmi/id/product_name", "PC\n");
	check_dir_put("sys/bus/pci/devices/0000:00:17.0/class", "0x010601\n");
	fit_read(check_dir, "/nonexistent", &fit);
	ck_assert_uint_eq(fit.machine.memory_bytes, 2048 * 1024);
	ck_assert_str_eq(fit.cpu.model, "x");
	ck_assert_str_eq(fit.board.product, "PC");
	ck_assert(!fit.note.has_maker);
	/* What the hardware shows nobody must look up. */
	ck_assert_int_eq(fit.plan.settings[FIRMWARE_GOAL_AHCI].state, FIRMWARE_STATE_AS_WANTED);
	ck_assert_uint_eq(fit_count(&fit, FIRMWARE_STATE_UNKNOWN), FIRMWARE_GOAL_COUNT - 1);
	fit_started_from_usb(&fit);
	ck_assert_uint_eq(fit_count(&fit, FIRMWARE_STATE_UNKNOWN), FIRMWARE_GOAL_COUNT - 2);
	ck_assert(!fit_can_set(&fit));
}
END_TEST

START_TEST(counts_disks)
{
	const struct hw_disk disk = {.name = "sda"}, other = {.name = "sdb"};
	struct fit fit = {0};

	fit_add_disk(&fit, &disk, true, HW_SMART_UNKNOWN);
	fit_add_disk(&fit, &disk, true, HW_SMART_PASSED);
	fit_add_disk(&fit, &disk, false, HW_SMART_PASSED);
	fit_add_disk(&fit, &other, true, HW_SMART_FAILED);
	fit_add_disk(&fit, &disk, true, HW_SMART_FAILED);
	ck_assert_uint_eq(fit.disks, 5);
	ck_assert_uint_eq(fit.usable_disks, 2);
	ck_assert_uint_eq(fit.failing_disks, 2);
	ck_assert_str_eq(fit.failing, "/dev/sdb");
	/* Looked at again, they count once. */
	fit_forget_disks(&fit);
	fit_add_disk(&fit, &disk, true, HW_SMART_PASSED);
	ck_assert_uint_eq(fit.disks, 1);
	ck_assert_uint_eq(fit.failing_disks, 0);
}
END_TEST

/* What the firmware says goes before what the hardware shows now. */
START_TEST(a_setting_that_differs_stays)
{
	struct fit fit = {0};

	fit.plan.settings[FIRMWARE_GOAL_USB_BOOT].state = FIRMWARE_STATE_DIFFERENT;
	fit.plan.settings[FIRMWARE_GOAL_USB_BOOT].can_set = true;
	fit_started_from_usb(&fit);
	ck_assert_int_eq(fit.plan.settings[FIRMWARE_GOAL_USB_BOOT].state, FIRMWARE_STATE_DIFFERENT);
	ck_assert(fit_can_set(&fit));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fit");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, reads_a_folder);
	tcase_add_test(tcase, counts_disks);
	tcase_add_test(tcase, a_setting_that_differs_stays);
	return unit_main("provision-fit/fit", tcase);
}
