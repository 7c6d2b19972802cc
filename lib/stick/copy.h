/* Moving bytes between a stick and a disk past the page cache, with a digest of what was moved,
 * so that what the disk holds can be compared with what it should hold. */
#ifndef NEXUS_STICK_COPY_H
#define NEXUS_STICK_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "crypto/hash.h"

#define COPY_BLOCK 4096u /* offsets and lengths on a device are multiples of it ... */
#define COPY_SECTOR 512u /* ... but a device may end at a multiple of this */

/* How a device is read and written: pread and pwrite, or a test's own. */
struct copy_ops {
	ssize_t (*read_at)(int fd, void *data, size_t size, off_t offset);
	ssize_t (*write_at)(int fd, const void *data, size_t size, off_t offset);
};

extern const struct copy_ops copy_ops_system;

struct copy {
	const struct copy_ops *ops; /* borrowed */
	struct hash *hash; /* owned */
	uint8_t *buffer; /* owned, aligned */
	bool holes; /* the target is a new file: zeros are left out of it */
	/* Told after each piece how many bytes it had; may be NULL. */
	void (*progress)(void *context, uint64_t bytes);
	void *context; /* borrowed */
};

/* A run of bytes on a device; offset in bytes, a multiple of COPY_BLOCK. */
struct copy_place {
	int fd; /* borrowed */
	uint64_t offset;
	const char *name; /* for messages */
};

/* ops NULL means copy_ops_system. */
int copy_init(struct copy *ret, const struct copy_ops *ops, struct err *err)
	__attribute__((warn_unused_result));
void copy_done(struct copy *copy);

/* All of these block, return the errno of reading or writing, or -ENODATA (kind corrupt) when
 * the device ends too early. */

/* Reads size bytes: -EBADMSG (kind corrupt) if their digest is not the one wanted. */
int copy_check(struct copy *copy, struct copy_place place, uint64_t size,
	const uint8_t digest[HASH_SIZE], struct err *err) __attribute__((warn_unused_result));

/* Copies size bytes; whether they arrived is for copy_check to say. A last piece that is no
 * multiple of COPY_BLOCK is filled up with zeros on the target. Does not flush. */
int copy_move(struct copy *copy, struct copy_place from, struct copy_place to, uint64_t size,
	struct err *err) __attribute__((warn_unused_result));

/* Reads or writes size bytes of memory of any alignment; write needs a multiple of COPY_SECTOR. */
int copy_read(struct copy *copy, struct copy_place place, void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
int copy_write(struct copy *copy, struct copy_place place, const void *data, size_t size,
	struct err *err) __attribute__((warn_unused_result));

/* Reads size bytes and compares: -EBADMSG (kind corrupt) if they differ from data. */
int copy_compare(struct copy *copy, struct copy_place place, const void *data, size_t size,
	struct err *err) __attribute__((warn_unused_result));

/* Writes size bytes of zeros; a multiple of COPY_SECTOR. */
int copy_zero(struct copy *copy, struct copy_place place, uint64_t size, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_copy_fn(struct copy *copy)
{
	int saved = errno;

	copy_done(copy);
	errno = saved;
}
#define cleanup_copy __attribute__((cleanup(cleanup_copy_fn)))

#endif
