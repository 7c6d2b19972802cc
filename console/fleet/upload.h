/* Sends a file to a box, over the same connection and through the same gate as all else; what is
 * there from an earlier attempt is not sent again. */
#ifndef NEXUS_CONSOLE_FLEET_UPLOAD_H
#define NEXUS_CONSOLE_FLEET_UPLOAD_H

#include <stdint.h>

#include "console/fleet/ask.h"
#include "fleet/contract.h"

/* Tells how many bytes the box has. */
typedef void upload_progress_fn(void *context, uint64_t done, uint64_t total);

struct upload {
	int fd; /* owned; -1 */
	uint64_t size; /* bytes */
	char sha256[FLEET_CONTRACT_SHA256_SIZE];
	upload_progress_fn *progress; /* NULL: none */
	void *context;
};

/* Opens a file and reads it once, for its digest. -EINVAL (kind config) for what is no file or too
 * large for a bundle. ret is to be given to upload_close. */
int upload_open(const char *path, struct upload *ret, struct err *err)
	__attribute__((warn_unused_result));
void upload_close(struct upload *upload);

/* Sends what the box does not have and waits until it has checked the whole: ret_path is its path
 * there. *ret_fault says at which step it failed. Blocks. */
int upload_send(struct upload *upload, struct ask *ask, struct talk *talk, char *ret_path,
	size_t path_size, enum fault *ret_fault, struct err *err)
	__attribute__((warn_unused_result));

#endif
