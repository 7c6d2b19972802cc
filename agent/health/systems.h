/* What the box remembers of the systems in its two places beyond one boot: their versions, the one
 * that did not come up, and whether there was a network. Kept in systems.json. */
#ifndef NEXUS_AGENT_HEALTH_SYSTEMS_H
#define NEXUS_AGENT_HEALTH_SYSTEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "fleet/status.h"
#include "hw/grubenv.h"

struct systems {
	char versions[FLEET_STATUS_SLOTS_MAX][FLEET_STATUS_NAME_SIZE]; /* of A and B; "" */
	char failed[8]; /* the slot that GRUB gave up, "" when there is none */
	bool network; /* a system that was good had an address */
};

/* Owned text. */
int systems_format(const struct systems *systems, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));
int systems_parse(const char *text, size_t size, struct systems *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Reads systems.json; a missing one knows nothing, a damaged one is put aside as *.bad. */
int systems_read(int state_fd, struct systems *ret, struct err *err)
	__attribute__((warn_unused_result));
/* Writes it durably. */
int systems_write(int state_fd, const struct systems *systems, struct err *err)
	__attribute__((warn_unused_result));

/* The version in a slot "A" or "B"; NULL for another name. */
char *systems_version(struct systems *systems, const char *slot);

/* How both stand by the boot state: fills ret_slots, A first. running is "A" or "B". */
void systems_show(const struct systems *systems, const struct hw_grubenv *env, const char *running,
	struct fleet_status_slot ret_slots[FLEET_STATUS_SLOTS_MAX]);

#endif
