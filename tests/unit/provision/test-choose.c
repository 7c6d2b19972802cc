#include "provision/choose.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../unit.h"
#include "base/cleanup.h"

static const struct choose_rules rules = {
	.source = 0x810, .live = 0x820, .bytes_needed = 8000000000};

/* A good internal disk; a test changes what it is about. */
static struct hw_disk a_disk(void)
{
	struct hw_disk disk = {.device = makedev(8, 0),
		.size_bytes = 500107862016,
		.sector_bytes = 512,
		.content = HW_DISK_BLANK};

	snprintf(disk.name, sizeof(disk.name), "sda");
	snprintf(disk.path, sizeof(disk.path), "/dev/sda");
	snprintf(disk.model, sizeof(disk.model), "ST500DM002");
	snprintf(disk.serial, sizeof(disk.serial), "W2A-8k3f");
	snprintf(disk.transport, sizeof(disk.transport), "sata");
	return disk;
}

START_TEST(judges)
{
	struct hw_disk disk = a_disk();

	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_BLANK);
	disk.content = HW_DISK_NEXUS;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_OURS);
	disk.content = HW_DISK_OTHER;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_OTHER);
	disk.content = HW_DISK_NOT_PROBED;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_UNREADABLE);
	disk.size_bytes = rules.bytes_needed;
	disk.content = HW_DISK_BLANK;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_BLANK);
	disk.size_bytes--;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_TOO_SMALL);
	disk.sector_bytes = 4096;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_BAD_SECTORS);
	disk.read_only = true;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_READ_ONLY);
	/* The stick and the live disk are never a target, whatever is on them. */
	disk = a_disk();
	disk.device = rules.source;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_IS_SOURCE);
	disk.device = rules.live;
	ck_assert_int_eq(choose_judge(&disk, &rules), CHOOSE_IS_SOURCE);
	for (int v = CHOOSE_BLANK; v <= CHOOSE_UNREADABLE; v++) {
		ck_assert_int_eq(choose_is_usable(v),
			v == CHOOSE_BLANK || v == CHOOSE_OURS || v == CHOOSE_OTHER);
		ck_assert_str_ne(choose_reason(v), "");
	}
}
END_TEST

START_TEST(takes_the_only_one)
{
	struct hw_disk disks[3] = {a_disk(), a_disk(), a_disk()};
	struct hw_disk_list list = {.disks = disks, .count = 3};
	struct err err = ERR_INIT;
	size_t index = 99;

	disks[1].device = rules.source;
	snprintf(disks[2].transport, sizeof(disks[2].transport), "usb");
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), 0);
	ck_assert_uint_eq(index, 0);
	snprintf(disks[2].transport, sizeof(disks[2].transport), "nvme");
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -EEXIST);
	disks[0].removable = true;
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), 0);
	ck_assert_uint_eq(index, 2);
	disks[2].size_bytes = 1;
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(err.text, "too small: it has 1 bytes, 8000000000 are needed"));
	disks[2].removable = true;
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -ENOENT);
	list.count = 0;
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -ENOENT);
}
END_TEST

START_TEST(prints_json)
{
	struct hw_disk disk = a_disk();
	struct hw_disk_list list = {.disks = &disk, .count = 1};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	disk.content = HW_DISK_OTHER;
	snprintf(disk.summary, sizeof(disk.summary), "ntfs \"Windows\"");
	ck_assert_int_eq(choose_json(&list, &rules, &text, &err), 0);
	ck_assert_ptr_nonnull(strstr(text, "\"schema\":\"nexus.disks/1\""));
	ck_assert_ptr_nonnull(strstr(text, "\"serial\":\"W2A-8k3f\""));
	ck_assert_ptr_nonnull(strstr(text, "\"verdict\":\"other\",\"usable\":true"));
	ck_assert_ptr_nonnull(strstr(text, "\"content\":\"ntfs \\\"Windows\\\"\""));
}
END_TEST

