/* The disk that becomes a box: its partitions and its boot code. Until target_finish has ended,
 * no firmware finds anything on it to boot: sector 0 has no boot code and the EFI system
 * partition has no first sector. */
#ifndef NEXUS_PROVISION_DISK_TARGET_H
#define NEXUS_PROVISION_DISK_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/disk.h"
#include "provision/disk/layout.h"
#include "provision/disk/volume.h"
#include "stick/copy.h"

#define SOURCE_BOOT_CODE 440 /* bytes of sector 0 before the partition table */
#define SOURCE_BOOTSTATE_OFFSET 4096 /* bytes: where GRUB's block is in the bootstate partition */
#define SOURCE_ESP_HEAD (64u << 10) /* bytes of the ESP that are written last */

/* What a disk is to us; decides what may be done to it without asking. */
enum target_state {
	TARGET_BLANK,
	TARGET_UNFINISHED, /* ours, from an installation that did not end; holds no data yet */
	TARGET_BOX, /* ours, with the data of a box, or data that can't be read */
	TARGET_OTHER,
};

/* What the data partition of a box says. */
struct target_box {
	bool readable; /* false: there is no telling, and no repair */
	char unreadable[200]; /* why; "" when it is readable */
	bool bootable; /* firmware finds boot code and an ESP; false after a repair that was cut */
	char box_id[40], name[40]; /* "" when it has none */
	char machine_id[33]; /* "" when unknown */
};

struct target {
	struct hw_disk disk;
	struct layout layout; /* fitted to the disk */
	int fd; /* owned; O_DIRECT and exclusive */
};

#define TARGET_INIT ((struct target){.fd = -1})

/* disk has been probed; layout is not fitted yet. -EBUSY (kind locked) if anything on the disk
 * is in use; waits up to ten seconds for that. -ENOSPC if it is too small, -ENOTSUP for sectors
 * that are not of 512 bytes, -EROFS if it is write-protected. */
int target_open(const struct hw_disk *disk, const struct layout *layout, struct target *ret,
	struct err *err) __attribute__((warn_unused_result));
void target_done(struct target *target);

/* Reads what the disk is, and for TARGET_BOX what box it was. Changes nothing. Needs
 * volume_private. run_dir is a folder for mounts. */
int target_examine(struct target *target, const char *run_dir, enum target_state *ret_state,
	struct target_box *ret_box, struct err *err) __attribute__((warn_unused_result));

/* Takes away what firmware could boot; the data partition is not touched. whole: both partition
 * tables and the start of each old file system of ours too. Flushed. */
int target_invalidate(struct target *target, struct copy *copy, bool whole, struct err *err)
	__attribute__((warn_unused_result));

/* Writes the partition table by sfdisk and compares it with the layout. The last partition is
 * named as that of an installation that has not ended. */
int target_partition(struct target *target, struct err *err) __attribute__((warn_unused_result));

/* Gives the last partition its final name. */
int target_name_data(struct target *target, struct err *err) __attribute__((warn_unused_result));

struct copy_place target_place(const struct target *target, const char *part);
int target_flush(struct target *target, struct err *err) __attribute__((warn_unused_result));

/* Makes it bootable: the first esp_head bytes of the ESP, then boot code and active flag in
 * sector 0; flushed and read back after each. */
int target_finish(struct target *target, struct copy *copy, const uint8_t *esp_head,
	const uint8_t boot_code[SOURCE_BOOT_CODE], struct err *err)
	__attribute__((warn_unused_result));

/* Lets kernel and udev see the new partitions. Failure does no harm. */
void target_announce(struct target *target);

/* Attaches the data partition. */
int target_data(struct target *target, bool read_only, struct volume *ret, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_target_fn(struct target *target)
{
	int saved = errno;

	target_done(target);
	errno = saved;
}
#define cleanup_target __attribute__((cleanup(cleanup_target_fn)))

#endif
