#include "provision/disk/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

/* The product's own file. */
static char *real_text(void)
{
	cleanup_free char *path =
		str_printf("%s/overlays/common/usr/lib/nexus/layout.conf", getenv("SRC"));
	struct err err = ERR_INIT;
	char *text = NULL;

	ck_assert_int_eq(file_read(AT_FDCWD, path, 1 << 16, &text, NULL, &err), 0);
	return text;
}

static int parse(const char *text, struct layout *layout, struct err *err)
{
	return layout_parse(text, strlen(text), "layout.conf", layout, err);
}

START_TEST(product)
{
	static const struct {
		const char *name;
		uint64_t start, size;
	} wanted[LAYOUT_PARTS] = {
		{"nexus-bios", 2048, 2048},
		{"nexus-esp", 4096, 131072},
		{"nexus-bootstate", 135168, 2048},
		{"nexus-kernel-a", 137216, 262144},
		{"nexus-root-a", 399360, 6291456},
		{"nexus-kernel-b", 6690816, 262144},
		{"nexus-root-b", 6952960, 6291456},
		{"nexus-data", 13244416, 0},
	};
	cleanup_free char *text = real_text();
	struct layout layout;
	struct err err = ERR_INIT;

	ck_assert_msg(parse(text, &layout, &err) == 0, "%s", err.text);
	for (unsigned i = 0; i < LAYOUT_PARTS; i++) {
		ck_assert_str_eq(layout.parts[i].name, wanted[i].name);
		ck_assert_uint_eq(layout.parts[i].number, i + 1);
		ck_assert_uint_eq(layout.parts[i].start, wanted[i].start);
		ck_assert_uint_eq(layout.parts[i].size, wanted[i].size);
	}
	/* What firmware looks for: GRUB's core image, and the EFI system partition. */
	ck_assert_str_eq(layout.parts[0].type, "21686148-6449-6E6F-744E-656564454649");
	ck_assert_str_eq(layout.parts[1].type, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
	ck_assert_str_eq(layout.parts[7].label, "nexus-data");
	ck_assert_ptr_eq(layout_find(&layout, "nexus-esp"), &layout.parts[1]);
	ck_assert_ptr_null(layout_find(&layout, "nexus-seed"));
}
END_TEST

START_TEST(rooms)
{
	cleanup_free char *text = real_text();
	uint64_t room[SOURCE_PIECES];
	struct layout layout;
	struct err err = ERR_INIT;

	ck_assert_int_eq(parse(text, &layout, &err), 0);
	layout_room(&layout, room);
	ck_assert_uint_eq(room[SOURCE_PIECE_BOOT_CODE], 0);
	ck_assert_uint_eq(room[SOURCE_PIECE_BIOS], 1u << 20);
	ck_assert_uint_eq(room[SOURCE_PIECE_ESP], 64u << 20);
	ck_assert_uint_eq(room[SOURCE_PIECE_BOOTSTATE], 1u << 20);
	ck_assert_uint_eq(room[SOURCE_PIECE_KERNEL], 128u << 20);
	ck_assert_uint_eq(room[SOURCE_PIECE_ROOT], 3072ull << 20);
}
END_TEST

START_TEST(fits)
{
	cleanup_free char *text = real_text();
	cleanup_free char *script = NULL;
	struct layout layout;
	struct err err = ERR_INIT;
	uint64_t needed;

	ck_assert_int_eq(parse(text, &layout, &err), 0);
	needed = layout_bytes_needed(&layout);
	ck_assert_uint_eq(needed, (13244416ull + 2097152 + 2048) * 512);
	ck_assert_int_eq(layout_fit(&layout, needed - 1, &err), -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(err.text, "7855931392 bytes) are needed"));
	ck_assert_int_eq(layout_fit(&layout, needed, &err), 0);
	ck_assert_uint_ge(layout.parts[7].size, 2097152);
	/* The second table stays free, and the end is aligned. */
	ck_assert_uint_le(layout.parts[7].start + layout.parts[7].size, needed / 512 - 33);
	ck_assert_uint_eq((layout.parts[7].start + layout.parts[7].size) % 2048, 0);
	script = layout_script(&layout, "nexus-unfinished");
	ck_assert_ptr_nonnull(strstr(script, "label: gpt\n"));
	ck_assert_ptr_nonnull(strstr(script, "2 : start=4096, size=131072, "));
	ck_assert_ptr_nonnull(strstr(script, "type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B"));
	ck_assert_ptr_nonnull(strstr(script, "name=\"nexus-unfinished\"\n"));
	ck_assert_ptr_null(strstr(script, "nexus-data"));
}
END_TEST

START_TEST(matches)
{
	cleanup_free char *text = real_text();
	struct hw_table table = {.label = "gpt", .count = LAYOUT_PARTS};
	struct layout layout;
	struct err err = ERR_INIT;

	ck_assert_int_eq(parse(text, &layout, &err), 0);
	ck_assert_int_eq(layout_fit(&layout, 500107862016, &err), 0);
	for (unsigned i = 0; i < LAYOUT_PARTS; i++) {
		table.parts[i].number = i + 1;
		table.parts[i].start = layout.parts[i].start;
		table.parts[i].size = layout.parts[i].size;
		snprintf(table.parts[i].type, sizeof(table.parts[i].type), "%s",
			layout.parts[i].type);
	}
	ck_assert(layout_matches(&layout, &table));
	table.parts[6].start += 8;
	ck_assert(!layout_matches(&layout, &table));
	table.parts[6].start -= 8;
	table.parts[1].type[0] ^= 1;
	ck_assert(!layout_matches(&layout, &table));
	table.parts[1].type[0] ^= 1;
	table.count = 7;
	ck_assert(!layout_matches(&layout, &table));
	table.count = 8;
	table.label[0] = 'd';
	ck_assert(!layout_matches(&layout, &table));
}
END_TEST

/* One text in the product's file replaced by another (the first time that it stands there). */
static const struct {
	const char *old, *new, *complaint;
} damages[] = {
	{"Alignment=2048", "Alignment=0", "Alignment"},
	{"Start=4096", "Start=4000", "overlaps"},
	{"Size=131072", "Size=131073", "multiple of 8"},
	{"Size=131072", "Size=1310720", "overlaps"},
	{"Size=131072", "Size=rest", "only for that"},
	{"Size=rest", "Size=4096", "only for that"},
	{"Number=2", "Number=3", "Number is not 2"},
	{"Number=2\n", "", "Number is not 2"},
	{"C12A7328", "C12A732", "no GUID"},
	{"On=both", "On=stick", "missing"},
	{"Label=nexus-data", "Label=a-label-that-is-too-long", "Label"},
	{"[Partition nexus-esp]", "[Partition esp]", "unknown section"},
	{"Start=4096", "Begin=4096", "unknown key"},
	{"Start=4096", "Start=0x1000", "Start"},
	{"Start=4096", "Start=99999999999999999999", "Start"},
};

START_TEST(refuses)
{
	cleanup_free char *text = real_text();
	char *at = strstr(text, damages[_i].old);
	cleanup_free char *bad = NULL;
	struct layout layout;
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(at);
	bad = str_printf(
		"%.*s%s%s", (int)(at - text), text, damages[_i].new, at + strlen(damages[_i].old));
	ck_assert_int_lt(parse(bad, &layout, &err), 0);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	ck_assert_msg(strstr(err.text, damages[_i].complaint) != NULL, "%s", err.text);
}
END_TEST

START_TEST(refuses_nothing)
{
	struct layout layout;
	struct err err = ERR_INIT;

	ck_assert_int_eq(parse("", &layout, &err), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("layout");

	tcase_add_test(tcase, product);
	tcase_add_test(tcase, rooms);
	tcase_add_test(tcase, fits);
	tcase_add_test(tcase, matches);
	tcase_add_loop_test(tcase, refuses, 0, COUNT(damages));
	tcase_add_test(tcase, refuses_nothing);
	return unit_main("layout", tcase);
}
