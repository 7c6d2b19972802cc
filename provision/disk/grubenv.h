/* GRUB's environment block: the boot state of a disk, 1024 bytes at a fixed place of its own
 * partition, replaced as a whole. */
#ifndef NEXUS_PROVISION_DISK_GRUBENV_H
#define NEXUS_PROVISION_DISK_GRUBENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define GRUBENV_SIZE 1024 /* bytes of the block */
#define GRUBENV_OFFSET 4096 /* bytes, of the block in the bootstate partition */

struct grubenv_entry {
	const char *name, *value; /* borrowed */
};

/* Writes "# GRUB Environment Block\n", NAME=value lines and '#' to the end into ret_block of
 * GRUBENV_SIZE bytes. entries end with { 0 }. -EINVAL for a name or value that GRUB would read
 * otherwise, -EFBIG when they do not fit. */
int grubenv_format(const struct grubenv_entry *entries, char ret_block[GRUBENV_SIZE],
	struct err *err) __attribute__((warn_unused_result));

/* True if the block begins as GRUB demands. */
bool grubenv_is_valid(const char block[GRUBENV_SIZE]);

/* Copies the value of name into ret_value. False if the block is not valid, has no such name,
 * or the value does not fit. */
bool grubenv_get(const char block[GRUBENV_SIZE], const char *name, char *ret_value, size_t room);

#endif
