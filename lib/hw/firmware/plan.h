/* The settings that matter for a server on this very PC: how they are, how they should be. */
#ifndef NEXUS_HW_FIRMWARE_PLAN_H
#define NEXUS_HW_FIRMWARE_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "hw/firmware/attribute.h"
#include "hw/firmware/note.h"

enum firmware_state {
	FIRMWARE_STATE_UNKNOWN, /* the firmware does not tell: a person must look */
	FIRMWARE_STATE_AS_WANTED,
	FIRMWARE_STATE_DIFFERENT,
	FIRMWARE_STATE_SET, /* by us, now; it comes with the next start */
};

struct firmware_setting {
	enum firmware_goal goal;
	enum firmware_state state;
	char current[64]; /* "" when unknown */
	bool can_set;
	struct firmware_wish wish; /* of the note; all "" when it says nothing */
};

struct firmware_plan {
	struct firmware_access access;
	struct firmware_setting settings[FIRMWARE_GOAL_COUNT]; /* one for each goal, in its order */
};

/* "unknown", "as-wanted", "different", "set"; static. */
const char *firmware_plan_state_name(enum firmware_state state);

/* Never fails. sysfs is the folder, NULL for "/sys". */
void firmware_plan_make(
	const char *sysfs, const struct firmware_note *note, struct firmware_plan *ret);

/* Sets what is different and can be set, and marks it; ret_count says how many. Goes on after a
 * failure; the first one is told and returned. */
int firmware_plan_set(const char *sysfs, struct firmware_plan *plan, size_t *ret_count,
	struct err *err) __attribute__((warn_unused_result));

#endif
