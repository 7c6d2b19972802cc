#include "archive/cut/kind.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"

#define FILE_SIZE (64u << 20) /* bytes that the file has in all, unless a case says otherwise */

/* Bytes at a place of the head. */
struct part {
	size_t at;
	const char *bytes;
	size_t size;
};
#define PART(at, bytes)                                                                            \
	{                                                                                          \
		at, bytes, sizeof(bytes) - 1                                                       \
	}
#define PARTS_MAX 24

struct sample {
	const char *name;
	enum kind kind;
	struct part parts[PARTS_MAX];
	/* Where a wrong byte must make it unknown; ends with 0 but for a first 0. */
	size_t needed[12];
	size_t least; /* bytes of the head without which it is unknown */
};

/* Number, type and tablespace of a page of 16 KiB. */
#define INNODB(n, number, type)                                                                    \
	PART((n)*16384 + 4, "\0\0\0" number), PART((n)*16384 + 24, type),                          \
		PART((n)*16384 + 34, "\0\0\1\2")

static const struct sample samples[] = {
	{"sqlite", KIND_SQLITE,
		{PART(0, "SQLite format 3\0\x10\0\1\1\0\x40\x20\x20"), PART(100, "\x0d")},
		{0, 15, 16, 18, 19, 21, 22, 23}, 24},
	{"sqlite, pages of 64 KiB, write-ahead log", KIND_SQLITE,
		{PART(0, "SQLite format 3\0\0\1\2\2\0\x40\x20\x20")}, {17}, 24},
	{"innodb", KIND_INNODB,
		{INNODB(0, "\0", "\0\x08"), PART(38, "\0\0\1\2\0\0\0\0\0\0\2\0"),
			INNODB(1, "\1", "\0\5"), INNODB(2, "\2", "\0\3")},
		{7, 25, 37, 41, 16384 + 7, 16384 + 25, 16384 + 37, 32768 + 7, 32768 + 25,
			32768 + 37},
		32768 + 38},
	{"innodb, system tablespace", KIND_INNODB,
		{PART(25, "\x08"), PART(48, "\2\0"), PART(16384 + 7, "\1"), PART(16384 + 25, "\5"),
			PART(32768 + 7, "\2"), PART(32768 + 25, "\3")},
		{25, 16384 + 7, 16384 + 25, 32768 + 7, 32768 + 25, 37}, 32768 + 38},
	{"innodb, checksum over the whole page", KIND_INNODB,
		{INNODB(0, "\0", "\0\x08"), PART(38, "\0\0\1\2\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\x15"),
			INNODB(1, "\1", "\0\5"), INNODB(2, "\2", "\0\3")},
		{57, 16384 + 25}, 32768 + 38},
	{"innodb, pages of 64 KiB, one encrypted", KIND_INNODB,
		{PART(25, "\x08"), PART(48, "\2\0"), PART(56, "\1\xc0"), PART(65536 + 7, "\1"),
			PART(65536 + 25, "\5"), PART(131072 + 7, "\2"), PART(131072 + 25, "\x0f")},
		{57, 65536 + 25, 131072 + 25}, 131072 + 38},
	{"innodb, pages packed by MariaDB", KIND_INNODB,
		{INNODB(0, "\0", "\0\x08"), PART(38, "\0\0\1\2\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\x35"),
			PART(16384 + 7, "\1"), PART(16384 + 24, "\x80\1\x78\x9c"),
			PART(32768 + 7, "\2"), PART(32768 + 24, "\x80\1\x78\x9c")},
		{25, 37, 41, 16384 + 7, 32768 + 7}, 32768 + 38},
	{"innodb, compressed to 8 KiB", KIND_INNODB,
		{PART(25, "\x08"), PART(48, "\2\0"), PART(57, "\x29"), PART(8192 + 7, "\1"),
			PART(8192 + 25, "\5"), PART(16384 + 7, "\2"), PART(16384 + 25, "\3")},
		{57, 8192 + 25}, 16384 + 38},
	{"qcow2", KIND_QCOW2,
		{PART(0, "QFI\xfb\0\0\0\3"), PART(20, "\0\0\0\x10"), PART(40, "\0\0\0\0\0\3\0\0"),
			PART(48, "\0\0\0\0\0\1\0\0"), PART(100, "\0\0\0\x70")},
		{0, 3, 7, 23, 47, 55, 103}, 104},
	{"qcow2, version 2", KIND_QCOW2,
		{PART(0, "QFI\xfb\0\0\0\2"), PART(20, "\0\0\0\x10"), PART(40, "\0\0\0\0\0\3\0\0"),
			PART(48, "\0\0\0\0\0\1\0\0")},
		{47, 55}, 56},
	{"mbr", KIND_PARTITIONS,
		{PART(446, "\x80\0\0\0\x83\0\0\0\0\x08\0\0\0\x10\0\0"
			   "\0\0\0\0\x07\0\0\0\0\x18\0\0\0\x10\0\0"),
			PART(510, "\x55\xaa")},
		{446, 457, 461, 462, 478, 509, 510, 511}, 512},
	{"gpt", KIND_PARTITIONS, {PART(512, "EFI PART\0\0\1\0\x5c\0\0\0"), PART(536, "\1")},
		{512, 519, 525, 533, 536, 537}, 540},
	{"gpt, sectors of 4096", KIND_PARTITIONS,
		{PART(4096, "EFI PART\0\0\1\0\x5c\0\0\0"), PART(4096 + 24, "\1")}, {4096},
		4096 + 28},
	{"ext4", KIND_FILESYSTEM,
		{PART(1024, "\0\1\0\0\0\4"), PART(1024 + 24, "\2\0\0\0\0\0\0\0\0\x80"),
			PART(1024 + 56, "\x53\xef"), PART(1024 + 76, "\1")},
		{1024 + 20, 1024 + 24, 1024 + 35, 1024 + 56, 1024 + 57, 1024 + 77}, 1024 + 58},
	{"xfs", KIND_FILESYSTEM,
		{PART(0, "XFSB\0\0\x10\0"), PART(88, "\0\0\0\4"), PART(102, "\2\0"),
			PART(120, "\x0c")},
		{0, 6, 103, 120}, 121},
	{"btrfs", KIND_FILESYSTEM, {PART(65536 + 48, "\0\0\1"), PART(65536 + 64, "_BHRfS_M")},
		{65536 + 50, 65536 + 64, 65536 + 71}, 65536 + 72},
	{"ntfs", KIND_FILESYSTEM, {PART(0, "\xeb\x52\x90NTFS    \0\2\x08"), PART(510, "\x55\xaa")},
		{0, 2, 3, 11, 14, 16, 510}, 512},
	{"fat16", KIND_FILESYSTEM,
		{PART(0, "\xeb\x3c\x90mkfs.fat\0\2\4\1\0\2\0\2\0\0\xf8"), PART(54, "FAT16   "),
			PART(510, "\x55\xaa")},
		{0, 11, 13, 16, 21, 54, 511}, 512},
	{"fat32", KIND_FILESYSTEM,
		{PART(0, "\xeb\x58\x90mkfs.fat\0\2\1\x20\0\2\0\0\0\0\xf8"), PART(82, "FAT32   "),
			PART(510, "\x55\xaa")},
		{0, 13, 16, 21, 86, 510}, 512},
	{"exfat", KIND_FILESYSTEM,
		{PART(0, "\xeb\x76\x90"
			 "EXFAT   "),
			PART(510, "\x55\xaa")},
		{0, 3, 11, 63, 510}, 512},
	{"luks", KIND_FILESYSTEM, {PART(0, "LUKS\xba\xbe\0\2")}, {0, 5, 7}, 8},
};

