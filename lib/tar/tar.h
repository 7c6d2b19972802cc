/* Writing a tar (PAX, with extended attributes) or zip stream. */
#ifndef NEXUS_TAR_TAR_H
#define NEXUS_TAR_TAR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"

enum tar_format {
	TAR_FORMAT_PAX,
	TAR_FORMAT_ZIP,
};

struct tar_xattr {
	const char *name;
	const void *value;
	size_t size; /* bytes */
};

/* All borrowed until tar_add returns. */
struct tar_entry {
	const char *path; /* relative; raw bytes */
	mode_t mode; /* type and permissions, as in stat */
	uid_t uid;
	gid_t gid;
	const char *user, *group; /* "" when unknown */
	const char *link_target; /* of a symlink */
	struct timespec modified, accessed, changed;
	uint64_t size; /* bytes of a file's content */
	const struct tar_xattr *xattrs;
	size_t xattr_count;
};

struct tar;

/* "tar" or "zip"; -EINVAL (kind config). */
int tar_format_parse(const char *text, enum tar_format *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Writes to fd, which is borrowed. */
int tar_new(int fd, enum tar_format format, struct tar **ret, struct err *err)
	__attribute__((warn_unused_result));
/* Begins an entry; exactly size bytes of content follow by tar_write. */
int tar_add(struct tar *tar, const struct tar_entry *entry, struct err *err)
	__attribute__((warn_unused_result));
int tar_write(struct tar *tar, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* Writes the end. Without it the archive is cut. */
int tar_finish(struct tar *tar, struct err *err) __attribute__((warn_unused_result));
void tar_free(struct tar *tar);
CLEANUP_DEFINE(tar, struct tar *, tar_free);
#define cleanup_tar CLEANUP(tar)

#endif
