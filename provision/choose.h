/* Which disk may become a box. */
#ifndef NEXUS_PROVISION_CHOOSE_H
#define NEXUS_PROVISION_CHOOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "hw/disk.h"
#include "provision/fit/fit.h"
#include "provision/page/page.h"

enum choose_verdict {
	CHOOSE_BLANK, /* may be taken as it is */
	CHOOSE_OURS, /* a box, or what was to become one */
	CHOOSE_OTHER, /* has something on it: only after a typed confirmation */
	CHOOSE_IS_SOURCE, /* the stick, or the disk that this system runs from: never */
	CHOOSE_TOO_SMALL,
	CHOOSE_READ_ONLY,
	CHOOSE_BAD_SECTORS,
	CHOOSE_UNREADABLE, /* its content could not be read */
};

struct choose_rules {
	dev_t source, live; /* disks that are never a target; 0: none */
	uint64_t bytes_needed;
	const char *facts; /* folder with sys, dev, run/udev/data and smart; NULL: this PC's */
};

/* What may be done with a disk. */
enum choose_verdict choose_judge(const struct hw_disk *disk, const struct choose_rules *rules);

/* True for verdicts that a target can have. */
bool choose_is_usable(enum choose_verdict verdict);

/* One translated sentence on a verdict; static. */
const char *choose_reason(enum choose_verdict verdict);

/* Counts the disks that could take the installation, whatever is on them, and asks each how it is;
 * with only, a device node, nothing but that disk. Disks that can't be listed are none here: they
 * are told when one is to be chosen. Blocks. */
void choose_survey(const char *only, const struct choose_rules *rules, struct fit *fit);

/* Lists and probes the disks of this PC; with only, a device node, nothing but that disk. What
 * can't be read stays HW_DISK_NOT_PROBED. -ENOENT or -ENOTBLK for a node that is no disk. */
int choose_list(const char *only, const struct choose_rules *rules, struct hw_disk_list *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Adds a disk to the choices of a page: model, size, serial number, health, what is on it. One that
 * can't become a box is refused there. */
void choose_offer(struct page *page, const struct hw_disk *disk, const struct choose_rules *rules);

/* All of them as JSON: owned text. */
int choose_json(const struct hw_disk_list *list, const struct choose_rules *rules, char **ret_text,
	struct err *err) __attribute__((warn_unused_result));

/* The disk that an unattended installation takes when none is named: the only internal one that
 * is usable. -ENOENT if there is none, -ENOSPC if it is too small, -EEXIST if there are
 * several. */
int choose_auto(const struct hw_disk_list *list, const struct choose_rules *rules, size_t *ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