static uint8_t *make(const struct sample *sample)
{
	uint8_t *head = calloc(1, KIND_HEAD);

	ck_assert_ptr_nonnull(head);
	for (size_t i = 0; i < PARTS_MAX && sample->parts[i].size; i++)
		memcpy(head + sample->parts[i].at, sample->parts[i].bytes, sample->parts[i].size);
	return head;
}

/* What is behind the given bytes can't be reached: a copy of the exact size. */
static enum kind kind_of_part(const uint8_t *head, size_t size, uint64_t file_size)
{
	cleanup_free uint8_t *copy = malloc(size ? size : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, head, size);
	return kind_of(copy, size, file_size);
}

START_TEST(knows_good_heads)
{
	const struct sample *sample = &samples[_i];
	cleanup_free uint8_t *head = make(sample);

	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), sample->kind);
	ck_assert_int_eq(kind_of_part(head, sample->least, FILE_SIZE), sample->kind);
}
END_TEST

START_TEST(wants_all_of_it)
{
	const struct sample *sample = &samples[_i];
	cleanup_free uint8_t *head = make(sample);
	static const size_t cuts[] = {0, 1, 2, 3, 7, 23, 511, 1024, 4096, 16384};

	ck_assert_int_eq(kind_of_part(head, sample->least - 1, FILE_SIZE), KIND_NONE);
	for (int i = 0; i < COUNT(cuts); i++)
		if (cuts[i] < sample->least)
			ck_assert_int_eq(kind_of_part(head, cuts[i], FILE_SIZE), KIND_NONE);
}
END_TEST

