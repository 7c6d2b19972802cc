#include "provision/disk/target.h"

#include <string.h>

#include "../check_dir.h"

#define DISK_BYTES (8000000000ull / 512 * 512)
#define FILL 0xaa
#define WRITES_MAX 64

/* A disk that is a sparse file, and what was written to it, in order. */
static struct target target;
static struct copy copy;
static char disk_path[128];
static uint8_t esp_head[SOURCE_ESP_HEAD], boot_code[SOURCE_BOOT_CODE];
static uint64_t writes[WRITES_MAX]; /* offsets */
static int write_count;
static int64_t write_fails_at, read_lies_at; /* offsets; -1: never */

static ssize_t read_at(int fd, void *data, size_t size, off_t offset)
{
	ssize_t n = pread(fd, data, size, offset);

	if (n > 0 && read_lies_at >= offset && read_lies_at < offset + n)
		((uint8_t *)data)[read_lies_at - offset] ^= 1;
	return n;
}

static ssize_t write_at(int fd, const void *data, size_t size, off_t offset)
{
	if (offset == write_fails_at) {
		errno = EIO;
		return -1;
	}
	ck_assert_int_lt(write_count, WRITES_MAX);
	writes[write_count++] = (uint64_t)offset;
	return pwrite(fd, data, size, offset);
}

static const struct copy_ops ops = {read_at, write_at};

static void read_layout(struct layout *ret)
{
	cleanup_free char *path =
		str_printf("%s/overlays/common/usr/lib/nexus/layout.conf", getenv("SRC"));
	struct err err = ERR_INIT;

	ck_assert_msg(layout_read(path, ret, &err) == 0, "%s", err.text);
}

