/* The daemon's side of a job at work: its unit is started, its reports are read, its end is told to
 * the arbiter. */
#ifndef NEXUS_AGENT_WORK_H
#define NEXUS_AGENT_WORK_H

#include "agent/state.h"

/* What the arbiter calls; its context is the struct agent. */
extern const struct jobs_ops work_jobs_ops;

/* Takes what the worker has reported since. */
void work_take(struct agent *agent);

/* Asks whether the running job's unit is still there; the answer goes to work_unit_looked. */
void work_look(struct agent *agent);

/* At start: goes on with the queue, or finds out what became of the job that ran. */
void work_resume(struct agent *agent);

/* From systemd, of any unit: result and why as in struct units_ops. */
void work_unit_ended(struct agent *agent, const char *unit, const char *result, const char *why);
void work_unit_looked(struct agent *agent, const char *unit, bool active);

#endif
