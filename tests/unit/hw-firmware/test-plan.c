#include "hw/firmware/plan.h"

#include <stdlib.h>

#include "../check_dir.h"

#define LENOVO "class/firmware-attributes/thinklmi/"

static void put_setting(const char *name, const char *current, const char *possible)
{
	cleanup_free char *at = str_printf(LENOVO "attributes/%s/current_value", name);
	cleanup_free char *list = str_printf(LENOVO "attributes/%s/possible_values", name);

	check_dir_put(at, current);
	if (possible)
		check_dir_put(list, possible);
}

static struct firmware_note a_note(void)
{
	static const char *const properties[][2] = {
		{"NEXUS_ATTR_POWER_LOSS", "AfterPowerLoss=Power On"},
		{"NEXUS_ATTR_AHCI", "ConfigureSATAas=AHCI"},
		{"NEXUS_ATTR_WAKE_ON_LAN", "WakeonLAN=Automatic|Primary"},
		{"NEXUS_ATTR_USB_BOOT", "USBBootSupport=Enabled"},
		{"NEXUS_SET_CLOCK", "Main > System Time & Date"},
	};
	struct firmware_note note = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		ck_assert_int_eq(
			firmware_note_add(&note, properties[i][0], properties[i][1], &err), 0);
	return note;
}

START_TEST(nothing_to_ask)
{
	const struct firmware_note note = a_note();
	struct firmware_plan plan;
	struct err err = ERR_INIT;
	size_t count;

	firmware_plan_make(check_dir, &note, &plan);
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		ck_assert_int_eq(plan.settings[i].state, FIRMWARE_STATE_UNKNOWN);
		ck_assert(!plan.settings[i].can_set);
	}
	ck_assert_int_eq(firmware_plan_set(check_dir, &plan, &count, &err), 0);
	ck_assert_uint_eq(count, 0);
}
END_TEST

static void put_all(void)
{
	put_setting("AfterPowerLoss", "Last State\n", "Power Off;Power On;Last State\n");
	put_setting("ConfigureSATAas", "AHCI\n", "AHCI;RAID\n");
	put_setting("WakeonLAN", "Disabled\n", "Disabled;Primary\n");
	put_setting("USBBootSupport", "Disabled\n", "Disabled\n");
}

START_TEST(reads_and_sets)
{
	const struct firmware_note note = a_note();
	struct firmware_plan plan, again;
	struct err err = ERR_INIT;
	size_t count;

	put_all();
	firmware_plan_make(check_dir, &note, &plan);
	ck_assert_str_eq(plan.access.driver, "thinklmi");
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_POWER_LOSS].state, FIRMWARE_STATE_DIFFERENT);
	ck_assert(plan.settings[FIRMWARE_GOAL_POWER_LOSS].can_set);
	ck_assert_str_eq(plan.settings[FIRMWARE_GOAL_POWER_LOSS].current, "Last State");
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_AHCI].state, FIRMWARE_STATE_AS_WANTED);
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_KEYBOARD].state, FIRMWARE_STATE_UNKNOWN);
	/* Not what is wanted, and not to be had. */
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_USB_BOOT].state, FIRMWARE_STATE_DIFFERENT);
	ck_assert(!plan.settings[FIRMWARE_GOAL_USB_BOOT].can_set);
	/* As sysfs, where what is written replaces all. */
	put_setting("AfterPowerLoss", "", NULL);
	put_setting("WakeonLAN", "", NULL);
	ck_assert_int_eq(firmware_plan_set(check_dir, &plan, &count, &err), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_POWER_LOSS].state, FIRMWARE_STATE_SET);
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_USB_BOOT].state, FIRMWARE_STATE_DIFFERENT);
	firmware_plan_make(check_dir, &note, &again);
	ck_assert_int_eq(again.settings[FIRMWARE_GOAL_POWER_LOSS].state, FIRMWARE_STATE_AS_WANTED);
	ck_assert_int_eq(again.settings[FIRMWARE_GOAL_WAKE_ON_LAN].state, FIRMWARE_STATE_AS_WANTED);
	ck_assert_str_eq(again.settings[FIRMWARE_GOAL_WAKE_ON_LAN].current, "Primary");
}
END_TEST

/* One that fails does not keep the others from being set. */
START_TEST(goes_on_after_a_failure)
{
	const struct firmware_note note = a_note();
	cleanup_free char *gone =
		str_printf("%s/" LENOVO "attributes/AfterPowerLoss/current_value", check_dir);
	struct firmware_plan plan;
	struct err err = ERR_INIT;
	size_t count;

	put_all();
	firmware_plan_make(check_dir, &note, &plan);
	ck_assert_int_eq(unlink(gone), 0);
	ck_assert_int_eq(firmware_plan_set(check_dir, &plan, &count, &err), -ENOENT);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_POWER_LOSS].state, FIRMWARE_STATE_DIFFERENT);
}
END_TEST

START_TEST(a_password_keeps_it)
{
	const struct firmware_note note = a_note();
	struct firmware_plan plan;

	put_all();
	check_dir_put(LENOVO "authentication/Admin/is_enabled", "1\n");
	check_dir_put(LENOVO "authentication/Admin/role", "bios-admin\n");
	firmware_plan_make(check_dir, &note, &plan);
	ck_assert(plan.access.locked);
	ck_assert_int_eq(plan.settings[FIRMWARE_GOAL_POWER_LOSS].state, FIRMWARE_STATE_DIFFERENT);
	ck_assert(!plan.settings[FIRMWARE_GOAL_POWER_LOSS].can_set);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("plan");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, nothing_to_ask);
	tcase_add_test(tcase, reads_and_sets);
	tcase_add_test(tcase, goes_on_after_a_failure);
	tcase_add_test(tcase, a_password_keeps_it);
	return unit_main("hw-firmware/plan", tcase);
}