START_TEST(refuses_wrong_bytes)
{
	const struct sample *sample = &samples[_i];

	for (int i = 0; i < COUNT(sample->needed) && (i == 0 || sample->needed[i]); i++) {
		cleanup_free uint8_t *head = make(sample);

		head[sample->needed[i]] ^= 0x6b;
		if (kind_of(head, KIND_HEAD, FILE_SIZE) != KIND_NONE)
			ck_abort_msg(
				"%s: byte %zu counts for nothing", sample->name, sample->needed[i]);
	}
}
END_TEST

/* A page of a table: a header that says how much of it is used. */
static void postgres_page(uint8_t *page, uint16_t size, uint16_t special)
{
	const uint16_t upper = (uint16_t)(size / 2);
	const uint8_t header[24] = {[12] = 40,
		[14] = (uint8_t)upper,
		[15] = (uint8_t)(upper >> 8),
		[16] = (uint8_t)special,
		[17] = (uint8_t)(special >> 8),
		[18] = 4,
		[19] = (uint8_t)(size >> 8)};

	memcpy(page, header, sizeof(header));
}

START_TEST(knows_postgres)
{
	static const struct {
		uint16_t size, special;
		size_t zeros; /* every so-manieth page is empty; 0: none */
		enum kind kind;
	} cases[] = {
		{8192, 8192, 0, KIND_POSTGRES},
		{8192, 8176, 0, KIND_POSTGRES}, /* of an index */
		{4096, 4096, 0, KIND_POSTGRES},
		{32768, 32768, 0, KIND_POSTGRES},
		{8192, 8192, 3, KIND_POSTGRES},
		{8192, 8177, 0, KIND_NONE}, /* not aligned */
		{8192, 8200, 0, KIND_NONE}, /* behind the page */
		{8192, 4000, 0, KIND_NONE}, /* before the rows */
		{2048, 2048, 0, KIND_NONE},
		{12288, 12288, 0, KIND_NONE},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		cleanup_free uint8_t *head = calloc(1, KIND_HEAD);

		for (size_t n = 0; n < KIND_HEAD / cases[i].size; n++)
			if (!cases[i].zeros || n % cases[i].zeros != 1)
				postgres_page(
					head + n * cases[i].size, cases[i].size, cases[i].special);
		if (kind_of(head, KIND_HEAD, FILE_SIZE) != cases[i].kind)
			ck_abort_msg("case %d", i);
	}
}
END_TEST

