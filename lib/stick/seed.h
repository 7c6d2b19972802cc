/* The stick's seed partition: the order's install.conf in, the installer's report out. It is
 * FAT, read and written with mtools, so that nothing is mounted. */
#ifndef NEXUS_STICK_SEED_H
#define NEXUS_STICK_SEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define SEED_NAME_MAX 32 /* bytes of a box's name */
#define SEED_BOXES_MAX 500

/* Repair=: what to do with a disk that holds a box. */
enum seed_repair {
	SEED_REPAIR_DEFAULT, /* repair it, unless Confirm=ERASE says otherwise */
	SEED_REPAIR_YES, /* repair it; any other disk is refused */
	SEED_REPAIR_NO, /* never: only erase it, and that only with Confirm=ERASE */
};

/* install.conf, [Install]. Owned texts, "" when not given. */
struct seed {
	bool unattended; /* Unattended= */
	char *disk; /* Disk=: "auto" or a path */
	char *confirm; /* Confirm=: "ERASE" allows to erase what is on the disk */
	char *name; /* Name= of the box */
	char *repair; /* Repair=: "", or what seed_parse found to be yes or no */
	bool power_off; /* PowerOff=, true by default */
	bool set_firmware; /* SetFirmware=: change what can be changed from here, unasked */
};

int seed_defaults(struct seed *ret, struct err *err) __attribute__((warn_unused_result));

/* Reads install.conf over seed. -EINVAL with the line; seed stays fit for seed_done. */
int seed_parse(const char *text, size_t size, const char *name, struct seed *seed, struct err *err)
	__attribute__((warn_unused_result));
void seed_done(struct seed *seed);

/* What Repair= says. */
enum seed_repair seed_repair(const struct seed *seed);

/* The text of an install.conf that seed_parse reads as this seed; owned, NULL without memory. */
char *seed_format(const struct seed *seed);

/* A name a box can have: a to z, 0 to 9 and '-' inside, as host names are. */
bool seed_name_is_good(const char *name);

/* The path that mtools takes for a file system within a device: "device@@offset". Owned. */
char *seed_mtools_image(const char *device, uint64_t offset_bytes);

/* Reads a file of a FAT file system. image as seed_mtools_image makes it. -ENOENT if there is no
 * such file; -EFBIG. */
int seed_file_read(const char *image, const char *path, size_t max_bytes, char **ret_data,
	size_t *ret_size, struct err *err) __attribute__((warn_unused_result));

/* Writes a file over what was there. */
int seed_file_write(const char *image, const char *path, const char *text, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_seed_fn(struct seed *seed)
{
	int saved = errno;

	seed_done(seed);
	errno = saved;
}
#define cleanup_seed __attribute__((cleanup(cleanup_seed_fn)))

#endif
