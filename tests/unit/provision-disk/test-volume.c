#include "provision/disk/volume.h"

#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "../check_dir.h"

#define BACKING_BYTES (4u << 20)
#define OFFSET (1u << 20)
#define SIZE (2u << 20)

static int backing;

static void setup(void)
{
	static uint8_t data[BACKING_BYTES];

	check_dir_make();
	backing = openat(check_dir_fd, "disk", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(backing, 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i >> 16);
	ck_assert_int_eq(write(backing, data, sizeof(data)), (ssize_t)sizeof(data));
	ck_assert_int_eq(fsync(backing), 0);
}

static void teardown(void)
{
	close(backing);
	check_dir_remove();
}

/* Loop devices are root's; elsewhere what is told is that there are none. */
static bool attach(bool read_only, struct volume *volume)
{
	struct err err = ERR_INIT;
	int r = volume_attach(backing, OFFSET, SIZE, read_only, volume, &err);

	if (r >= 0)
		return true;
	ck_assert_msg(r == -EACCES || r == -EPERM || r == -ENOENT, "%s", err.text);
	ck_assert_int_eq(volume->fd, -1);
	return false;
}

/* Only the range of bytes that was asked for is there, and nothing else can be changed. */
START_TEST(shows_its_range)
{
	struct volume volume = VOLUME_INIT;
	uint64_t bytes = 0;
	uint8_t byte;

	if (!attach(_i == 1, &volume))
		return;
	ck_assert_int_eq(ioctl(volume.fd, BLKGETSIZE64, &bytes), 0);
	ck_assert_uint_eq(bytes, SIZE);
	ck_assert_int_eq(pread(volume.fd, &byte, 1, 0), 1);
	ck_assert_uint_eq(byte, OFFSET >> 16);
	ck_assert_int_eq(pread(volume.fd, &byte, 1, SIZE - 1), 1);
	ck_assert_uint_eq(byte, (OFFSET + SIZE - 1) >> 16);
	byte = 0xee;
	ck_assert_int_eq(pwrite(volume.fd, &byte, 1, 5) == 1 && fsync(volume.fd) == 0, _i == 0);
	volume_done(&volume);
	ck_assert_int_eq(volume.fd, -1);
	ck_assert_int_eq(pread(backing, &byte, 1, OFFSET + 5), 1);
	ck_assert_uint_eq(byte, _i == 0 ? 0xee : OFFSET >> 16);
}
END_TEST

START_TEST(refuses_a_bad_descriptor)
{
	struct volume volume = VOLUME_INIT;
	struct err err = ERR_INIT;
	int r = volume_attach(-1, 0, SIZE, true, &volume, &err);

	ck_assert_int_lt(r, 0);
	ck_assert(r != -EBUSY);
	ck_assert_int_eq(volume.fd, -1);
}
END_TEST

/* What is no file system of that kind is not mounted, and done undoes all the same. */
START_TEST(refuses_to_mount_garbage)
{
	struct volume volume = VOLUME_INIT;
	cleanup_free char *dir = str_printf("%s/new/dir", check_dir);
	struct err err = ERR_INIT;

	snprintf(volume.node, sizeof(volume.node), "/dev/not-there");
	ck_assert_int_lt(volume_mount(&volume, "ext4", dir, MS_RDONLY, NULL, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "mount ext4 on "));
	ck_assert_ptr_null(volume.mounted);
	ck_assert(check_dir_has("new/dir"));
	if (attach(true, &volume))
		ck_assert_int_lt(volume_mount(&volume, "ext4", dir, MS_RDONLY, NULL, &err), 0);
	ck_assert_ptr_null(volume.mounted);
	volume_done(&volume);
	volume_done(&volume);
}
END_TEST

/* A folder that is gone can't be written out: it must not pass for being on the disk. */
START_TEST(unmount_tells)
{
	struct volume volume = VOLUME_INIT;
	struct err err = ERR_INIT;

	volume.mounted = str_printf("%s/gone", check_dir);
	ck_assert_int_eq(volume_unmount(&volume, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.text, "write out "));
	ck_assert_ptr_nonnull(volume.mounted);
	free(volume.mounted);
	volume.mounted = strdup(check_dir); /* there, but nothing is mounted */
	ck_assert_int_lt(volume_unmount(&volume, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "unmount "));
	volume_done(&volume);
	ck_assert_ptr_null(volume.mounted);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("volume");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, shows_its_range, 0, 2);
	tcase_add_test(tcase, refuses_a_bad_descriptor);
	tcase_add_test(tcase, refuses_to_mount_garbage);
	tcase_add_test(tcase, unmount_tells);
	return unit_main("volume", tcase);
}