/* What is wrong with a disk, each alone, and what becomes of it; the first three are usable. */
static const struct {
	enum hw_disk_content content;
	dev_t device;
	uint64_t size_bytes; /* 0: enough */
	uint32_t sector_bytes;
	bool read_only;
	const char *name, *shown; /* in JSON, and in the table for people */
} verdicts[] = {
	{HW_DISK_BLANK, 0, 0, 512, false, "blank", "blank"},
	{HW_DISK_NEXUS, 0, 0, 512, false, "nexus", "a Nexus box"},
	{HW_DISK_OTHER, 0, 0, 512, false, "other", "would be lost"},
	{HW_DISK_BLANK, 0x810, 0, 512, false, "source", "never a target"},
	{HW_DISK_BLANK, 0x820, 0, 512, false, "source", "never a target"},
	{HW_DISK_BLANK, 0, 7999999999, 512, false, "too-small", "too small"},
	{HW_DISK_BLANK, 0, 0, 512, true, "read-only", "write-protected"},
	{HW_DISK_BLANK, 0, 0, 4096, false, "bad-sectors", "4096"},
	{HW_DISK_NOT_PROBED, 0, 0, 512, false, "unreadable", "can't be read"},
	/* The stick stays the stick, whatever else is wrong with it. */
	{HW_DISK_NEXUS, 0x810, 1, 4096, true, "source", "never a target"},
};

START_TEST(shows_each_verdict)
{
	bool usable = _i < 3;
	struct hw_disk disk = a_disk();
	struct hw_disk_list list = {.disks = &disk, .count = 1};
	cleanup_page struct page page = page_make("");
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	const char *shown;
	char wanted[80];
	size_t index = 99;

	snprintf(disk.transport, sizeof(disk.transport), "virtio"); /* nobody is asked for health */
	disk.content = verdicts[_i].content;
	disk.device = verdicts[_i].device;
	disk.sector_bytes = verdicts[_i].sector_bytes;
	disk.read_only = verdicts[_i].read_only;
	if (verdicts[_i].size_bytes)
		disk.size_bytes = verdicts[_i].size_bytes;
	ck_assert_int_eq(choose_json(&list, &rules, &text, &err), 0);
	snprintf(wanted, sizeof(wanted), "\"verdict\":\"%s\",\"usable\":%s", verdicts[_i].name,
		usable ? "true" : "false");
	ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
	/* Without being asked, an installation takes nothing that can't be a target. */
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err) == 0, usable);
	choose_offer(&page, &disk, &rules);
	ck_assert_uint_eq(page.count, 1);
	ck_assert_int_eq(page_can_pick(&page, 0), usable);
	shown = page.choices[0].text;
	ck_assert_msg(strstr(shown, verdicts[_i].shown) != NULL, "%s", shown);
	ck_assert_ptr_nonnull(strstr(shown, "serial number: W2A-8k3f"));
	ck_assert_ptr_nonnull(strstr(shown, "/dev/sda"));
}
END_TEST

/* An image file has no device; a disk whose device is unknown is not that. */
START_TEST(no_device_is_no_stick)
{
	const struct choose_rules from_file = {.bytes_needed = 8000000000};
	struct hw_disk disk = a_disk();

	disk.device = 0;
	ck_assert_int_eq(choose_judge(&disk, &from_file), CHOOSE_BLANK);
}
END_TEST

/* What is not built in is never taken without being named. */
static const char *const outside[] = {"usb", "loop"};

START_TEST(leaves_alone_what_is_outside)
{
	struct hw_disk disk = a_disk();
	struct hw_disk_list list = {.disks = &disk, .count = 1};
	struct err err = ERR_INIT;
	size_t index = 99;

	snprintf(disk.transport, sizeof(disk.transport), "%s", outside[_i]);
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -ENOENT);
	disk.size_bytes = 1; /* nor is it what is too small */
	ck_assert_int_eq(choose_auto(&list, &rules, &index, &err), -ENOENT);
	ck_assert_uint_eq(index, 99);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("choose");

	tcase_add_test(tcase, judges);
	tcase_add_test(tcase, takes_the_only_one);
	tcase_add_test(tcase, prints_json);
	tcase_add_loop_test(tcase, shows_each_verdict, 0, COUNT(verdicts));
	tcase_add_test(tcase, no_device_is_no_stick);
	tcase_add_loop_test(tcase, leaves_alone_what_is_outside, 0, COUNT(outside));
	return unit_main("choose", tcase);
}
