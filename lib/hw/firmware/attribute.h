/* Settings that the firmware shows to the kernel: /sys/class/firmware-attributes of
 * dell-wmi-sysman, think-lmi and hp-bioscfg. Most PCs of before 2018 have none. */
#ifndef NEXUS_HW_FIRMWARE_ATTRIBUTE_H
#define NEXUS_HW_FIRMWARE_ATTRIBUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FIRMWARE_ATTRIBUTE_MAX 1024 /* entries of a folder that are looked at */

struct firmware_attribute {
	char *dir; /* owned; its folder */
	char name[64]; /* as the driver spells it, fit for a terminal */
	char current[64]; /* fit for a terminal; "" when it can't be read */
	char *possible; /* owned; values with ';' between; "" when it has no list */
};

/* How attributes can be reached here. */
struct firmware_access {
	char driver[32]; /* "dell-wmi-sysman"; "" when there is none; fit for a terminal */
	bool locked; /* the set-up has a password: nothing can be set */
	bool pending; /* what was set comes with the next start */
};

/* Never fails: without a driver all is empty. sysfs is the folder, NULL for "/sys". */
void firmware_attribute_access(const char *sysfs, struct firmware_access *ret);

/* Finds an attribute by its name; case, blanks, '-' and '_' do not count. -ENOENT (kind
 * not-found) if no driver has it. */
int firmware_attribute_find(const char *sysfs, const char *name, struct firmware_attribute *ret,
	struct err *err) __attribute__((warn_unused_result));
void firmware_attribute_done(struct firmware_attribute *attribute);

/* True if value is one of wanted ('|' between), compared as names are. */
bool firmware_attribute_is(const char *value, const char *wanted);

/* Which of possible (';' between) is the first of wanted that is there, spelt as there; without
 * a list the first of wanted itself. False if none is. ret_value has room bytes. */
bool firmware_attribute_choose(
	const char *possible, const char *wanted, char *ret_value, size_t room);

/* Writes one of wanted. -EINVAL if the firmware does not offer it, -EACCES (kind denied) if it
 * refuses, else the errno of writing. It comes with the next start of the PC. */
int firmware_attribute_set(const struct firmware_attribute *attribute, const char *wanted,
	struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_firmware_attribute_fn(struct firmware_attribute *attribute)
{
	firmware_attribute_done(attribute);
}
#define cleanup_firmware_attribute __attribute__((cleanup(cleanup_firmware_attribute_fn)))

#endif
