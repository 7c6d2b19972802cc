/* The disks of this PC: what they are, from sysfs and udev's data; what is on them, from
 * sfdisk, blkid and a few samples. Nothing is changed. */
#ifndef NEXUS_HW_DISK_H
#define NEXUS_HW_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "hw/table.h"

#define HW_DISK_MAX 64

/* Names of the eighth partition: of a box, and of an installation that has not ended. */
#define HW_DISK_DATA_NAME "nexus-data"
#define HW_DISK_UNFINISHED_NAME "nexus-unfinished"

/* Where to read; NULL members mean the system's own. Borrowed. */
struct hw_disk_paths {
	const char *sysfs; /* "/sys" */
	const char *udev_data; /* "/run/udev/data" */
	const char *dev; /* "/dev" */
};

enum hw_disk_content {
	HW_DISK_NOT_PROBED,
	HW_DISK_BLANK, /* no table, no file system, every sample zeros or ones */
	HW_DISK_NEXUS, /* a table with our partition names */
	HW_DISK_OTHER, /* anything else */
};

struct hw_disk {
	char name[64]; /* "sda", "nvme0n1" */
	char path[128]; /* "/dev/sda" */
	char model[80], serial[80]; /* fit for a terminal; "" when unknown */
	char transport[16]; /* usb sata nvme virtio mmc scsi loop, or "" */
	dev_t device;
	uint64_t size_bytes;
	uint32_t sector_bytes; /* logical */
	bool removable, rotational, read_only;
	enum hw_disk_content content;
	char summary[160]; /* what is on it, in a few words without translation; "" when blank */
	struct hw_table table;
};

struct hw_disk_list {
	struct hw_disk *disks; /* owned */
	size_t count;
};

/* Every disk a system could live on, by name: no loop, RAM, optical, floppy, mapped or RAID
 * device, no boot area of an eMMC, no reader without a card. Contents are not probed yet. At
 * most HW_DISK_MAX; the rest is left out. paths may be NULL. */
int hw_disk_list(const struct hw_disk_paths *paths, struct hw_disk_list *ret, struct err *err)
	__attribute__((warn_unused_result));
void hw_disk_list_done(struct hw_disk_list *list);

/* One disk by its name in sysfs, of any sort; -ENOENT if it is none or a partition. */
int hw_disk_read(const struct hw_disk_paths *paths, const char *name, struct hw_disk *ret,
	struct err *err) __attribute__((warn_unused_result));

/* The disk that a device node stands for, links followed. */
int hw_disk_read_node(const struct hw_disk_paths *paths, const char *node, struct hw_disk *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Fills in content, summary and table. Blocks for as long as the disk takes to answer. */
int hw_disk_probe(struct hw_disk *disk, struct err *err) __attribute__((warn_unused_result));

/* True if a table has all of our eight partitions by name; the eighth may still carry the name
 * of an installation that did not end. */
bool hw_disk_table_is_nexus(const struct hw_table *table);

/* "512 MB", "500 GB", "1.0 TB": decimal, as disks are sold. ret_text has 24 bytes. */
void hw_disk_size_format(uint64_t bytes, char ret_text[24]);

static inline void cleanup_hw_disk_list_fn(struct hw_disk_list *list)
{
	int saved = errno;

	hw_disk_list_done(list);
	errno = saved;
}
#define cleanup_hw_disk_list __attribute__((cleanup(cleanup_hw_disk_list_fn)))

#endif
