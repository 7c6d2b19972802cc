/* The JSON lines that nexus-backup (or restic) prints while it works, turned into a job's
 * progress and result. */
#ifndef NEXUS_AGENT_WORKER_ENGINE_H
#define NEXUS_AGENT_WORKER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "fleet/job.h"

#define ENGINE_LINE_MAX (64u << 10) /* bytes; what is longer is no line of the engine */

/* What the engine said so far. */
struct engine_report {
	struct fleet_job_progress progress;
	struct fleet_job_result result; /* message: the last error */
	bool has_progress;
	unsigned errors; /* lines that told of one */
};

enum engine_line {
	ENGINE_LINE_OTHER, /* no JSON, or of no interest */
	ENGINE_LINE_STATUS,
	ENGINE_LINE_SUMMARY,
	ENGINE_LINE_ERROR,
};

/* Takes one line without its end into report. Any bytes will do. */
enum engine_line engine_read_line(const char *line, size_t size, struct engine_report *report);

/* One translated sentence about the engine's exit status, static; NULL for 0. */
const char *engine_status_text(int status);

#endif
