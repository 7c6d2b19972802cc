/* /usr/lib/nexus/layout.conf: the partitions of a stick and of an internal disk. One file says
 * it for image/build, which makes sticks, and for the installer, which lays out disks. */
#ifndef NEXUS_PROVISION_DISK_LAYOUT_H
#define NEXUS_PROVISION_DISK_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "hw/table.h"
#include "stick/source.h"

#define LAYOUT_FILE "/usr/lib/nexus/layout.conf"
#define LAYOUT_PARTS 8 /* of an internal disk */

/* A partition of the internal disk, where it will stand. */
struct layout_part {
	char name[40]; /* of the GPT */
	unsigned number; /* 1 to LAYOUT_PARTS */
	uint64_t start, size; /* sectors of 512 bytes */
	char type[40]; /* GUID */
	char label[17]; /* of the file system; "" without one */
};

struct layout {
	uint64_t alignment; /* sectors */
	uint64_t data_min; /* sectors that the last partition must at least have */
	/* By number; the last one's size is 0: the rest of the disk. */
	struct layout_part parts[LAYOUT_PARTS];
};

/* Reads text, or the file. -EINVAL with the line, or with what does not fit together. */
int layout_parse(const char *text, size_t size, const char *name, struct layout *ret,
	struct err *err) __attribute__((warn_unused_result));
int layout_read(const char *path, struct layout *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The smallest disk that the layout fits on, in bytes. */
uint64_t layout_bytes_needed(const struct layout *layout);

/* Sets the size of the last partition for a disk. -ENOSPC (kind space) names the size needed. */
int layout_fit(struct layout *layout, uint64_t disk_bytes, struct err *err)
	__attribute__((warn_unused_result));

/* What sfdisk is fed with: owned text, or NULL without memory. The last partition gets
 * data_name. layout must have been fitted. */
char *layout_script(const struct layout *layout, const char *data_name);

/* True if a disk's table has each partition of the fitted layout at its place; names are not
 * looked at. */
bool layout_matches(const struct layout *layout, const struct hw_table *table);

/* Bytes that the pieces of a stick may have to fit into their partitions, the first of two. */
void layout_room(const struct layout *layout, uint64_t ret_room[SOURCE_PIECES]);

/* Borrowed; the names are checked when a layout is read, so it never fails for one of ours. */
const struct layout_part *layout_find(const struct layout *layout, const char *name);

#endif
