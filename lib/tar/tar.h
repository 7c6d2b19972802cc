/* Writing a tar (PAX, with extended attributes) or zip stream. libarchive is loaded with the first
 * one only (see module/module.h). */
#ifndef NEXUS_TAR_TAR_H
#define NEXUS_TAR_TAR_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tar/ops.h"

/* "tar" or "zip"; -EINVAL (kind config). */
int tar_format_parse(const char *text, enum tar_format *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Writes to fd, which is borrowed. Fails as module_load too. */
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
