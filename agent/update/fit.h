/* Does a bundle fit this box: its kind, its version, the slots it would go to. */
#ifndef NEXUS_AGENT_UPDATE_FIT_H
#define NEXUS_AGENT_UPDATE_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/update/bundle.h"
#include "agent/update/rauc.h"

struct fit {
	char compatible[128]; /* of this box, as RAUC has it */
	char version[64]; /* of the running system; "": not known */
	char slot[8]; /* that runs, by the kernel's command line: "A", "B" */
	struct rauc_slot slots[RAUC_SLOTS_MAX];
	size_t slot_count;
	bool older; /* an older version will do */
};

enum fit_result {
	FIT_GOOD,
	FIT_OTHER_BOX, /* for another kind of box */
	FIT_OLDER,
	FIT_NO_SLOT, /* RAUC has no slot that does not run, or takes another for the running one */
	FIT_TOO_LARGE,
};

/* Judges; ret_slot gets the boot name of the slot that the bundle would go to, "" if none. The
 * sizes of slots are looked up; one that can't be known is RAUC's to judge. err has the details
 * of what is not FIT_GOOD, and its kind: config or space. */
enum fit_result fit_judge(const struct fit *fit, const struct bundle *bundle, char ret_slot[8],
	struct err *err) __attribute__((warn_unused_result));

/* Bytes of a slot's device, a partition or (in tests) a file; 0 when not known. A device's node
 * need not be there. */
uint64_t fit_device_size(const char *device);

#endif
