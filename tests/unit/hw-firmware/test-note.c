#include "hw/firmware/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"

#define X120                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                             \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *name, *value;
	int code; /* 0: taken */
} rows[] = {
	{"NEXUS_NAME", "Dell OptiPlex 7010", 0},
	{"NEXUS_NAME", "", EINVAL},
	{"NEXUS_NAME", X120, EINVAL},
	{"NEXUS_BOOT_KEY", "F12", 0},
	{"NEXUS_BOOT_KEY", "F13", EINVAL},
	{"NEXUS_SETUP_KEY", "Del", 0},
	{"NEXUS_MODES", "bios uefi", 0},
	{"NEXUS_MODES", "bios efi", EINVAL},
	{"NEXUS_QUIRKS", "none", 0},
	{"NEXUS_QUIRKS", "efi_entry pmbr_active", 0},
	{"NEXUS_QUIRKS", "efi_entries", EINVAL},
	{"NEXUS_NIC_FIRMWARE", "wanted", 0},
	{"NEXUS_NIC_FIRMWARE", "yes", EINVAL},
	{"NEXUS_KERNEL_ARGS", X120, 0},
	{"NEXUS_KERNEL_ARGS", X120 "x", EINVAL},
	{"NEXUS_SET_AHCI", "A > B = C", 0},
	{"NEXUS_SET_WARMTH", "A", EINVAL},
	{"NEXUS_SET_", "A", EINVAL},
	{"NEXUS_ATTR_AHCI", "SATA Emulation=AHCI|Ahci", 0},
	{"NEXUS_ATTR_AHCI", "=AHCI", EINVAL},
	{"NEXUS_ATTR_AHCI", "SATA=", EINVAL},
	{"NEXUS_ATTR_AHCI", "SATA", EINVAL},
	{"NEXUS_ATTR_AHCI", "../../x=y", EINVAL},
	{"NEXUS_ATTR_AHCI", "a/b=y", EINVAL},
	{"NEXUS_SOURCE_KEYS", "whatever", 0},
	{"NEXUS_VERIFIED", "no", 0},
	{"NEXUS_OTHER", "x", EINVAL},
	{"ID_VENDOR", "x", EINVAL},
};

START_TEST(properties)
{
	static const struct firmware_note empty;
	struct firmware_note note = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		firmware_note_add(&note, rows[_i].name, rows[_i].value, &err), -rows[_i].code);
	if (rows[_i].code)
		ck_assert_mem_eq(&note, &empty, sizeof(note));
}
END_TEST

START_TEST(values)
{
	struct firmware_note note = {0};
	struct err err = ERR_INIT;
	int r = firmware_note_add(&note, "NEXUS_QUIRKS", "efi_entry pmbr_active", &err);

	r |= firmware_note_add(&note, "NEXUS_ATTR_AHCI", "SATA Mode=AHCI|On", &err);
	r |= firmware_note_add(&note, "NEXUS_SET_AHCI", "A\033B", &err);
	r |= firmware_note_add(&note, "NEXUS_NIC", "unknown", &err);
	r |= firmware_note_add(&note, "NEXUS_VERIFIED", "no", &err);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(note.quirks, FIRMWARE_QUIRK_EFI_ENTRY | FIRMWARE_QUIRK_PMBR_ACTIVE);
	ck_assert_str_eq(note.wishes[FIRMWARE_GOAL_AHCI].attribute, "SATA Mode");
	ck_assert_str_eq(note.wishes[FIRMWARE_GOAL_AHCI].values, "AHCI|On");
	ck_assert_str_eq(note.wishes[FIRMWARE_GOAL_AHCI].menu, "A?B");
	ck_assert_str_eq(note.nic, "");
	ck_assert_str_eq(note.verified, "");
	ck_assert_str_eq(firmware_note_quirk_name(FIRMWARE_QUIRK_EFI_ENTRY), "efi_entry");
	ck_assert_str_eq(firmware_note_goal_name(FIRMWARE_GOAL_CLOCK), "clock");
}
END_TEST

