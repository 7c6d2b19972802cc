/* One job as its worker sees it: what was asked, and the report in /run/nexus-jobs/<id>.json by
 * which the daemon follows it. */
#ifndef NEXUS_AGENT_COMMON_TASK_H
#define NEXUS_AGENT_COMMON_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/common/record.h"

struct task {
	const char *root; /* borrowed; "" is the system */
	struct record record; /* the job's progress and result are the worker's to fill */
	int out_fd; /* /run/nexus-jobs */
	uint64_t reported_us; /* monotonic */
};

/* Reads the record of job id, which must be of that kind, and clears reports of earlier jobs.
 * *ret is to be given to task_done in any case. */
int task_open(struct task *ret, const char *root, const char *kind, const char *id, struct err *err)
	__attribute__((warn_unused_result));
void task_done(struct task *task);

/* True if the last report is old enough for another. */
bool task_is_due(const struct task *task);

/* Writes the job as it stands. A report that fails is only logged: the work goes on. */
void task_report(struct task *task);

/* The last report; does nothing for a task that never had a record. */
void task_end(struct task *task, bool ok);

#endif
