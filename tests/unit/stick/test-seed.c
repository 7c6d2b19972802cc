#include "stick/seed.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

START_TEST(defaults)
{
	cleanup_seed struct seed seed = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(seed_defaults(&seed, &err), 0);
	ck_assert(!seed.unattended && seed.power_off);
	ck_assert_str_eq(seed.disk, "auto");
	ck_assert_str_eq(seed.confirm, "");
	ck_assert_str_eq(seed.name, "");
}
END_TEST

START_TEST(reads_a_whole_one)
{
	static const char text[] = "\xef\xbb\xbf# de Windows\r\n[Install]\r\nUnattended=si\r\n"
				   "Disk=/dev/sda\r\nConfirm=ERASE\r\nName=tienda-la-paz\r\n"
				   "PowerOff=no\r\n";
	cleanup_seed struct seed seed = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(seed_defaults(&seed, &err), 0);
	ck_assert_msg(
		seed_parse(text, strlen(text), "install.conf", &seed, &err) == 0, "%s", err.text);
	ck_assert(seed.unattended && !seed.power_off);
	ck_assert_str_eq(seed.disk, "/dev/sda");
	ck_assert_str_eq(seed.confirm, "ERASE");
	ck_assert_str_eq(seed.name, "tienda-la-paz");
}
END_TEST

static const struct {
	const char *text, *complaint; /* NULL: it is good */
} rows[] = {
	{"", NULL},
	{"[Install]\n", NULL},
	{"[Install]\nName=a\n", NULL},
	{"[Install]\nName=abcdefghijklmnopqrstuvwxyz012345\n", NULL}, /* 32 */
	{"[Install]\nName=abcdefghijklmnopqrstuvwxyz0123456\n", "line 2"},
	{"[Install]\nName=Tienda\n", "a to z"},
	{"[Install]\nName=-a\n", "a to z"},
	{"[Install]\nName=a-\n", "a to z"},
	{"[Install]\nName=a-b\n", NULL},
	{"[Install]\nName=a b\n", "a to z"},
	{"[Install]\nName=caja_1\n", "a to z"},
	{"[Install]\nDisk=\n", "Disk"},
	{"[Install]\nDisk=sda\n", "Disk"},
	{"[Install]\nDisk=../dev/sda\n", "Disk"},
	{"[Install]\nConfirm=erase\n", "only ERASE"},
	{"[Install]\nConfirm=\n", NULL},
	{"[Install]\nUnattended=maybe\n", "line 2"},
	{"[Install]\n\n\nUnattended\n", "line 4"},
	{"[Install]\nWipe=yes\n", "unknown key Wipe"},
	{"Unattended=yes\n", "unknown section"},
	{"[Other]\nUnattended=yes\n", "unknown section [Other]"},
	{"[Install]\nUnattended=yes\nUnattended=no\n", "twice"},
	{"[Install\nUnattended=yes\n", "line 1"},
	{"[Install]\nRepair=perhaps\n", "Repair"},
	{"[Install]\nRepair=yes-and-no\n", "line 2"},
	{"[Install]\nRepair=yes\nConfirm=ERASE\n", "only one of them"},
};

static const struct {
	const char *text;
	enum seed_repair repair;
} repairs[] = {
	{"", SEED_REPAIR_DEFAULT},
	{"[Install]\nRepair=\n", SEED_REPAIR_DEFAULT},
	{"[Install]\nRepair=yes\n", SEED_REPAIR_YES},
	{"[Install]\nRepair=si\n", SEED_REPAIR_YES},
	{"[Install]\nRepair=no\n", SEED_REPAIR_NO},
	{"[Install]\nRepair=no\nConfirm=ERASE\n", SEED_REPAIR_NO},
};

