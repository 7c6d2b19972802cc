/* What is written into an archive, and what the module nexus-tar.so exports as tar_stream: the
 * writing by libarchive. The functions are as those of tar.h, which are called instead. */
#ifndef NEXUS_TAR_OPS_H
#define NEXUS_TAR_OPS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include "module/module.h"

#define TAR_STREAM_FILE "nexus-tar.so"
#define TAR_STREAM_SYMBOL "tar_stream"

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

struct tar_ops {
	struct module_head head;
	int (*open)(int fd, enum tar_format format, struct tar **ret, struct err *err);
	int (*add)(struct tar *tar, const struct tar_entry *entry, struct err *err);
	int (*write)(struct tar *tar, const void *data, size_t size, struct err *err);
	int (*finish)(struct tar *tar, struct err *err);
	void (*free)(struct tar *tar);
};

/* What an archive begins with. */
struct tar {
	const struct tar_ops *ops; /* borrowed: of the module */
};

extern const struct tar_ops tar_stream; /* in the module alone */

#endif
