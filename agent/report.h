/* What the agent tells: the status document and the properties on the bus. */
#ifndef NEXUS_AGENT_REPORT_H
#define NEXUS_AGENT_REPORT_H

#include "agent/state.h"
#include "fleet/status.h"

/* Fills the whole document from what is known. status need not be zeroed. */
void report_status(const struct agent *agent, struct fleet_status *status);

/* "idle" or "busy"; static. */
const char *report_state(const struct agent *agent);

/* Fills facts->backup from the jobs and the schedule. */
void report_backup(const struct agent *agent, struct fleet_status_backup *backup);

/* Writes /run/nexus-agent/issue if it is other than it was. */
int report_issue(struct agent *agent, struct err *err) __attribute__((warn_unused_result));

/* Judges the health anew, tells changes, and keeps the issue right. */
void report_evaluate(struct agent *agent);

/* Tells that a property of the bus has changed. */
void report_property(struct agent *agent, const char *property);

#endif
