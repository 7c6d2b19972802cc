#include "hw/use.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "../check_dir.h"
#include "base/file.h"
#include "base/str.h"

static char sysfs[128], proc[128];
static const struct hw_use_paths paths = {sysfs, proc};
static const struct hw_disk sdb = {.name = "sdb", .path = "/dev/sdb"};

static void put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	cleanup_free char *parent = strdup(path);
	struct err err = ERR_INIT;

	*strrchr(parent, '/') = '\0';
	ck_assert_int_eq(file_make_dirs(parent, 0755, &err), 0);
	ck_assert_int_eq(file_replace(AT_FDCWD, path, text, strlen(text), 0644, &err), 0);
}

/* sdb with two partitions; upon the second stands dm-0, upon that dm-1. sda is another disk. */
static void setup(void)
{
	check_dir_make();
	snprintf(sysfs, sizeof(sysfs), "%s/sys", check_dir);
	snprintf(proc, sizeof(proc), "%s/proc", check_dir);
	put(sysfs, "block/sda/dev", "8:0\n");
	put(sysfs, "block/sda/sda1/dev", "8:1\n");
	put(sysfs, "block/sdb/dev", "8:16\n");
	put(sysfs, "block/sdb/sdb1/dev", "8:17\n");
	put(sysfs, "block/sdb/sdb2/dev", "8:18\n");
	put(sysfs, "block/sdb/queue/x", "");
	put(proc, "swaps", "Filename\tType\tSize\n/dev/nothing partition 1\n");
}

static void hold(void)
{
	put(sysfs, "block/sdb/sdb2/holders/dm-0", "");
	put(sysfs, "block/dm-0/dev", "254:0\n");
	put(sysfs, "block/dm-0/holders/dm-1", "");
	put(sysfs, "block/dm-1/dev", "254:1\n");
}

static const struct {
	const char *mounts;
	bool held;
	enum hw_use_kind kind;
	const char *where;
} cases[] = {
	{"", false, HW_USE_NONE, ""},
	{"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n", false, HW_USE_NONE, ""},
	{"21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 8:17 / /media/my\\040stick rw shared:1 - vfat "
	 "/dev/sdb1 rw\n",
		false, HW_USE_MOUNTED, "/media/my stick"},
	{"22 21 8:16 / /mnt rw - ext4 /dev/sdb rw\n", false, HW_USE_MOUNTED, "/mnt"},
	/* Two layers above its partition is the root. */
	{"1 0 254:1 / / rw - xfs /dev/mapper/vg-root rw\n", true, HW_USE_MOUNTED, "/"},
	{"", true, HW_USE_HELD, "dm-1"},
	{"1 0 254:1 / / rw - xfs /dev/mapper/vg-root rw\n", false, HW_USE_NONE, ""},
	{"no table\n8:17\n\n", false, HW_USE_NONE, ""},
};

START_TEST(tells)
{
	struct hw_use use;
	struct err err = ERR_INIT;

	put(proc, "self/mountinfo", cases[_i].mounts);
	if (cases[_i].held)
		hold();
	ck_assert_msg(hw_use_read(&paths, &sdb, &use, &err) == 0, "%s", err.text);
	ck_assert_int_eq(use.kind, cases[_i].kind);
	ck_assert_str_eq(use.where, cases[_i].where);
}
END_TEST

START_TEST(does_not_guess)
{
	const struct hw_disk gone = {.name = "sdz", .path = "/dev/sdz"};
	struct hw_use use;
	struct err err = ERR_INIT;

	/* What can't be read is no "nothing uses it". */
	ck_assert_int_lt(hw_use_read(&paths, &gone, &use, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "see what uses /dev/sdz"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("use");

	tcase_add_checked_fixture(tcase, setup, check_dir_remove);
	tcase_add_loop_test(tcase, tells, 0, COUNT(cases));
	tcase_add_test(tcase, does_not_guess);
	return unit_main("use", tcase);
}
