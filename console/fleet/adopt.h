/* Adopting a box: proving by its code that the machine at an address is the one whose screen a
 * person reads, logging in with the key that the code gives, and handing it the operator's key.
 * Safe to repeat: when an answer was lost, the next try finds that the box already knows us. */
#ifndef NEXUS_CONSOLE_FLEET_ADOPT_H
#define NEXUS_CONSOLE_FLEET_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "console/fleet/home.h"
#include "console/fleet/inventory.h"
#include "fleet/adoption.h"

struct adopt_options {
	const struct home *home; /* borrowed, like all here */
	struct inventory *inventory;
	const struct clock *clock;
	const struct address *address;
	const struct fleet_adoption_code *code;
	const char *name; /* NULL: the name that the box has */
	uint64_t timeout_us; /* for logging in, and for the answer */
};

enum adopt_end {
	ADOPT_DONE,
	ADOPT_KNOWN, /* it was ours already: a lost answer, or adopted twice */
	ADOPT_NAME_TAKEN, /* another box of ours has the wanted name; nothing was done */
	ADOPT_WRONG_HOST, /* the code's first half belongs to another host key */
	ADOPT_WRONG_SECRET, /* the box refused the second half, or is somebody else's */
	ADOPT_TAKEN, /* the box says that it is somebody else's */
	ADOPT_FAILED, /* as fault says */
};

struct adopt_result {
	enum adopt_end end;
	enum fault fault; /* of ADOPT_FAILED */
	bool renamed; /* the box's own name was taken, so box.name differs */
	struct inventory_box box; /* as stored */
	char version[FLEET_STATUS_NAME_SIZE];
	char distribution[FLEET_STATUS_NAME_SIZE];
};

/* Blocks. 0 with end ADOPT_DONE or ADOPT_KNOWN: the box is in the inventory. Otherwise negative,
 * and end says what it was. */
int adopt_box(const struct adopt_options *options, struct adopt_result *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
