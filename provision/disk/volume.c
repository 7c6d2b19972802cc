#include "provision/disk/volume.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define ATTACH_TRIES 16

int volume_private(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return err_errno(err, errno, "separate mounts");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_errno(err, errno, "separate mounts");
	return 0;
}

/* One try; somebody else may take the free device first: -EBUSY. */
static int attach_once(
	int control, const struct loop_config *config, struct volume *volume, struct err *err)
{
	int number = ioctl(control, LOOP_CTL_GET_FREE);

	if (number < 0)
		return err_errno(err, errno, "find a free loop device");
	snprintf(volume->node, sizeof(volume->node), "/dev/loop%d", number);
	volume->fd = open(volume->node, O_RDWR | O_CLOEXEC);
	if (volume->fd < 0)
		return err_errno(err, errno, "open %s", volume->node);
	if (ioctl(volume->fd, LOOP_CONFIGURE, config) < 0) {
		err_errno(err, errno, "set up %s", volume->node);
		close(volume->fd);
		volume->fd = -1;
		return -err->code;
	}
	return 0;
}

int volume_attach(int backing_fd, uint64_t offset, uint64_t size, bool read_only,
	struct volume *ret, struct err *err)
{
	cleanup_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = {
		.fd = (uint32_t)backing_fd,
		.info = {.lo_offset = offset,
			.lo_sizelimit = size,
			.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0)},
	};
	struct volume volume = VOLUME_INIT;
	int r = -EBUSY;

	if (control < 0)
		return err_errno(err, errno, "open /dev/loop-control");
	for (int i = 0; i < ATTACH_TRIES && r == -EBUSY; i++)
		r = attach_once(control, &config, &volume, err);
	if (r < 0)
		return r;
	*ret = volume;
	return 0;
}

int volume_mount(struct volume *volume, const char *type, const char *dir, unsigned long flags,
	const char *options, struct err *err)
{
	cleanup_free char *copy = strdup(dir);
	int r;

	if (!copy)
		return err_oom(err);
	r = file_make_dirs(dir, 0700, err);
	if (r < 0)
		return r;
	if (mount(volume->node, dir, type, flags, options) < 0)
		return err_errno(err, errno, "mount %s on %s", type, dir);
	volume->mounted = TAKE(copy);
	return 0;
}

static int write_out(const char *dir, struct err *err)
{
	cleanup_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || syncfs(fd) < 0)
		return err_errno(err, errno, "write out %s", dir);
	return 0;
}

int volume_unmount(struct volume *volume, struct err *err)
{
	int r;

	r = write_out(volume->mounted, err);
	if (r < 0)
		return r;
	if (umount(volume->mounted) < 0)
		return err_errno(err, errno, "unmount %s", volume->mounted);
	free(volume->mounted);
	volume->mounted = NULL;
	if (fsync(volume->fd) < 0)
		return err_errno(err, errno, "write out %s", volume->node);
	return 0;
}

void volume_done(struct volume *volume)
{
	if (volume->mounted)
		umount2(volume->mounted, MNT_DETACH);
	free(volume->mounted);
	if (volume->fd >= 0)
		close(volume->fd);
	*volume = VOLUME_INIT;
}
