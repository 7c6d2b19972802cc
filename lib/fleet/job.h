/* One job of a box (a backup, a restore, a check, an update), as it stands in the status document,
 * in answers and events, and in the box's own records. A plain value: nobody frees it. */
#ifndef NEXUS_FLEET_JOB_H
#define NEXUS_FLEET_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

#define FLEET_JOB_ID_SIZE 40
#define FLEET_JOB_KIND_SIZE 16
#define FLEET_JOB_SNAPSHOT_SIZE 72
#define FLEET_JOB_STEP_SIZE 16
#define FLEET_JOB_VERSION_SIZE 64
#define FLEET_JOB_MESSAGE_SIZE 512

enum fleet_job_state {
	FLEET_JOB_QUEUED,
	FLEET_JOB_RUNNING,
	FLEET_JOB_DONE,
	FLEET_JOB_FAILED,
};

struct fleet_job_progress {
	double percent; /* 0 to 100 */
	uint64_t bytes_done, bytes_total;
	uint64_t files_done, files_total;
	uint64_t eta_s; /* 0: not known */
	char step[FLEET_JOB_STEP_SIZE]; /* of an update: "fetch", "check", "install"; "": none */
};

struct fleet_job_result {
	char snapshot[FLEET_JOB_SNAPSHOT_SIZE]; /* hexadecimal id; "": none */
	char message[FLEET_JOB_MESSAGE_SIZE]; /* one line for a person; "": none */
	char version[FLEET_JOB_VERSION_SIZE]; /* of the system in the bundle; "": none */
	uint64_t data_added_bytes;
	uint64_t max_rss_bytes; /* 0: not known */
};

struct fleet_job {
	char id[FLEET_JOB_ID_SIZE];
	char kind[FLEET_JOB_KIND_SIZE]; /* "backup", "restore", "check" or "update" */
	enum fleet_job_state state;
	int64_t started_s; /* since 1970; when it was asked for, while queued */
	int64_t ended_s; /* 0: not yet */
	bool has_progress, has_result;
	struct fleet_job_progress progress;
	struct fleet_job_result result;
};

/* "queued", "running", "done", "failed"; static. Parse: false if unknown. */
const char *fleet_job_state_name(enum fleet_job_state state);
bool fleet_job_state_parse(const char *name, enum fleet_job_state *ret);

/* True once it is done or failed. */
bool fleet_job_ended(const struct fleet_job *job);

/* True for what may be an id: 1 to FLEET_JOB_ID_SIZE - 1 of a-z, 0-9 and '-', the first no '-'. */
bool fleet_job_id_valid(const char *id);

/* Owned; NULL without memory. */
struct json *fleet_job_to_json(const struct fleet_job *job);

/* Hostile text becomes harmless, see fleet_text_copy. -EBADMSG without a valid id, kind or state.
 */
int fleet_job_from_json(const struct json *json, struct fleet_job *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
