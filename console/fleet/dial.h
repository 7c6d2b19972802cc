/* Opening a TCP connection and looking whether SSH answers, without libssh and without blocking:
 * a fleet's faulty half is found out with a socket each. Times are microseconds of one
 * monotonic clock. */
#ifndef NEXUS_CONSOLE_FLEET_DIAL_H
#define NEXUS_CONSOLE_FLEET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "console/fleet/address.h"
#include "console/fleet/fault.h"

struct dial {
	struct address_lookup lookup;
	size_t tried; /* addresses of the lookup begun so far */
	int fd; /* -1: none */
	bool connected;
	uint64_t connect_us, banner_us; /* limits */
	uint64_t deadline_us;
	enum fault fault; /* why it failed */
};

/* Copies lookup. The connection is begun by the first step. */
void dial_init(struct dial *dial, const struct address_lookup *lookup, uint64_t connect_us,
	uint64_t banner_us);

/* Goes on as far as it can: 1 when an SSH server's banner has come (it is still unread), 0 when
 * waiting for dial_events or the deadline, or why not; then dial->fault is set. */
int dial_step(struct dial *dial, uint64_t now_us, struct err *err)
	__attribute__((warn_unused_result));

/* What to poll dial->fd for; 0 before the first step. */
short dial_events(const struct dial *dial);

/* Hands the connected descriptor out. */
int dial_take(struct dial *dial);

/* Closes what is open. */
void dial_done(struct dial *dial);

/* Looks at the first bytes a server sent: 1 if they are an SSH 2 banner line, 0 if they may
 * become one, -1 if not. */
int dial_banner_check(const void *data, size_t size);

#endif
