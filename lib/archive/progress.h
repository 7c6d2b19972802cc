/* How far a job is. Counted by several threads, read by one. */
#ifndef NEXUS_ARCHIVE_PROGRESS_H
#define NEXUS_ARCHIVE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* What is being done, where the counts do not tell it. */
enum progress_phase {
	PROGRESS_WORKING,
	PROGRESS_INDEX, /* the index of the repository is read */
	PROGRESS_SAVING, /* the last packs, and the index of them */
};

struct progress {
	uint64_t files_total, bytes_total; /* atomic; 0 while unknown */
	uint64_t files_done, bytes_done; /* atomic */
	uint64_t errors; /* atomic */
	bool total_known; /* atomic: the totals will not grow any more */
	uint64_t started_us; /* monotonic */
	enum progress_phase phase; /* atomic */
};

/* What can be shown of it. */
struct progress_view {
	uint64_t files_total, bytes_total, files_done, bytes_done, errors;
	enum progress_phase phase;
	double fraction; /* 0 to 1; 0 while the totals are unknown */
	uint64_t elapsed_s;
	uint64_t remaining_s; /* 0: unknown */
};

void progress_start(struct progress *progress, const struct clock *clock);
void progress_add(uint64_t *counter, uint64_t amount);
void progress_know_total(struct progress *progress);
void progress_enter(struct progress *progress, enum progress_phase phase);
void progress_look(
	const struct progress *progress, const struct clock *clock, struct progress_view *ret);

#endif
