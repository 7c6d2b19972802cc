/* Gathers the facts that files tell: memory, temperature, space, SMART, boot state, uptime. What
 * can't be read is left as "not known". Quick: it reads a few small files. */
#ifndef NEXUS_AGENT_FACTS_H
#define NEXUS_AGENT_FACTS_H

#include "agent/common/slot.h"
#include "agent/health/health.h"

/* What an image says of itself (/usr/lib/nexus/image.json), or an installed package. */
struct facts_image {
	char version[FLEET_STATUS_NAME_SIZE];
	char distribution[FLEET_STATUS_NAME_SIZE];
	int64_t build_s; /* since 1970; 0: no image */
};

void facts_read_image(const char *root, struct facts_image *ret);

/* The kernel's id of this boot. */
int facts_read_boot_id(const char *root, char *ret_id, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Fills in what files tell; failed units, clock, boots and backup are others' business. */
void facts_gather(const char *root, const struct slot *slot, struct health_facts *facts);

/* Only the boot state of facts_gather. */
void facts_gather_boot(const char *root, const struct slot *slot, struct health_facts *facts);

#endif
