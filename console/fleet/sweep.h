/* Asking many boxes for their status at once: one loop, no thread, two windows (sockets that
 * only look for a banner, and SSH sessions), a limit on every step. */
#ifndef NEXUS_CONSOLE_FLEET_SWEEP_H
#define NEXUS_CONSOLE_FLEET_SWEEP_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "console/fleet/fault.h"
#include "console/fleet/inventory.h"
#include "console/fleet/session.h"

struct sweep_options {
	struct session_identity *identity; /* borrowed */
	const struct clock *clock; /* borrowed */
	struct session_limits limits;
	uint64_t answer_us;
	uint64_t sweep_us; /* for all of it; 0: none */
	size_t dials_max; /* sockets that connect; 0: 512 */
	size_t sessions_max; /* SSH sessions; 0: 128 */
	void (*finished)(void *context, size_t done, size_t count); /* may be NULL */
	void *context;
};

struct sweep_result {
	enum fault fault; /* FAULT_NONE: status is there */
	struct err err; /* of a failure */
	char *status; /* owned: the document, compact, with what we know of it */
	uint64_t took_us;
};

/* Asks all of boxes; ret_results has count entries. Fails only when this machine can't do it at
 * all; what became of each box stands in its result. Blocks. */
int sweep_boxes(const struct inventory_box *boxes, size_t count,
	const struct sweep_options *options, struct sweep_result *ret_results, struct err *err)
	__attribute__((warn_unused_result));

void sweep_results_done(struct sweep_result *results, size_t count);

#endif
