/* Which of the two systems of the disk runs, and what the boot state says about both. */
#ifndef NEXUS_AGENT_COMMON_SLOT_H
#define NEXUS_AGENT_COMMON_SLOT_H

#include <stdbool.h>

#include "base/err.h"
#include "hw/grubenv.h"

#define SLOT_SIZE 8

struct slot {
	char mode[16]; /* "live", "installed"; "" on a machine that is no image */
	char slot[SLOT_SIZE]; /* "A", "B" or "" */
};

/* Reads a kernel's command line. Words that are not as expected count as missing. */
void slot_parse(const char *command_line, struct slot *ret);

/* The same from proc/cmdline below root. */
int slot_read(const char *root, struct slot *ret, struct err *err)
	__attribute__((warn_unused_result));

/* True if the boot state calls the slot good: OK, without tries that did not end well, proven. */
bool slot_is_good(const struct hw_grubenv *env, const char *slot);

/* The other slot if GRUB is to start it next and has not tried yet: an update. Else "". */
void slot_waiting(const struct hw_grubenv *env, const char *slot, char ret_slot[SLOT_SIZE]);

/* Marks slot good and proven. If another stands before it in ORDER, GRUB gave that one up: it is
 * no longer OK and comes last, and ret_failed names it; otherwise ret_failed is "". */
int slot_mark_good(struct hw_grubenv *env, const char *slot, char ret_failed[SLOT_SIZE],
	struct err *err) __attribute__((warn_unused_result));

#endif
