#include "stick/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/hex.h"

#define DEVICE_SIZE (12u << 20)

/* A device in memory; what fails is set by a test. fd 1 is the stick, 2 the disk. */
static uint8_t *stick, *disk;
static off_t read_fails_at, write_fails_at, device_ends_at;
static int interrupts;
static size_t short_count;

static ssize_t read_at(int fd, void *data, size_t size, off_t offset)
{
	if (interrupts > 0 && interrupts--) {
		errno = EINTR;
		return -1;
	}
	if (read_fails_at >= 0 && offset + (off_t)size > read_fails_at) {
		errno = EIO;
		return -1;
	}
	if (short_count && size > short_count)
		size = short_count;
	if (offset >= device_ends_at)
		return 0;
	if (offset + (off_t)size > device_ends_at)
		size = (size_t)(device_ends_at - offset);
	memcpy(data, (fd == 1 ? stick : disk) + offset, size);
	return (ssize_t)size;
}

static ssize_t write_at(int fd, const void *data, size_t size, off_t offset)
{
	ck_assert_int_eq(fd, 2);
	ck_assert_int_eq(offset % COPY_BLOCK, 0);
	if (write_fails_at >= 0 && offset + (off_t)size > write_fails_at) {
		errno = ENOSPC;
		return -1;
	}
	if (short_count && size > short_count)
		size = short_count;
	memcpy(disk + offset, data, size);
	return (ssize_t)size;
}

static const struct copy_ops ops = {read_at, write_at};
static struct copy copy;
static uint64_t told;

static void tell(void *context, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
}

static void setup(void)
{
	struct err err = ERR_INIT;

	stick = malloc(DEVICE_SIZE);
	disk = malloc(DEVICE_SIZE);
	ck_assert(stick && disk);
	for (size_t i = 0; i < DEVICE_SIZE; i++)
		stick[i] = (uint8_t)(i * 2654435761u >> 13);
	memset(disk, 0xaa, DEVICE_SIZE);
	read_fails_at = write_fails_at = -1;
	device_ends_at = DEVICE_SIZE;
	interrupts = 0;
	short_count = 0;
	told = 0;
	ck_assert_int_eq(copy_init(&copy, &ops, &err), 0);
	copy.progress = tell;
	copy.context = &told;
}

static void teardown(void)
{
	copy_done(&copy);
	free(stick);
	free(disk);
}

static void digest_of(const uint8_t *data, size_t size, uint8_t digest[HASH_SIZE])
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(hash_once(copy.hash, data, size, digest, &err), 0);
}

#define FROM ((struct copy_place){.fd = 1, .offset = 8192, .name = "stick"})
#define TO ((struct copy_place){.fd = 2, .offset = 4096, .name = "disk"})

/* Sizes around blocks and pieces. */
static const size_t sizes[] = {
	1, 4095, 4096, 4097, (4u << 20) - 1, 4u << 20, (4u << 20) + 1, (9u << 20) + 123};

