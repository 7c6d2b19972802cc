#include "hw/machine.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/file.h"
#include "base/str.h"

static char dir[32];

static void put(const char *name, const char *text, size_t size)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	cleanup_free char *parent = strdup(path);
	struct err err = ERR_INIT;

	*strrchr(parent, '/') = '\0';
	ck_assert_int_eq(file_make_dirs(parent, 0755, &err), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, text, size, 0644, &err), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/test-machine.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	ck_assert_int_eq(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#define PUT(name, text) put(name, text, strlen(text))

START_TEST(nothing_known)
{
	struct hw_machine machine;

	hw_machine_read(dir, dir, &machine);
	ck_assert(!machine.uefi && !machine.secure_boot && !machine.raid_mode);
	ck_assert(!machine.ahci_mode);
	ck_assert_uint_eq(machine.memory_bytes, 0);
	ck_assert_str_eq(machine.vendor, "");
}
END_TEST

START_TEST(a_pc)
{
	static const char on[] = {6, 0, 0, 0, 1};
	struct hw_machine machine;

	PUT("meminfo", "MemTotal:        3912345 kB\nMemFree: 1 kB\n");
	PUT("class/dmi/id/sys_vendor", "Dell Inc.\n");
	PUT("class/dmi/id/product_name", "OptiPlex\0017010\n");
	put("firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", on, sizeof(on));
	PUT("bus/pci/devices/0000:00:1f.2/class", "0x010400\n");
	hw_machine_read(dir, dir, &machine);
	ck_assert(machine.uefi && machine.secure_boot && machine.raid_mode);
	ck_assert_uint_eq(machine.memory_bytes, 3912345ull * 1024);
	ck_assert_str_eq(machine.vendor, "Dell Inc.");
	ck_assert_str_eq(machine.product, "OptiPlex?7010");
	/* A RAID card beside an AHCI controller is nobody's mistake. */
	PUT("bus/pci/devices/0000:00:1f.3/class", "0x010601\n");
	hw_machine_read(dir, dir, &machine);
	ck_assert(!machine.raid_mode && !machine.ahci_mode);
	PUT("bus/pci/devices/0000:00:1f.2/class", "0x0c0330\n");
	hw_machine_read(dir, dir, &machine);
	ck_assert(!machine.raid_mode && machine.ahci_mode);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("machine");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nothing_known);
	tcase_add_test(tcase, a_pc);
	return unit_main("machine", tcase);
}