static void setup(void)
{
	struct err err = ERR_INIT;

	check_dir_make();
	snprintf(disk_path, sizeof(disk_path), "%s/disk", check_dir);
	target = TARGET_INIT;
	target.fd = open(disk_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(target.fd, 0);
	ck_assert_int_eq(ftruncate(target.fd, (off_t)DISK_BYTES), 0);
	snprintf(target.disk.path, sizeof(target.disk.path), "%s", disk_path);
	target.disk.size_bytes = DISK_BYTES;
	target.disk.sector_bytes = 512;
	read_layout(&target.layout);
	ck_assert_int_eq(layout_fit(&target.layout, DISK_BYTES, &err), 0);
	ck_assert_int_eq(copy_init(&copy, &ops, &err), 0);
	memset(esp_head, 0xe5, sizeof(esp_head));
	memset(boot_code, 0xbc, sizeof(boot_code));
	write_count = 0;
	write_fails_at = read_lies_at = -1;
}

static void teardown(void)
{
	copy_done(&copy);
	target_done(&target);
	ck_assert_int_eq(target.fd, -1);
	check_dir_remove();
}

static void fill(uint64_t offset, size_t size)
{
	cleanup_free uint8_t *data = malloc(size);

	ck_assert_ptr_nonnull(data);
	memset(data, FILL, size);
	ck_assert_int_eq(pwrite(target.fd, data, size, (off_t)offset), (ssize_t)size);
}

static int byte_at(uint64_t offset)
{
	uint8_t byte;

	ck_assert_int_eq(pread(target.fd, &byte, 1, (off_t)offset), 1);
	return byte;
}

/* True if each byte from offset on, size of them, is this one. */
static bool all(uint64_t offset, size_t size, int byte)
{
	for (size_t i = 0; i < size; i++)
		if (byte_at(offset + i) != byte)
			return false;
	return true;
}

static uint64_t at(const char *part)
{
	return layout_find(&target.layout, part)->start * 512;
}

/* What makes a disk none to write to. */
static const struct {
	bool read_only, missing;
	uint32_t sector_bytes;
	uint64_t size_bytes; /* 0: enough */
	int code;
	enum err_kind kind;
} refusals[] = {
	{true, false, 512, 0, -EROFS, ERR_DENIED},
	{false, false, 4096, 0, -ENOTSUP, ERR_CONFIG},
	{false, false, 0, 0, -ENOTSUP, ERR_CONFIG},
	{false, false, 512, 7000000000, -ENOSPC, ERR_SPACE},
	{false, true, 512, 0, -ENOENT, ERR_NOT_FOUND},
};

START_TEST(refuses_disks)
{
	struct hw_disk disk = target.disk;
	struct target other = TARGET_INIT;
	struct layout layout;
	struct err err = ERR_INIT;

	read_layout(&layout);
	disk.read_only = refusals[_i].read_only;
	disk.sector_bytes = refusals[_i].sector_bytes;
	if (refusals[_i].size_bytes)
		disk.size_bytes = refusals[_i].size_bytes;
	if (refusals[_i].missing)
		snprintf(disk.path, sizeof(disk.path), "/not-there/disk");
	ck_assert_int_eq(target_open(&disk, &layout, &other, &err), refusals[_i].code);
	ck_assert_int_eq(err.kind, refusals[_i].kind);
	ck_assert_ptr_nonnull(strstr(err.text, disk.path));
	ck_assert_int_eq(other.fd, -1);
}
END_TEST

START_TEST(opens_and_fits)
{
	struct target other = TARGET_INIT;
	struct layout layout;
	struct err err = ERR_INIT;

	read_layout(&layout);
	if (target_open(&target.disk, &layout, &other, &err) == -EINVAL)
		return; /* a file system without O_DIRECT */
	ck_assert_msg(other.fd >= 0, "%s", err.text);
	ck_assert_int_eq(fcntl(other.fd, F_GETFL) & O_DIRECT, O_DIRECT);
	ck_assert_uint_eq(layout_find(&layout, HW_DISK_DATA_NAME)->size, 0);
	ck_assert_uint_eq(layout_find(&other.layout, HW_DISK_DATA_NAME)->size,
		layout_find(&target.layout, HW_DISK_DATA_NAME)->size);
	ck_assert_uint_eq(target_place(&other, "nexus-esp").offset, 4096 * 512);
	ck_assert_int_eq(target_place(&other, "nexus-esp").fd, other.fd);
	target_done(&other);
}
END_TEST

/* What a disk is, by what was found on it; matches: the table is that of the layout. */
static const struct {
	enum hw_disk_content content;
	const char *last_name;
	bool matches;
	enum target_state state;
} contents[] = {
	{HW_DISK_BLANK, "", false, TARGET_BLANK},
	{HW_DISK_NOT_PROBED, "", false, TARGET_OTHER},
	{HW_DISK_OTHER, "", false, TARGET_OTHER},
	{HW_DISK_OTHER, HW_DISK_UNFINISHED_NAME, true, TARGET_OTHER},
	{HW_DISK_NEXUS, HW_DISK_UNFINISHED_NAME, true, TARGET_UNFINISHED},
	{HW_DISK_NEXUS, HW_DISK_DATA_NAME, false, TARGET_BOX},
	/* Its data can't be read: it is still somebody's. */
	{HW_DISK_NEXUS, HW_DISK_DATA_NAME, true, TARGET_BOX},
};

START_TEST(examines)
{
	struct target_box box = {.readable = true, .box_id = "old", .name = "old"};
	struct hw_table *table = &target.disk.table;
	enum target_state state = (enum target_state)99;
	struct err err = ERR_INIT;

	target.disk.content = contents[_i].content;
	table->count = LAYOUT_PARTS;
	snprintf(table->label, sizeof(table->label), "gpt");
	for (unsigned i = 0; i < LAYOUT_PARTS; i++) {
		const struct layout_part *part = &target.layout.parts[i];

		table->parts[i] = (struct hw_table_part){
			.number = part->number, .start = part->start, .size = part->size};
		memcpy(table->parts[i].name, part->name, sizeof(part->name));
		memcpy(table->parts[i].type, part->type, sizeof(part->type));
	}
	snprintf(table->parts[LAYOUT_PARTS - 1].name, sizeof(table->parts[0].name), "%s",
		contents[_i].last_name);
	if (!contents[_i].matches)
		table->parts[3].start += 8;
	ck_assert_int_eq(target_examine(&target, check_dir, &state, &box, &err), 0);
	ck_assert_int_eq(state, contents[_i].state);
	ck_assert(!box.readable && !*box.box_id && !*box.name && !*box.machine_id);
}
END_TEST

/* An interrupted repair must leave a disk that does not boot, with its table and data. */
START_TEST(invalidates_boot_alone)
{
	struct err err = ERR_INIT;

	fill(0, 1 << 20);
	fill(at("nexus-esp"), SOURCE_ESP_HEAD + 1);
	ck_assert_int_eq(target_invalidate(&target, &copy, false, &err), 0);
	ck_assert_int_eq(write_count, 2);
	ck_assert_uint_eq(writes[0], 0);
	ck_assert_uint_eq(writes[1], at("nexus-esp"));
	ck_assert(all(0, SOURCE_BOOT_CODE, 0));
	ck_assert(all(440, 6, FILL)); /* the disk's signature */
	ck_assert_int_eq(byte_at(446), 0);
	ck_assert(all(447, 8192 - 447, FILL)); /* both tables' first sectors */
	ck_assert_int_eq(byte_at((1 << 20) - 1), FILL);
	ck_assert(all(at("nexus-esp"), SOURCE_ESP_HEAD, 0));
	ck_assert_int_eq(byte_at(at("nexus-esp") + SOURCE_ESP_HEAD), FILL);
}
END_TEST

START_TEST(invalidates_the_whole)
{
	uint64_t last = DISK_BYTES / COPY_BLOCK * COPY_BLOCK - (1 << 20);
	uint64_t bios = at("nexus-bios");
	struct err err = ERR_INIT;

	fill(0, 3 << 20);
	fill(last - 4096, (size_t)(DISK_BYTES - last + 4096));
	ck_assert_int_eq(target_invalidate(&target, &copy, true, &err), 0);
	/* What boots goes first: a cut in between leaves nothing that half boots. */
	ck_assert_uint_eq(writes[0], 0);
	ck_assert_uint_eq(writes[1], at("nexus-esp"));
	ck_assert(all(0, 4096, 0));
	ck_assert_int_eq(byte_at((1 << 20) - 1), 0);
	ck_assert_int_eq(byte_at(bios), 0);
	ck_assert_int_eq(byte_at(bios + (1 << 20) - 1), 0);
	ck_assert_int_eq(byte_at(at("nexus-esp")), 0);
	ck_assert_int_eq(byte_at(at("nexus-esp") + SOURCE_ESP_HEAD), FILL);
	ck_assert_int_eq(byte_at(last - 4096), FILL);
	ck_assert_int_eq(byte_at(last), 0);
	ck_assert_int_eq(byte_at(last + (1 << 20) - 4096 - 1), 0);
}
END_TEST

START_TEST(invalidates_or_tells)
{
	struct err err = ERR_INIT;

	write_fails_at = (int64_t)at("nexus-esp");
	ck_assert_int_eq(target_invalidate(&target, &copy, true, &err), -EIO);
	ck_assert_int_eq(write_count, 1);
	write_fails_at = 0;
	ck_assert_int_eq(target_invalidate(&target, &copy, true, &err), -EIO);
	ck_assert_int_eq(write_count, 1);
}
END_TEST

/* Sector 0 comes last of all, and only over an ESP that reads back as it was written. */
START_TEST(finishes_in_order)
{
	struct err err = ERR_INIT;

	fill(440, 4096 - 440);
	ck_assert_int_eq(target_finish(&target, &copy, esp_head, boot_code, &err), 0);
	ck_assert_int_eq(write_count, 2);
	ck_assert_uint_eq(writes[0], at("nexus-esp"));
	ck_assert_uint_eq(writes[1], 0);
	ck_assert(all(0, SOURCE_BOOT_CODE, 0xbc));
	ck_assert(all(440, 6, FILL));
	ck_assert_int_eq(byte_at(446), 0x80);
	ck_assert(all(447, 4096 - 447, FILL));
	ck_assert(all(at("nexus-esp"), 512, 0xe5));
	ck_assert_int_eq(byte_at(at("nexus-esp") + SOURCE_ESP_HEAD - 1), 0xe5);
	ck_assert_int_eq(byte_at(at("nexus-esp") + SOURCE_ESP_HEAD), 0);
}
END_TEST

/* Where it goes wrong, relative to the ESP or to sector 0. */
static const struct {
	bool in_esp;
	int64_t offset;
	bool lie; /* it reads back otherwise; else the write fails */
	int code;
} faults[] = {
	{true, 0, false, -EIO},
	{true, 0, true, -EBADMSG},
	{true, SOURCE_ESP_HEAD - 1, true, -EBADMSG},
	{false, 0, false, -EIO},
	{false, 7, true, -EBADMSG},
	{false, 446, true, -EBADMSG},
};

START_TEST(finishes_or_tells)
{
	int64_t where = faults[_i].offset + (faults[_i].in_esp ? (int64_t)at("nexus-esp") : 0);
	struct err err = ERR_INIT;

	*(faults[_i].lie ? &read_lies_at : &write_fails_at) = where;
	ck_assert_int_eq(target_finish(&target, &copy, esp_head, boot_code, &err), faults[_i].code);
	if (faults[_i].in_esp)
		ck_assert(all(0, 512, 0));
}
END_TEST

START_TEST(partitions_and_names)
{
	struct hw_table table;
	struct err err = ERR_INIT;

	ck_assert_msg(target_partition(&target, &err) == 0, "%s", err.text);
	ck_assert(layout_matches(&target.layout, &target.disk.table));
	ck_assert_int_eq(hw_table_read(disk_path, &table, &err), 0);
	ck_assert_ptr_nonnull(hw_table_find(&table, HW_DISK_UNFINISHED_NAME));
	ck_assert_ptr_null(hw_table_find(&table, HW_DISK_DATA_NAME));
	ck_assert(hw_disk_table_is_nexus(&table));
	ck_assert_int_eq(target_name_data(&target, &err), 0);
	ck_assert_int_eq(hw_table_read(disk_path, &table, &err), 0);
	ck_assert_uint_eq(hw_table_find(&table, HW_DISK_DATA_NAME)->number, LAYOUT_PARTS);
	ck_assert_ptr_null(hw_table_find(&table, HW_DISK_UNFINISHED_NAME));
	ck_assert_ptr_nonnull(hw_table_find(&target.disk.table, HW_DISK_DATA_NAME));
	/* A table that is not the layout's is told, by both. */
	target.layout.parts[2].type[0] ^= 1;
	ck_assert_int_eq(target_name_data(&target, &err), -EBADMSG);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

START_TEST(flush_tells)
{
	struct err err = ERR_INIT;
	int fd = target.fd;

	ck_assert_int_eq(target_flush(&target, &err), 0);
	target.fd = -1;
	ck_assert_int_eq(target_flush(&target, &err), -EBADF);
	ck_assert_int_eq(target_invalidate(&target, &copy, false, &err), -EBADF);
	target.fd = fd;
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("target");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, refuses_disks, 0, COUNT(refusals));
	tcase_add_test(tcase, opens_and_fits);
	tcase_add_loop_test(tcase, examines, 0, COUNT(contents));
	tcase_add_test(tcase, invalidates_boot_alone);
	tcase_add_test(tcase, invalidates_the_whole);
	tcase_add_test(tcase, invalidates_or_tells);
	tcase_add_test(tcase, finishes_in_order);
	tcase_add_loop_test(tcase, finishes_or_tells, 0, COUNT(faults));
	tcase_add_test(tcase, partitions_and_names);
	tcase_add_test(tcase, flush_tells);
	return unit_main("target", tcase);
}
