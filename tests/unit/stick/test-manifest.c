#include "stick/manifest.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PART(name, size) "\"" name "\":{\"size_bytes\":" size ",\"sha256\":\"" HEX64 "\"}"
#define GOOD                                                                                       \
	"{\"schema\":\"nexus.image/1\",\"distribution\":\"debian\",\"suite\":\"trixie\","          \
	"\"version\":\"0.1.0\",\"build_epoch\":1790000000," PART("kernel", "1048576") "," PART(    \
		"root", "2097152") "," PART("bios", "123457") "," PART("boot_code",                \
		"440") ",\"esp_files\":{"                                                          \
		       "\"EFI/BOOT/BOOTX64.EFI\":\"" HEX64 "\",\"grub/grub.cfg\":\"" HEX64 "\"}}"

static const char good[] = GOOD;

static int parse(const char *text, struct manifest *manifest, struct err *err)
{
	return manifest_parse(text, strlen(text), manifest, err);
}

START_TEST(reads_a_good_one)
{
	cleanup_manifest struct manifest m = {0};
	struct err err = ERR_INIT;

	ck_assert_msg(parse(GOOD, &m, &err) == 0, "%s", err.text);
	ck_assert_str_eq(m.distribution, "debian");
	ck_assert_str_eq(m.suite, "trixie");
	ck_assert_str_eq(m.version, "0.1.0");
	ck_assert_int_eq(m.build_epoch, 1790000000);
	ck_assert_uint_eq(m.kernel.size_bytes, 1048576);
	ck_assert_uint_eq(m.bios.size_bytes, 123457);
	ck_assert_uint_eq(m.root.sha256[1], 0x11);
	ck_assert_uint_eq(m.boot_code.size_bytes, 440);
	ck_assert_uint_eq(m.file_count, 2);
	ck_assert_str_eq(m.files[0].path, "EFI/BOOT/BOOTX64.EFI");
	ck_assert_uint_eq(m.files[1].sha256[31], 0xff);
}
END_TEST

static const struct {
	const char *old, *new;
	bool good;
} changes[] = {
	{"nexus.image/1", "nexus.image/2", false},
	{"\"debian\"", "\"\"", false},
	{"\"debian\"", "7", false},
	{"\"debian\"", "\"a-distribution-with-a-name-too-long\"", false},
	{"1790000000", "-1", false},
	{"1790000000", "\"1790000000\"", false},
	{"1048576", "0", false},
	{"1048576", "1099511627776", true},
	{"1048576", "1099511627777", false},
	{"\"size_bytes\":123457,", "", false},
	{"00112233", "0011223", false},
	{"00112233", "0011223X", false},
	{"aabbccdd", "AABBCCDD", false},
	{"\"grub/grub.cfg\"", "\"../grub.cfg\"", false},
	{"\"grub/grub.cfg\"", "\"/grub/grub.cfg\"", false},
	{"\"grub/grub.cfg\"", "\"grub//grub.cfg\"", false},
	{"\"grub/grub.cfg\"", "\"grub/\"", false},
	{"\"grub/grub.cfg\"", "\"\"", false},
	{"\"grub/grub.cfg\"", "\"grub/./grub.cfg\"", false},
	{"\"grub/grub.cfg\"", "\"grub\\\\grub.cfg\"", false},
	{"\"grub/grub.cfg\"", "\"grub/*\"", false},
	{"\"grub/grub.cfg\"", "\"a b\"", false},
	{"\"grub/grub.cfg\"", "\"EFI/BOOT/BOOTX64.EFI\"", false}, /* twice */
	{"\"grub/grub.cfg\"", "\"grub/x86_64-efi.lst\"", true},
	{"\"esp_files\"", "\"files\"", false},
	{"\"esp_files\"", "\"new\":[1,2],\"esp_files\"", true},
	{"\"boot_code\"", "\"boot-code\"", false},
	{"\"size_bytes\":440,", "", false},
	{"}}", "}", false},
};

START_TEST(judges)
{
	const char *at = strstr(good, changes[_i].old);
	cleanup_manifest struct manifest m = {0};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	int r;

	ck_assert_ptr_nonnull(at);
	text = str_printf(
		"%.*s%s%s", (int)(at - good), good, changes[_i].new, at + strlen(changes[_i].old));
	r = parse(text, &m, &err);
	if (changes[_i].good) {
		ck_assert_msg(r == 0, "%s", err.text);
		return;
	}
	ck_assert_msg(r == -EBADMSG, "%d %s", r, err.text);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_ptr_null(m.files);
}
END_TEST

/* What a person reads of it moves no cursor. */
START_TEST(makes_hostile_text_harmless)
{
	const char *at = strstr(good, "\"debian\"");
	cleanup_manifest struct manifest m = {0};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	text = str_printf(
		"%.*s\"de\\u001bian\"%s", (int)(at - good), good, at + strlen("\"debian\""));
	ck_assert_msg(parse(text, &m, &err) == 0, "%s", err.text);
	ck_assert_str_eq(m.distribution, "de?ian");
}
END_TEST

START_TEST(path_limit)
{
	const char *at = strstr(good, "grub/grub.cfg");
	char path[MANIFEST_PATH_MAX + 2];

	memset(path, 'p', sizeof(path));
	for (int more = 0; more < 2; more++) {
		cleanup_manifest struct manifest m = {0};
		cleanup_free char *text = NULL;
		struct err err = ERR_INIT;

		path[MANIFEST_PATH_MAX] = more ? 'p' : '\0';
		path[MANIFEST_PATH_MAX + 1] = '\0';
		text = str_printf(
			"%.*s%s%s", (int)(at - good), good, path, at + strlen("grub/grub.cfg"));
		ck_assert_int_eq(parse(text, &m, &err), more ? -EBADMSG : 0);
	}
}
END_TEST

static int parse_many(unsigned files)
{
	cleanup_buf struct buf text = BUF_INIT(MANIFEST_SIZE_MAX);
	cleanup_manifest struct manifest m = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_add(&text, GOOD, strlen(GOOD) - 2, &err), 0);
	for (unsigned i = 2; i < files; i++)
		ck_assert_int_eq(buf_printf(&text, &err, ",\"f%u\":\"" HEX64 "\"", i), 0);
	ck_assert_int_eq(buf_add_text(&text, "}}", &err), 0);
	return manifest_parse((const char *)text.data, text.size, &m, &err);
}

START_TEST(limits)
{
	ck_assert_int_eq(parse_many(MANIFEST_FILES_MAX), 0);
	ck_assert_int_eq(parse_many(MANIFEST_FILES_MAX + 1), -EBADMSG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("manifest");

	tcase_add_test(tcase, reads_a_good_one);
	tcase_add_loop_test(tcase, judges, 0, COUNT(changes));
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, path_limit);
	tcase_add_test(tcase, makes_hostile_text_harmless);
	return unit_main("manifest", tcase);
}
