/* A system proves itself: marked good when it passes the gate, left by a restart when it does not
 * in time, so that GRUB counts the try and at last goes back to the one before. */
#ifndef NEXUS_AGENT_TRIAL_H
#define NEXUS_AGENT_TRIAL_H

#include "agent/state.h"

#define TRIAL_UNIT "nexus-mark-good.service"

/* What is remembered of both systems, at the start. */
void trial_begin(struct agent *agent);

/* Gathers what the trial goes by, beside the health's facts: network, failed system, both slots.
 * Call after facts_gather. */
void trial_gather(struct agent *agent);

/* Marks good, or gives up. */
void trial_look(struct agent *agent);

/* TRIAL_UNIT ended. */
void trial_marked(struct agent *agent, const char *result, const char *why);

/* An update of that version is in the slot that waits now. */
void trial_installed(struct agent *agent, const char *version);

#endif