START_TEST(says_whether_to_repair)
{
	cleanup_seed struct seed seed = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(seed_defaults(&seed, &err), 0);
	ck_assert_int_eq(
		seed_parse(repairs[_i].text, strlen(repairs[_i].text), "install.conf", &seed, &err),
		0);
	ck_assert_int_eq(seed_repair(&seed), repairs[_i].repair);
}
END_TEST

/* Bytes that are no text of this kind at all. */
static const struct {
	const char *name;
	char fill[8];
	size_t fill_size, size;
} garbage[] = {
	{"a NUL in a line", "[Inst\0l]", 8, 8},
	{"a NUL at the end", "#\0", 2, 2},
	{"NULs", "\0", 1, 4096},
	{"UTF-16 of Windows", "\xff\xfe[\0I\0n", 8, 8},
	{"bytes", "\x80\xfe\x01\x1b", 4, 60000},
	{"more than is read", "#", 1, 1 << 20},
};

START_TEST(refuses_garbage)
{
	cleanup_seed struct seed seed = {0};
	cleanup_free char *text = malloc(garbage[_i].size);
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < garbage[_i].size; i++)
		text[i] = garbage[_i].fill[i % garbage[_i].fill_size];
	ck_assert_int_eq(seed_defaults(&seed, &err), 0);
	ck_assert_msg(seed_parse(text, garbage[_i].size, "install.conf", &seed, &err) < 0, "%s",
		garbage[_i].name);
	ck_assert_msg(
		strstr(err.text, "install.conf") != NULL, "%s: %s", garbage[_i].name, err.text);
}
END_TEST

START_TEST(judges)
{
	cleanup_seed struct seed seed = {0};
	struct err err = ERR_INIT;
	int r;

	ck_assert_int_eq(seed_defaults(&seed, &err), 0);
	r = seed_parse(rows[_i].text, strlen(rows[_i].text), "install.conf", &seed, &err);
	if (!rows[_i].complaint) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_msg(strstr(err.text, "install.conf") != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, rows[_i].complaint) != NULL, "%s", err.text);
}
END_TEST

START_TEST(names_an_image_for_mtools)
{
	cleanup_free char *image = seed_mtools_image("/dev/sdb", 68157440);

	ck_assert_str_eq(image, "/dev/sdb@@68157440");
}
END_TEST

/* What is written is what the installer reads. */
START_TEST(formats)
{
	struct seed seed = {.unattended = _i & 1,
		.disk = _i & 2 ? "/dev/disk/by-id/ata-x" : "auto",
		.confirm = _i & 4 ? "ERASE" : "",
		.name = _i & 8 ? "caja-1" : "",
		.repair = _i & 4   ? "no"
			  : _i & 8 ? "yes"
				   : "",
		.power_off = !(_i & 16),
		.set_firmware = _i & 32};
	cleanup_seed struct seed read = {0};
	cleanup_free char *text = seed_format(&seed);
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(seed_defaults(&read, &err), 0);
	ck_assert_msg(seed_parse(text, strlen(text), "x", &read, &err) == 0, "%s", err.text);
	ck_assert_int_eq(read.unattended, seed.unattended);
	ck_assert_str_eq(read.disk, seed.disk);
	ck_assert_str_eq(read.confirm, seed.confirm);
	ck_assert_str_eq(read.name, seed.name);
	ck_assert_int_eq(seed_repair(&read), seed_repair(&seed));
	ck_assert_int_eq(read.power_off, seed.power_off);
	ck_assert_int_eq(read.set_firmware, seed.set_firmware);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("seed");

	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, reads_a_whole_one);
	tcase_add_loop_test(tcase, judges, 0, COUNT(rows));
	tcase_add_loop_test(tcase, says_whether_to_repair, 0, COUNT(repairs));
	tcase_add_loop_test(tcase, refuses_garbage, 0, COUNT(garbage));
	tcase_add_test(tcase, names_an_image_for_mtools);
	tcase_add_loop_test(tcase, formats, 0, 64);
	return unit_main("seed", tcase);
}
