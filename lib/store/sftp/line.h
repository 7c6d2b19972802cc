/* One connection to a server of SFTP, for one thread at a time. */
#ifndef NEXUS_STORE_SFTP_LINE_H
#define NEXUS_STORE_SFTP_LINE_H

#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/retry.h"
#include "store/sftp/sftp_place.h"

struct line {
	ssh_session ssh; /* owned */
	sftp_session sftp; /* owned */
	char where[128]; /* for messages */
	bool has_fsync;
	size_t piece; /* most bytes in one request */
	bool broken; /* nothing more will come */
	uint64_t asked_us; /* when the request under way began; 0: none. Atomic */
	bool cut; /* the watch ended it. Atomic */
};

/* Connects and logs in. config: instead of ~/.ssh/config; may be NULL. When it fails, *ret_class
 * says what that is worth: ERR_NETWORK heals, a host key or login does not. */
int line_open(const struct sftp_place *place, const char *config, uint64_t connect_us,
	struct line **ret, enum retry_class *ret_class, struct err *err)
	__attribute__((warn_unused_result));
void line_free(struct line *line);

/* To be called before each request, so that the watch knows when it began, and after the last. */
void line_ask(struct line *line);
void line_rest(struct line *line);

/* The error of the last request, which failed; finds out whether the line is broken. -ENOENT,
 * EPERM, ENOSPC, EEXIST, EIO; ERR_NETWORK with ETIMEDOUT or ECONNRESET when it is broken. */
int line_error(struct line *line, const char *doing, struct err *err);

#endif
