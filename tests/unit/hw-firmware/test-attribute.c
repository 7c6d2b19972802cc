#include "hw/firmware/attribute.h"

#include <stdlib.h>

#include "../check_dir.h"

#define DELL "class/firmware-attributes/dell-wmi-sysman/"

static const struct {
	const char *value, *wanted;
	bool is;
} equal[] = {
	{"Power On", "Power On", true},
	{"PowerOn", "Power On", true},
	{"power_on", "Power-On", true},
	{"On", "Power On|On", true},
	{"On", "Off|Last", false},
	{"Power On later", "Power On", false},
	{"", "Power On", false},
	{"", "", false},
	{"a", "", false},
	{"a", "||a", true},
};

START_TEST(compares)
{
	ck_assert_int_eq(firmware_attribute_is(equal[_i].value, equal[_i].wanted), equal[_i].is);
}
END_TEST

static const struct {
	const char *possible, *wanted, *value; /* NULL: none */
} choices[] = {
	{"Disabled;Ata;Ahci;Raid;", "AHCI", "Ahci"},
	{"Disabled;Raid", "AHCI", NULL},
	{"Disabled;LanOnly;LanWlan", "Automatic|LANOnly|LanWlan", "LanOnly"},
	{"", "Power On|On", "Power On"},
	{"", "", NULL},
	{";;;", "a", NULL},
	{"0123456789012345678901234567890", "0123456789012345678901234567890", NULL},
};

START_TEST(chooses)
{
	char value[16] = "before";
	const char *wanted = choices[_i].value;
	bool found = firmware_attribute_choose(
		choices[_i].possible, choices[_i].wanted, value, sizeof(value));

	ck_assert_int_eq(found, wanted != NULL);
	ck_assert_str_eq(value, wanted ? wanted : "before");
}
END_TEST

START_TEST(none_here)
{
	struct firmware_attribute attribute;
	struct firmware_access how;
	struct err err = ERR_INIT;

	firmware_attribute_access(check_dir, &how);
	ck_assert_str_eq(how.driver, "");
	ck_assert_int_eq(
		firmware_attribute_find(check_dir, "AcPwrRcvry", &attribute, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
}
END_TEST

START_TEST(is_found_and_set)
{
	cleanup_firmware_attribute struct firmware_attribute attribute = {0};
	cleanup_free char *path =
		str_printf("%s/" DELL "attributes/AcPwrRcvry/current_value", check_dir);
	cleanup_free char *text = NULL;
	struct firmware_access how;
	struct err err = ERR_INIT;

	check_dir_put(DELL "attributes/Other/current_value", "x\n");
	check_dir_put(DELL "attributes/AcPwrRcvry/current_value", "Off\n");
	check_dir_put(DELL "attributes/AcPwrRcvry/possible_values", "Off;On;Last;\n");
	check_dir_put(DELL "attributes/pending_reboot", "1\n");
	firmware_attribute_access(check_dir, &how);
	ck_assert_str_eq(how.driver, "dell-wmi-sysman");
	ck_assert(how.pending && !how.locked);
	ck_assert_int_eq(firmware_attribute_find(check_dir, "ac pwr-rcvry", &attribute, &err), 0);
	ck_assert_str_eq(attribute.name, "AcPwrRcvry");
	ck_assert_str_eq(attribute.current, "Off");
	ck_assert_str_eq(attribute.possible, "Off;On;Last;");
	ck_assert_int_eq(firmware_attribute_set(&attribute, "Sideways", &err), -EINVAL);
	err = ERR_INIT;
	ck_assert_int_eq(firmware_attribute_set(&attribute, "ON", &err), 0);
	ck_assert_int_eq(file_read(AT_FDCWD, path, 100, &text, NULL, &err), 0);
	/* As written over what was there; the kernel's file has no rest. */
	ck_assert_msg(strncmp(text, "On", 2) == 0, "%s", text);
}
END_TEST

START_TEST(a_password_locks)
{
	struct firmware_access how;

	check_dir_put(DELL "attributes/pending_reboot", "0\n");
	check_dir_put(DELL "authentication/System/role", "power-on\n");
	check_dir_put(DELL "authentication/System/is_enabled", "1\n");
	firmware_attribute_access(check_dir, &how);
	ck_assert(!how.locked && !how.pending);
	check_dir_put(DELL "authentication/Admin/role", "bios-admin\n");
	check_dir_put(DELL "authentication/Admin/is_enabled", "1\n");
	firmware_attribute_access(check_dir, &how);
	ck_assert(how.locked);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("attribute");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, compares, 0, COUNT(equal));
	tcase_add_loop_test(tcase, chooses, 0, COUNT(choices));
	tcase_add_test(tcase, none_here);
	tcase_add_test(tcase, is_found_and_set);
	tcase_add_test(tcase, a_password_locks);
	return unit_main("hw-firmware/attribute", tcase);
}
