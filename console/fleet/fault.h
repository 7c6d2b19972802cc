/* Why a box could not be asked, by the step at which it failed: a name for machines, a
 * sentence and an advice for people, an exit status for scripts. */
#ifndef NEXUS_CONSOLE_FLEET_FAULT_H
#define NEXUS_CONSOLE_FLEET_FAULT_H

#include <stdbool.h>

#include "base/err.h"

enum fault {
	FAULT_NONE,
	FAULT_NAME, /* the host name has no address */
	FAULT_AWAY, /* nothing answers at the address */
	FAULT_REFUSED, /* a machine answers, its SSH service does not */
	FAULT_SILENT, /* the connection opens, then nothing comes */
	FAULT_GARBAGE, /* something else than SSH answers */
	FAULT_EXCHANGE, /* SSH begins and is not carried through */
	FAULT_HOST_KEY, /* another host key than that of the adoption */
	FAULT_LOGIN, /* the box does not accept our key */
	FAULT_COMMAND, /* logged in, but no nexus-gate answers */
	FAULT_ANSWER, /* the answer is not of the contract, or was cut off */
	FAULT_SLOW, /* logged in, but no answer in time */
	FAULT_BOX, /* the box answers that it can't */
	FAULT_CONSOLE, /* this machine's own doing */
};

enum {
	FAULT_EXIT_PARTLY = 3,
	FAULT_EXIT_UNREACHABLE = 4,
	FAULT_EXIT_REFUSED = 5,
};

/* "away", "host-key" ...; static. Parse: false if unknown. */
const char *fault_name(enum fault fault);
bool fault_parse(const char *name, enum fault *ret);

/* One or two words for a table; translated, static. */
const char *fault_word(enum fault fault);

/* One sentence, and what to do about it; translated, static. */
const char *fault_text(enum fault fault);
const char *fault_advice(enum fault fault);

/* The exit status of a command that failed so: 1, FAULT_EXIT_UNREACHABLE or _REFUSED. */
int fault_exit(enum fault fault);

#endif