/* The notes of this tree, compiled, by the modalias of real PCs. */
static const struct {
	const char *modalias, *name, *boot_key, *setup_key, *power_loss, *nic;
	bool bios, uefi;
	unsigned quirks;
} pcs[] = {
	{"dmi:bvnDellInc.:bvrA25:bd05/10/2017:br4.6:svnDellInc.:pnOptiPlex7010:pvr01:"
	 "rvnDellInc.:rn0GY6Y8:rvrA02:cvnDellInc.:ct6:cvr:sku:",
		"Dell OptiPlex 7010 (2012)", "F12", "F2",
		"Power Management > AC Recovery = Power On", "Intel 82579LM (e1000e)", true, true,
		0},
	/* Its namesake of 2023 is known by its maker only. */
	{"dmi:bvnDellInc.:bvr1.5.0:bd05/10/2023:svnDellInc.:pnOptiPlex7010:pvr:rvnDellInc.:", "",
		"F12", "F2", "Power Management > AC Recovery = Power On", "", false, false, 0},
	{"dmi:bvnDellInc.:bvrA18:bd09/24/2013:svnDellInc.:pnOptiPlex790:pvr01:rvnDellInc.:",
		"Dell OptiPlex 790", "F12", "F2", "Power Management > AC Recovery = Power On",
		"Intel 82579LM (e1000e)", true, false, 0},
	{"dmi:bvnHewlett-Packard:bvrK01v03.08:bd04/10/2019:svnHewlett-Packard:"
	 "pnHPCompaqPro6300SFF:pvr:rvnHewlett-Packard:rn339A:",
		"HP Compaq Pro 6300", "F9", "F10", "After Power Loss = Power On", "", true, true,
		FIRMWARE_QUIRK_EFI_ENTRY},
	{"dmi:bvnHP:bvrN01Ver.02.45:bd06/01/2020:svnHP:pnHPEliteDesk800G2SFF:pvr:rvnHP:rn8054:",
		"HP EliteDesk 800 G2", "F9", "F10", "After Power Loss = Power On",
		"Intel I219-LM (e1000e)", true, true, 0},
	{"dmi:bvnLENOVO:bvrFBKT99AUS:bd11/05/2014:svnLENOVO:pn10AB0010US:pvrThinkCentreM93p:"
	 "rvnLENOVO:rnSHARKBAY:",
		"Lenovo ThinkCentre M93p", "F12", "F1", "Power > After Power Loss = Power On", "",
		true, true, 0},
	{"dmi:bvnAmericanMegatrendsInc.:bvr0603:svnSystemmanufacturer:pnSystemProductName:pvr1:",
		"", "", "", "", "", false, false, 0},
	{"", "", "", "", "", "", false, false, 0},
};

START_TEST(pcs_are_found)
{
	const char *path = getenv("NOTES");
	struct firmware_note note;
	struct err err = ERR_INIT;

	if (!path)
		return; /* where systemd-hwdb is not installed nothing compiles them */
	ck_assert_int_eq(firmware_note_find(path, pcs[_i].modalias, &note, &err), 0);
	ck_assert_uint_eq(note.refused, 0);
	ck_assert_int_eq(note.has_model, pcs[_i].name[0] != '\0');
	ck_assert_int_eq(note.has_maker, pcs[_i].boot_key[0] != '\0');
	ck_assert_str_eq(note.name, pcs[_i].name);
	ck_assert_str_eq(note.boot_key, pcs[_i].boot_key);
	ck_assert_str_eq(note.setup_key, pcs[_i].setup_key);
	ck_assert_str_eq(note.wishes[FIRMWARE_GOAL_POWER_LOSS].menu, pcs[_i].power_loss);
	ck_assert_str_eq(note.nic, pcs[_i].nic);
	ck_assert_int_eq(note.bios, pcs[_i].bios);
	ck_assert_int_eq(note.uefi, pcs[_i].uefi);
	ck_assert_uint_eq(note.quirks, pcs[_i].quirks);
}
END_TEST

START_TEST(no_database)
{
	struct firmware_note note;
	struct err err = ERR_INIT;

	ck_assert_int_eq(firmware_note_find("/nonexistent/x", "dmi:", &note, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert(!note.has_maker && !note.has_model);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("note");

	tcase_add_loop_test(tcase, properties, 0, COUNT(rows));
	tcase_add_test(tcase, values);
	tcase_add_loop_test(tcase, pcs_are_found, 0, COUNT(pcs));
	tcase_add_test(tcase, no_database);
	return unit_main("hw-firmware/note", tcase);
}
