/* The daemon's behaviour: what it does at start, at each tick, when somebody asks, and at the end.
 */
#ifndef NEXUS_AGENT_AGENT_H
#define NEXUS_AGENT_AGENT_H

#include "agent/state.h"
#include "fleet/contract.h"

/* Reads the box's state and starts the timers. root is "" or a folder that stands for the system,
 * for tests. Borrows root, event and clock. Fails only without its folders; a damaged configuration
 * is told by the health. */
int agent_open(const char *root, sd_event *event, sd_bus *bus, const struct clock *clock,
	struct agent **ret, struct err *err) __attribute__((warn_unused_result));
void agent_free(struct agent *agent);

/* From now on changes are told; borrowed. Then waiting work begins. */
void agent_watch(struct agent *agent, const struct agent_ops *ops, void *context);

/* Reads the settings anew; damaged ones leave those in force. */
int agent_reload(struct agent *agent, struct err *err) __attribute__((warn_unused_result));

/* The last act before the process ends: if the system goes down in order, remembers that. */
void agent_stop(struct agent *agent);

/* Gathers fresh facts and fills the document. */
void agent_status(struct agent *agent, struct fleet_status *status);

/* Queues a job (op run). */
int agent_run(struct agent *agent, const struct fleet_contract_request *request,
	char ret_id[FLEET_JOB_ID_SIZE], struct err *err) __attribute__((warn_unused_result));

/* Makes the box an operator's (op adopt). */
int agent_adopt(struct agent *agent, const struct fleet_contract_request *request,
	struct fleet_contract_adopted *ret, struct err *err) __attribute__((warn_unused_result));

CLEANUP_DEFINE(agent, struct agent *, agent_free);
#define cleanup_agent CLEANUP(agent)

#endif
