/* The restart into an update: when the box may do it. */
#ifndef NEXUS_AGENT_RESTART_H
#define NEXUS_AGENT_RESTART_H

#include "agent/state.h"

/* True if the other system waits for its first start. */
bool restart_waits(const struct agent *agent);

/* Restarts the box if an update waits, the system that runs is good, no job runs, and it is asked
 * for at once or the hours of the settings have come. */
void restart_look(struct agent *agent);

/* The restart was refused by systemd: it is asked for again later. */
void restart_refused(struct agent *agent, const char *result, const char *why);

#define RESTART_UNIT "reboot.target"

#endif
