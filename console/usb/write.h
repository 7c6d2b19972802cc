/* Writing a stick, or a file as one, and reading back what was written. Until the very end nothing
 * on it looks bootable, whenever it is interrupted. */
#ifndef NEXUS_CONSOLE_USB_WRITE_H
#define NEXUS_CONSOLE_USB_WRITE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "console/usb/meter.h"
#include "console/usb/pick.h"
#include "console/usb/plan.h"

#define WRITE_PARTIAL ".partial" /* what a file is called until it is whole */

struct write {
	char *path; /* owned; of the device, or of the file that is being made */
	char *final; /* owned; of the file when it is whole; NULL for a device */
	int fd; /* owned */
	uint64_t bytes;
};

#define WRITE_INIT ((struct write){.fd = -1})

/* Opens a disk that was picked, for nobody else. -EBUSY (kind locked) if something on it is in use,
 * -ESTALE if it is not the disk any more that was looked at. */
int write_open_disk(const struct pick *pick, struct write *ret, struct err *err)
	__attribute__((warn_unused_result));

/* A new file: -EEXIST if path exists, -EBUSY (kind locked) if somebody else is making it. */
int write_open_file(const char *path, uint64_t bytes, struct write *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Closes. A file that is not whole is removed. */
void write_done(struct write *write);

/* Writes, flushes, reads back and compares, then makes it bootable and a file get its name. plan
 * was composed for write->bytes. ret_seconds: of the writing alone. -EBADMSG (kind corrupt) if it
 * does not hold what was written. */
int write_stick(struct write *write, const struct plan *plan, struct copy *copy,
	struct meter *meter, double *ret_seconds, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_write_fn(struct write *write)
{
	int saved = errno;

	write_done(write);
	errno = saved;
}
#define cleanup_write __attribute__((cleanup(cleanup_write_fn)))

#endif
