/* GRUB's environment block: 1024 bytes that GRUB and Linux both write. A value type; values are
 * kept as they stand in the block, GRUB's escapes included. */
#ifndef NEXUS_HW_GRUBENV_H
#define NEXUS_HW_GRUBENV_H

#include <stddef.h>

#include "base/err.h"

#define HW_GRUBENV_SIZE 1024
#define HW_GRUBENV_VARIABLES_MAX 32

struct hw_grubenv_variable {
	char name[32];
	char value[128];
};

struct hw_grubenv {
	struct hw_grubenv_variable variables[HW_GRUBENV_VARIABLES_MAX];
	size_t count;
};

/* -EBADMSG without GRUB's signature, for a line that is no NAME=value and for more or longer
 * variables than fit here. */
int hw_grubenv_parse(const char block[HW_GRUBENV_SIZE], struct hw_grubenv *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The value, borrowed, or "". */
const char *hw_grubenv_get(const struct hw_grubenv *env, const char *name);

/* Sets or adds. -EINVAL for a name or value with other characters than letters, digits and
 * " _-.:", or too long; -ENOSPC. */
int hw_grubenv_set(struct hw_grubenv *env, const char *name, const char *value, struct err *err)
	__attribute__((warn_unused_result));

/* Writes the whole block, filled with '#'. -ENOSPC. */
int hw_grubenv_format(const struct hw_grubenv *env, char ret_block[HW_GRUBENV_SIZE],
	struct err *err) __attribute__((warn_unused_result));

#endif
