/* What this computer itself uses a disk for, and therefore nobody may overwrite. */
#ifndef NEXUS_HW_USE_H
#define NEXUS_HW_USE_H

#include "base/err.h"
#include "hw/disk.h"

/* Where to read; NULL members mean the system's own. Borrowed. */
struct hw_use_paths {
	const char *sysfs; /* "/sys" */
	const char *proc; /* "/proc": self/mountinfo and swaps */
};

enum hw_use_kind {
	HW_USE_NONE,
	HW_USE_MOUNTED, /* where: the folder */
	HW_USE_SWAP, /* where: the device */
	HW_USE_HELD, /* by LVM, RAID, encryption, a loop device; where: that device */
};

struct hw_use {
	enum hw_use_kind kind;
	char where[128]; /* fit for a terminal; "" for HW_USE_NONE */
};

/* Looks at the disk, its partitions and what stands upon them, however many layers. Whoever holds
 * it in a way that is not seen here makes an exclusive open fail. paths may be NULL. */
int hw_use_read(const struct hw_use_paths *paths, const struct hw_disk *disk, struct hw_use *ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
