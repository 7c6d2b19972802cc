/* A file system within a disk, mounted through a loop device over its range of bytes: it needs
 * no partition devices, and loop device and mount vanish with the process, however it ends. */
#ifndef NEXUS_PROVISION_DISK_VOLUME_H
#define NEXUS_PROVISION_DISK_VOLUME_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct volume {
	int fd; /* owned; of the loop device */
	char node[32]; /* "/dev/loop3" */
	char *mounted; /* owned; the folder, or NULL */
};

#define VOLUME_INIT ((struct volume){.fd = -1})

/* Gives this process mounts of its own, once, before the first volume_mount. */
int volume_private(struct err *err) __attribute__((warn_unused_result));

/* Attaches a free loop device. backing_fd is borrowed; offset and size in bytes. */
int volume_attach(int backing_fd, uint64_t offset, uint64_t size, bool read_only,
	struct volume *ret, struct err *err) __attribute__((warn_unused_result));

/* Mounts it on dir, which is made when missing. flags as mount(2); options may be NULL. */
int volume_mount(struct volume *volume, const char *type, const char *dir, unsigned long flags,
	const char *options, struct err *err) __attribute__((warn_unused_result));

/* Writes everything out and unmounts. After 0 it is on the disk. */
int volume_unmount(struct volume *volume, struct err *err) __attribute__((warn_unused_result));

/* Unmounts if need be, without a word, and detaches. */
void volume_done(struct volume *volume);

static inline void cleanup_volume_fn(struct volume *volume)
{
	int saved = errno;

	volume_done(volume);
	errno = saved;
}
#define cleanup_volume __attribute__((cleanup(cleanup_volume_fn)))

#endif
