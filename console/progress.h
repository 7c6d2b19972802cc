/* A job's progress for a person: a bar with an estimate on a terminal, otherwise a line now and
 * then. On stderr. */
#ifndef NEXUS_CONSOLE_PROGRESS_H
#define NEXUS_CONSOLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "fleet/job.h"

struct progress {
	bool terminal;
	bool drawn; /* a bar stands on the terminal's line */
	double last_percent; /* of the last line printed */
	enum fleet_job_state last_state;
	bool any;
};

/* Finds out whether stderr is a terminal. */
void progress_init(struct progress *progress);

void progress_show(struct progress *progress, const struct fleet_job *job);

/* Wipes the bar. */
void progress_end(struct progress *progress);

/* The bar as text: "[#####-----]  50 %"; width characters between the brackets, at most 60. */
void progress_bar(double percent, size_t width, char ret_text[80]);

/* The translated word for a state, for people; static. */
const char *progress_state_word(enum fleet_job_state state);

/* The same for a kind of job, e.g. "backup"; a kind of a later box is its own word, borrowed. */
const char *progress_kind_word(const char *kind);

#endif
