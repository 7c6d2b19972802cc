#include "hw/disk.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../unit.h"
#include "base/file.h"
#include "base/str.h"

/* A PC made of files. */
struct fake {
	char dir[32];
	char sysfs[64], udev[64];
	struct hw_disk_paths paths;
};

static struct fake fake;

static void put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	cleanup_free char *parent = strdup(path);
	struct err err = ERR_INIT;

	*strrchr(parent, '/') = '\0';
	ck_assert_int_eq(file_make_dirs(parent, 0755, &err), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
}

static void add_disk(const char *bus, const char *name, const char *device, const char *sectors)
{
	cleanup_free char *real = str_printf("%s/devices/%s/%s", fake.sysfs, bus, name);
	cleanup_free char *target = str_printf("../devices/%s/%s", bus, name);
	cleanup_free char *link = str_printf("%s/block/%s", fake.sysfs, name);

	put(real, "dev", device);
	put(real, "size", sectors);
	put(real, "ro", "0\n");
	put(real, "removable", "0\n");
	put(real, "queue/rotational", "1\n");
	put(real, "queue/logical_block_size", "512\n");
	ck_assert_int_eq(symlink(target, link), 0);
}

static void setup(void)
{
	cleanup_free char *block = NULL;
	struct err err = ERR_INIT;

	snprintf(fake.dir, sizeof(fake.dir), "/tmp/test-disk.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fake.dir));
	snprintf(fake.sysfs, sizeof(fake.sysfs), "%s/sys", fake.dir);
	snprintf(fake.udev, sizeof(fake.udev), "%s/udev", fake.dir);
	fake.paths = (struct hw_disk_paths){fake.sysfs, fake.udev, "/dev"};
	block = str_printf("%s/block", fake.sysfs);
	ck_assert_int_eq(file_make_dirs(block, 0755, &err), 0);
	add_disk("pci0/ata1/host0/block", "sda", "8:0\n", "976773168\n");
	add_disk("pci0/usb1/1-2/host6/block", "sdb", "8:16\n", "30310400\n");
	add_disk("pci0/nvme/nvme0", "nvme0n1", "259:0\n", "500118192\n");
	add_disk("pci0/mmc_host/mmc0", "mmcblk0", "179:0\n", "30535680\n");
	add_disk("pci0/mmc_host/mmc0", "mmcblk0boot0", "179:8\n", "8192\n");
	add_disk("virtual/block", "loop0", "7:0\n", "100\n");
	add_disk("virtual/block", "dm-0", "252:0\n", "100\n");
	add_disk("virtual/block", "zram0", "253:0\n", "100\n");
	add_disk("pci0/ata2/host1/block", "sr0", "11:0\n", "2097151\n");
	add_disk("pci0/usb1/1-3/host7/block", "sdc", "8:32\n", "0\n"); /* no card in it */
	put(fake.sysfs, "block/sda/device/model", "ST500DM002-1BD14\n");
	put(fake.udev, "b8:0",
		"S:disk/by-id/x\nE:ID_MODEL=ST500DM002-1BD142_long\n"
		"E:ID_SERIAL=ST500DM002_Z2AXYZ12\nE:ID_SERIAL_SHORT=Z2AXYZ12\n");
	put(fake.sysfs, "block/nvme0n1/device/model", "Fast\033[31m Disk  \n");
	put(fake.sysfs, "block/nvme0n1/device/serial", "S3X9\n");
	put(fake.sysfs, "block/sdb/removable", "1\n");
	put(fake.sysfs, "block/sdb/ro", "1\n");
	put(fake.sysfs, "block/mmcblk0/device/name", "ABCD16\n");
	put(fake.sysfs, "block/mmcblk0/queue/logical_block_size", "4096\n");
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	ck_assert_int_eq(nftw(fake.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

START_TEST(lists)
{
	static const char *const names[] = {"mmcblk0", "nvme0n1", "sda", "sdb"};
	cleanup_hw_disk_list struct hw_disk_list list = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(hw_disk_list(&fake.paths, &list, &err), 0);
	ck_assert_uint_eq(list.count, (size_t)COUNT(names));
	for (size_t i = 0; i < list.count; i++)
		ck_assert_str_eq(list.disks[i].name, names[i]);
}
END_TEST

START_TEST(reads)
{
	struct hw_disk disk;
	struct err err = ERR_INIT;

	ck_assert_int_eq(hw_disk_read(&fake.paths, "sda", &disk, &err), 0);
	ck_assert_str_eq(disk.path, "/dev/sda");
	ck_assert_str_eq(disk.model, "ST500DM002-1BD142 long");
	ck_assert_str_eq(disk.serial, "Z2AXYZ12");
	ck_assert_str_eq(disk.transport, "sata");
	ck_assert_uint_eq(disk.size_bytes, 976773168ull * 512);
	ck_assert(disk.device == makedev(8, 0));
	ck_assert(disk.rotational && !disk.removable && !disk.read_only);
	ck_assert_int_eq(disk.content, HW_DISK_NOT_PROBED);
	ck_assert_int_eq(hw_disk_read(&fake.paths, "sdb", &disk, &err), 0);
	ck_assert_str_eq(disk.transport, "usb");
	ck_assert(disk.removable && disk.read_only);
	ck_assert_str_eq(disk.serial, "");
	ck_assert_int_eq(hw_disk_read(&fake.paths, "nvme0n1", &disk, &err), 0);
	ck_assert_str_eq(disk.transport, "nvme");
	ck_assert_str_eq(disk.model, "Fast?[31m Disk");
	ck_assert_str_eq(disk.serial, "S3X9");
	ck_assert_int_eq(hw_disk_read(&fake.paths, "mmcblk0", &disk, &err), 0);
	ck_assert_str_eq(disk.model, "ABCD16");
	ck_assert_uint_eq(disk.sector_bytes, 4096);
	ck_assert_int_eq(hw_disk_read(&fake.paths, "loop0", &disk, &err), 0);
	ck_assert_str_eq(disk.transport, "loop");
	ck_assert_int_eq(hw_disk_read(&fake.paths, "sdz", &disk, &err), -ENOENT);
	ck_assert_int_eq(hw_disk_read(&fake.paths, "../block/sda", &disk, &err), -ENOENT);
	ck_assert_int_eq(hw_disk_read_node(&fake.paths, "/dev/null", &disk, &err), -ENOTBLK);
	ck_assert_int_eq(hw_disk_read_node(&fake.paths, "/dev/none", &disk, &err), -ENOENT);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{0, "0.0 kB"},
	{512, "0.5 kB"},
	{16000000, "16 MB"},
	{999499999, "999 MB"},
	{999500000, "1.0 GB"},
	{1500000000, "1.5 GB"},
	{500107862016, "500 GB"},
	{1000204886016, "1.0 TB"},
	{UINT64_MAX, "18 EB"},
};

START_TEST(formats_sizes)
{
	char text[24];

	hw_disk_size_format(sizes[_i].bytes, text);
	ck_assert_str_eq(text, sizes[_i].text);
}
END_TEST

START_TEST(knows_its_own)
{
	static const char *const names[] = {"nexus-bios", "nexus-esp", "nexus-bootstate",
		"nexus-kernel-a", "nexus-root-a", "nexus-kernel-b", "nexus-root-b",
		HW_DISK_DATA_NAME};
	struct hw_table table = {.count = 8};

	for (unsigned i = 0; i < 8; i++) {
		table.parts[i].number = i + 1;
		snprintf(table.parts[i].name, sizeof(table.parts[i].name), "%s", names[i]);
	}
	ck_assert(hw_disk_table_is_nexus(&table));
	snprintf(table.parts[7].name, sizeof(table.parts[7].name), HW_DISK_UNFINISHED_NAME);
	ck_assert(hw_disk_table_is_nexus(&table));
	snprintf(table.parts[7].name, sizeof(table.parts[7].name), "data");
	ck_assert(!hw_disk_table_is_nexus(&table));
	snprintf(table.parts[7].name, sizeof(table.parts[7].name), HW_DISK_DATA_NAME);
	snprintf(table.parts[3].name, sizeof(table.parts[3].name), "nexus-live-kernel");
	ck_assert(!hw_disk_table_is_nexus(&table));
}
END_TEST

/* Where a byte stands on a disk of zeros (or of ones) that is blank without it. The places
 * between start and end are those that are looked at: 63, evenly spread. */
#define SIZE (9u << 20) /* bytes */
#define ENDS (1u << 20) /* bytes at the start and at the end */
#define SAMPLE(i) ((SIZE - ENDS) / 64 * (i) / 4096 * 4096)

static const struct {
	int64_t at; /* -1: nowhere */
	uint8_t fill;
} marks[] = {
	{-1, 0x00},
	{-1, 0xff},
	{0, 0x00},
	{0, 0xff},
	{1, 0x00},
	{ENDS - 1, 0x00},
	{SAMPLE(8), 0x00},
	{SAMPLE(8) + 4095, 0xff},
	{SAMPLE(9), 0x00},
	{SAMPLE(63) + 4095, 0x00},
	{SIZE - ENDS, 0x00},
	{SIZE - 1, 0x00},
	{SIZE - 1, 0xff},
};

START_TEST(sees_what_is_not_blank)
{
	static uint8_t bytes[SIZE];
	struct hw_disk disk = {.size_bytes = SIZE};
	struct err err = ERR_INIT;
	int r;

	snprintf(disk.path, sizeof(disk.path), "%.40s/d", fake.dir);
	memset(bytes, marks[_i].fill, sizeof(bytes));
	if (marks[_i].at >= 0)
		bytes[marks[_i].at] = 0xe5;
	ck_assert_int_eq(file_replace(AT_FDCWD, disk.path, bytes, SIZE, 0600, &err), 0);
	r = hw_disk_probe(&disk, &err);
	if (r == -ENOENT)
		return; /* no sfdisk or blkid here */
	ck_assert_msg(r == 0, "%s", err.text);
	ck_assert_int_eq(disk.content, marks[_i].at < 0 ? HW_DISK_BLANK : HW_DISK_OTHER);
	ck_assert_str_eq(disk.summary, marks[_i].at < 0 ? "" : "?");
}
END_TEST

/* Smaller than what is looked at, down to one sector; and what can't be read is not blank. */
START_TEST(sees_small_ones)
{
	static uint8_t bytes[8192];
	struct hw_disk disk = {.size_bytes = _i ? 512 : sizeof(bytes)};
	struct err err = ERR_INIT;
	int r;

	snprintf(disk.path, sizeof(disk.path), "%.40s/d", fake.dir);
	for (int mark = 0; mark < 2; mark++) {
		bytes[disk.size_bytes - 1] = mark ? 0xe5 : 0;
		ck_assert_int_eq(
			file_replace(AT_FDCWD, disk.path, bytes, disk.size_bytes, 0600, &err), 0);
		r = hw_disk_probe(&disk, &err);
		if (r == -ENOENT)
			return;
		ck_assert_msg(r == 0, "%s", err.text);
		ck_assert_int_eq(disk.content, mark ? HW_DISK_OTHER : HW_DISK_BLANK);
	}
	bytes[disk.size_bytes - 1] = 0;
	ck_assert_int_eq(file_replace(AT_FDCWD, disk.path, bytes, disk.size_bytes, 0600, &err), 0);
	disk.size_bytes += 4u << 20; /* as if its end failed */
	ck_assert_int_lt(hw_disk_probe(&disk, &err), 0);
}
END_TEST

/* A card reader without a card, or a stick that was pulled out. */
START_TEST(sees_that_there_is_none)
{
	struct hw_disk disk = {.content = HW_DISK_NOT_PROBED};
	struct err err = ERR_INIT;

	snprintf(disk.path, sizeof(disk.path), "/dev/zero");
	ck_assert_int_eq(hw_disk_probe(&disk, &err), -ENOMEDIUM);
	ck_assert_int_eq(disk.content, HW_DISK_NOT_PROBED);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("disk");

	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, lists);
	tcase_add_test(tcase, reads);
	tcase_add_loop_test(tcase, formats_sizes, 0, COUNT(sizes));
	tcase_add_test(tcase, knows_its_own);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, sees_what_is_not_blank, 0, COUNT(marks));
	tcase_add_loop_test(tcase, sees_small_ones, 0, 2);
	tcase_add_test(tcase, sees_that_there_is_none);
	return unit_main("disk", tcase);
}
