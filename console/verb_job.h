/* Jobs on a box, asked for and followed to their end: for the verbs that start one. */
#ifndef NEXUS_CONSOLE_VERB_JOB_H
#define NEXUS_CONSOLE_VERB_JOB_H

#include <stdbool.h>

#include "console/console.h"
#include "console/fleet/talk.h"

#define VERB_JOB_TRIES 8 /* 1 + 2 + 4 + 8 + 16 + 30 + 30 + 30 seconds: a box starts in less */

/* A box that is being asked. */
struct verb_job {
	struct console *console; /* borrowed */
	bool no_wait; /* do not follow */
	struct talk *talk; /* owned; NULL: not connected */
	enum fault fault;
	struct err err;
};

void verb_job_done(struct verb_job *asking);
#define cleanup_verb_job __attribute__((cleanup(verb_job_done)))

/* Finds the box and logs in. 0, or the exit status after telling why not. */
int verb_job_begin(struct verb_job *asking, const char *name) __attribute__((warn_unused_result));

/* Connects anew; fault and err say why not. */
int verb_job_connect(struct verb_job *asking) __attribute__((warn_unused_result));

/* Tells fault and err. Returns the exit status. */
int verb_job_fail(struct verb_job *asking);

/* Asks for a job and follows it. Returns the exit status. */
int verb_job_run(struct verb_job *asking, const struct fleet_contract_request *request);

/* Waits before the next of several tries: 1, 2, 4 ... 30 seconds. */
void verb_job_pause(unsigned failures);

#endif
