/* The box's one arbiter of work: one job runs, the others wait their turn. Every job has a
 * durable record; after a restart or a power cut the queue is as it was. */
#ifndef NEXUS_AGENT_JOBS_H
#define NEXUS_AGENT_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/common/record.h"
#include "base/clock.h"
#include "base/err.h"
#include "fleet/contract.h"

enum {
	JOBS_WAITING_MAX = 8,
	JOBS_ENDED_MAX = 16, /* records kept; the last good backup's stays beyond that */
};

struct jobs;

struct jobs_ops {
	/* Makes the work begin. Its end is told with jobs_ended, later. */
	int (*start)(void *context, const struct fleet_job *job, struct err *err);
	/* A job is new, or other than it was. */
	void (*changed)(void *context, const struct fleet_job *job);
};

/* Reads the records of a folder. What can't be read is put aside as *.bad. Borrows ops, context and
 * clock; takes its own copy of dir_fd. A job that ran when its record was last written still counts
 * as running: find out with jobs_running, and tell its end with jobs_ended if it has one. */
int jobs_open(int dir_fd, const struct jobs_ops *ops, void *context, const struct clock *clock,
	struct jobs **ret, struct err *err) __attribute__((warn_unused_result));
void jobs_free(struct jobs *jobs);

/* Writes a record for what request (op run) asks for; it is durable on return. A backup or check,
 * or an update from the same source, that waits or runs already is not asked for twice: its id is
 * returned. -EBUSY when the queue is
 * full, else the errno of writing. */
int jobs_add(struct jobs *jobs, const struct fleet_contract_request *request,
	char ret_id[FLEET_JOB_ID_SIZE], struct err *err) __attribute__((warn_unused_result));

/* Starts the next waiting job if none runs. */
void jobs_go_on(struct jobs *jobs);

/* Borrowed; NULL when there is none. Index 0 is the newest. */
const struct fleet_job *jobs_find(const struct jobs *jobs, const char *id);
const struct fleet_job *jobs_get(const struct jobs *jobs, size_t index);
const struct fleet_job *jobs_running(const struct jobs *jobs);
/* The newest of a kind that ended so, or NULL. */
const struct fleet_job *jobs_last(
	const struct jobs *jobs, const char *kind, enum fleet_job_state state);

/* What a job was asked for with; borrowed, NULL when there is no such job. */
const struct fleet_contract_request *jobs_request(const struct jobs *jobs, const char *id);

/* Takes progress and result from what the worker reported of a running job. */
void jobs_report(struct jobs *jobs, const struct fleet_job *reported);

/* The running job has ended. why (may be NULL) is its message if the worker left none. */
void jobs_ended(struct jobs *jobs, const char *id, bool ok, const char *why);

/* Writes records that could not be written before; 0 when all are. */
int jobs_flush(struct jobs *jobs, struct err *err) __attribute__((warn_unused_result));

#endif