START_TEST(refuses_what_is_like_postgres)
{
	cleanup_free uint8_t *head = calloc(1, KIND_HEAD);

	/* One page proves nothing, whatever follows. */
	postgres_page(head, 8192, 8192);
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
	for (size_t n = 0; n < 16; n++)
		postgres_page(head + n * 8192, 8192, 8192);
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_POSTGRES);
	/* Half a page at the end, too few pages, flags that there are not, one page of another. */
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE + 100), KIND_NONE);
	ck_assert_int_eq(kind_of_part(head, 7 * 8192, FILE_SIZE), KIND_NONE);
	ck_assert_int_eq(kind_of_part(head, 8 * 8192, FILE_SIZE), KIND_POSTGRES);
	head[15 * 8192 + 10] = 8;
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
	head[15 * 8192 + 10] = 7;
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_POSTGRES);
	head[9 * 8192 + 19] = 0x40;
	ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
}
END_TEST

/* Partitions must lie in the file and apart, or it is some boot code that ends with the mark. */
START_TEST(refuses_senseless_partitions)
{
	static const struct {
		const char *table; /* two entries */
		uint64_t file_size;
		enum kind kind;
	} cases[] = {
		{"\0\0\0\0\x83\0\0\0\1\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 2049 * 512,
			KIND_PARTITIONS},
		{"\0\0\0\0\x83\0\0\0\1\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 2048 * 512,
			KIND_NONE},
		{"\0\0\0\0\x83\0\0\0\1\0\0\0\0\x08\0\0\0\0\0\0\x83\0\0\0\0\x08\0\0\0\1\0\0",
			FILE_SIZE, KIND_NONE}, /* one in the other */
		{"\0\0\0\0\x83\0\0\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
			FILE_SIZE, KIND_NONE},
		{"\0\0\0\0\xee\0\0\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
			FILE_SIZE, KIND_PARTITIONS},
		{"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", FILE_SIZE,
			KIND_NONE},
	};

	for (int i = 0; i < COUNT(cases); i++) {
		uint8_t head[512] = {[510] = 0x55, [511] = 0xaa};

		memcpy(head + 446, cases[i].table, 32);
		if (kind_of(head, sizeof(head), cases[i].file_size) != cases[i].kind)
			ck_abort_msg("case %d", i);
	}
}
END_TEST

START_TEST(leaves_cds_alone)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		cleanup_free uint8_t *head = make(&samples[i]);

		memcpy(head + 32768, "\1CD001\1", 7);
		ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
	}
}
END_TEST

START_TEST(refuses_garbage)
{
	static const char *const texts[] = {"", "SQLite format 3", "SQLite format 3\n", "EFI PART",
		"QFI", "XFSB", "LUKS", "FAT16   ", "INSERT INTO orders VALUES (1);\n"};
	cleanup_free uint8_t *head = malloc(KIND_HEAD);
	uint64_t state = 88172645463325252ull;

	for (int i = 0; i < COUNT(texts); i++)
		for (int fill = 0; fill < 256; fill += 51) {
			memset(head, fill, KIND_HEAD);
			memcpy(head, texts[i], strlen(texts[i]));
			ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
		}
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < KIND_HEAD; i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			head[i] = (uint8_t)(state >> 32);
		}
		ck_assert_int_eq(kind_of(head, KIND_HEAD, FILE_SIZE), KIND_NONE);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("kind");

	tcase_add_loop_test(tcase, knows_good_heads, 0, COUNT(samples));
	tcase_add_loop_test(tcase, wants_all_of_it, 0, COUNT(samples));
	tcase_add_loop_test(tcase, refuses_wrong_bytes, 0, COUNT(samples));
	tcase_add_test(tcase, knows_postgres);
	tcase_add_test(tcase, refuses_what_is_like_postgres);
	tcase_add_test(tcase, refuses_senseless_partitions);
	tcase_add_test(tcase, leaves_cds_alone);
	tcase_add_test(tcase, refuses_garbage);
	return unit_main("kind", tcase);
}
