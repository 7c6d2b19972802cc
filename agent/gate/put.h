/* A file that an operator sends for an update: it comes in pieces, stays where it breaks off, and
 * appears under its name only whole. */
#ifndef NEXUS_AGENT_GATE_PUT_H
#define NEXUS_AGENT_GATE_PUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/contract.h"

#define PUT_RESERVE (32u << 20) /* bytes that must stay free */

struct put {
	int folder_fd, fd; /* owned; -1: no file is under way */
	uint64_t size, have; /* bytes */
	char sha256[FLEET_CONTRACT_SHA256_SIZE];
};

#define PUT_INIT                                                                                   \
	{                                                                                          \
		.folder_fd = -1, .fd = -1                                                          \
	}

/* Begins or goes on; other files in folder are removed: only one is under way. -ENOSPC (kind space)
 * when it would not fit beside PUT_RESERVE. ret is to be given to put_done. */
int put_open(const char *folder, const struct fleet_contract_request *request, struct put *ret,
	struct err *err) __attribute__((warn_unused_result));
/* What came stays. */
void put_done(struct put *put);

bool put_is_open(const struct put *put);

/* Takes the next bytes, at most what is missing; the number of those taken. */
ssize_t put_take(struct put *put, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* All came: checks and names it. ret_path is owned: its path as jobs name it. -EBADMSG (kind
 * corrupt) when it is another file than was told; then it is gone. */
int put_finish(struct put *put, char **ret_path, struct err *err)
	__attribute__((warn_unused_result));

#endif