START_TEST(moves)
{
	size_t size = sizes[_i];
	uint8_t digest[HASH_SIZE];
	struct err err = ERR_INIT;

	digest_of(stick + 8192, size, digest);
	ck_assert_int_eq(copy_move(&copy, FROM, TO, size, &err), 0);
	ck_assert_uint_eq(told, size);
	ck_assert_int_eq(memcmp(stick + 8192, disk + 4096, size), 0);
	/* The last block is filled with zeros; what follows is untouched. */
	for (size_t i = size; i % COPY_BLOCK; i++)
		ck_assert_uint_eq(disk[4096 + i], 0);
	ck_assert_uint_eq(disk[4096 + (size + 4095) / 4096 * 4096], 0xaa);
	ck_assert_uint_eq(disk[4095], 0xaa);
	ck_assert_int_eq(copy_check(&copy, TO, size, digest, &err), 0);
	disk[4096 + size / 2] ^= 1;
	ck_assert_int_eq(copy_check(&copy, TO, size, digest, &err), -EBADMSG);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

START_TEST(survives_short_counts)
{
	uint8_t digest[HASH_SIZE];
	struct err err = ERR_INIT;

	digest_of(stick + 8192, 100000, digest);
	short_count = 4096;
	interrupts = 3;
	ck_assert_int_eq(copy_move(&copy, FROM, TO, 100000, &err), 0);
	ck_assert_int_eq(memcmp(stick + 8192, disk + 4096, 100000), 0);
}
END_TEST

START_TEST(tells_failures)
{
	struct err err = ERR_INIT;

	read_fails_at = 5 << 20;
	ck_assert_int_eq(copy_move(&copy, FROM, TO, 6u << 20, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "read stick at byte 4202496"));
	read_fails_at = -1;
	write_fails_at = 5 << 20;
	ck_assert_int_eq(copy_move(&copy, FROM, TO, 6u << 20, &err), -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_ptr_nonnull(strstr(err.text, "write disk at byte 4198400"));
	write_fails_at = -1;
	device_ends_at = 5 << 20;
	ck_assert_int_eq(copy_move(&copy, FROM, TO, 6u << 20, &err), -ENODATA);
}
END_TEST

START_TEST(leaves_holes)
{
	struct err err = ERR_INIT;

	/* Zeros are left out where a whole 64 KiB of them begin, the target's own stay. */
	memset(stick + 8192 + (64 << 10), 0, 64 << 10);
	memset(disk + 4096, 0xaa, 256 << 10);
	copy.holes = true;
	ck_assert_int_eq(copy_move(&copy, FROM, TO, 192 << 10, &err), 0);
	ck_assert_int_eq(memcmp(disk + 4096, stick + 8192, 64 << 10), 0);
	ck_assert_uint_eq(disk[4096 + (64 << 10)], 0xaa);
	ck_assert_uint_eq(disk[4096 + (128 << 10) - 1], 0xaa);
	ck_assert_int_eq(
		memcmp(disk + 4096 + (128 << 10), stick + 8192 + (128 << 10), 64 << 10), 0);
}
END_TEST

START_TEST(reads_writes_zeroes)
{
	uint8_t *data = malloc(5u << 20);
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(copy_read(&copy, FROM, data + 1, (5u << 20) - 1, &err), 0);
	ck_assert_int_eq(memcmp(data + 1, stick + 8192, (5u << 20) - 1), 0);
	memcpy(data, stick + 8192, 5u << 20);
	ck_assert_int_eq(copy_write(&copy, TO, data, 5u << 20, &err), 0);
	ck_assert_int_eq(memcmp(disk + 4096, data, 5u << 20), 0);
	ck_assert_int_eq(copy_compare(&copy, TO, data, 5u << 20, &err), 0);
	disk[4096 + (4u << 20) + 5] ^= 1;
	ck_assert_int_eq(copy_compare(&copy, TO, data, 5u << 20, &err), -EBADMSG);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_int_eq(copy_write(&copy, TO, data, 100, &err), -EINVAL);
	ck_assert_int_eq(copy_zero(&copy, TO, (4u << 20) + 4096, &err), 0);
	ck_assert_uint_eq(disk[4096], 0);
	ck_assert_uint_eq(disk[(4u << 20) + 8191], 0);
	ck_assert_uint_eq(disk[(4u << 20) + 8192], data[(4u << 20) + 4096]);
	ck_assert_int_eq(copy_zero(&copy, TO, 511, &err), -EINVAL);
	free(data);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("copy");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, moves, 0, COUNT(sizes));
	tcase_add_test(tcase, survives_short_counts);
	tcase_add_test(tcase, tells_failures);
	tcase_add_test(tcase, leaves_holes);
	tcase_add_test(tcase, reads_writes_zeroes);
	return unit_main("copy", tcase);
}
