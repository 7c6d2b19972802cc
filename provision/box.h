/* What makes a disk this box and no other: the data partition with the image's /var in it, SSH
 * host key, names, and the secret by which a console adopts it. */
#ifndef NEXUS_PROVISION_BOX_H
#define NEXUS_PROVISION_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/adoption.h"
#include "provision/disk/target.h"
#include "stick/seed.h"
#include "stick/source.h"

struct box {
	char id[33]; /* 32 hexadecimal digits */
	char name[SEED_NAME_MAX + 1];
	char machine_id[33];
	char code[FLEET_ADOPTION_CODE_SIZE]; /* "" once it is adopted */
};

/* Makes the data partition's file system and fills it. name "" means "nexus-" and the start of
 * the id. now_s is what the new files say about when they were made. After 0 all of it is on
 * the disk. Needs volume_private. */
int box_make(struct target *target, const struct source *source, const char *run_dir,
	const char *name, int64_t now_s, struct box *ret, struct err *err)
	__attribute__((warn_unused_result));

/* What a box that is repaired is called; makes up the machine id if it was lost. Changes nothing.
 * known is what target_examine read. */
int box_recall(struct target *target, const struct target_box *known, const char *run_dir,
	struct box *ret, struct err *err) __attribute__((warn_unused_result));

#endif
