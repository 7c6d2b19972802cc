/* One connection to one adopted box, blocking: for everything but a sweep and a shell. */
#ifndef NEXUS_CONSOLE_FLEET_ASK_H
#define NEXUS_CONSOLE_FLEET_ASK_H

#include <stdint.h>

#include "base/clock.h"
#include "console/fleet/home.h"
#include "console/fleet/inventory.h"
#include "console/fleet/talk.h"

#define ASK_OPERATOR_USER "nexus-operator"
#define ASK_LOOK_UP_US 5000000u

/* Who asks whom; all borrowed. Also the context of ask_check_host. */
struct ask {
	const struct inventory_box *box;
	struct session_identity *identity;
	const struct clock *clock;
	uint64_t timeout_us; /* for logging in, and for each answer */
};

/* A session_host_fn for a struct ask: only the host key of the adoption will do. */
int ask_check_host(void *context, const void *blob, size_t size,
	struct session_identity **ret_identity, struct err *err);

/* Looks one address up. ret_lookup->count is 0 when that failed. */
int ask_look_up(const struct address *address, struct address_lookup *ret_lookup, struct err *err)
	__attribute__((warn_unused_result));

/* Connects and logs in. *ret_fault says at which step it failed. */
int ask_open(struct ask *ask, struct talk **ret, enum fault *ret_fault, struct err *err)
	__attribute__((warn_unused_result));

/* Asks on an open connection and waits for the next answer or event. A refusal by the box is an
 * error with FAULT_BOX and the box's own kind. */
int ask_request(struct ask *ask, struct talk *talk, const struct fleet_contract_request *request,
	struct fleet_contract_answer *ret, enum fault *ret_fault, struct err *err)
	__attribute__((warn_unused_result));
int ask_next(struct ask *ask, struct talk *talk, struct fleet_contract_answer *ret,
	enum fault *ret_fault, struct err *err) __attribute__((warn_unused_result));

#endif
