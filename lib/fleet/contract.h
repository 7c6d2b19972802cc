/* The fleet contract: one JSON object a line, requests one way, answers and events the other.
 * It is spoken on stdin and stdout of nexus-gate, over SSH. Both ends use this file.
 *
 *   {"schema":"nexus.request/1","id":1,"op":"run","kind":"backup","follow":true}
 *   {"schema":"nexus.event/1","id":1,"job":{...}}
 *   {"schema":"nexus.answer/1","id":1,"ok":true,"job":{...}}
 *
 * After the request "put" the box tells with an event how many bytes of the file it has ("have");
 * the others follow without any frame, then comes the answer with the path on the box. A refusal
 * in between ends the stream. An update is a job: "kind":"update" with "source" checks and
 * installs, with "only_check" it checks alone; how both systems stand is told by the status.
 */
#ifndef NEXUS_FLEET_CONTRACT_H
#define NEXUS_FLEET_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "fleet/job.h"
#include "fleet/status.h"
#include "json/json.h"

#define FLEET_CONTRACT_REQUEST_MAX (64u << 10) /* bytes of a request's line */
#define FLEET_CONTRACT_ANSWER_MAX (1u << 20) /* bytes of an answer's or event's line */
#define FLEET_CONTRACT_LINES_MAX 2000u /* of a log */
#define FLEET_CONTRACT_SHA256_SIZE 65
#define FLEET_CONTRACT_BUNDLE_MAX (16ull << 30) /* bytes of a bundle */
#define FLEET_CONTRACT_PUT_FOLDER "/data/update/incoming" /* where put puts files */
#define FLEET_CONTRACT_LINE_MAX 4096u /* bytes of one line of a log */

enum fleet_contract_op {
	FLEET_CONTRACT_STATUS, /* -> "status" */
	FLEET_CONTRACT_JOBS, /* -> "jobs" */
	FLEET_CONTRACT_JOB, /* job -> "job" */
	FLEET_CONTRACT_RUN, /* kind, what the kind needs, follow -> "job" */
	FLEET_CONTRACT_LOG, /* lines, unit -> "lines" */
	FLEET_CONTRACT_PUT, /* sha256, size -> event "have"; then "path" */
	FLEET_CONTRACT_ADOPT, /* operator_key, console, name -> struct fleet_contract_adopted */
};

/* Members that the op does not use are zero or "". */
struct fleet_contract_request {
	int64_t id; /* the asker's own number, given back in the answer */
	enum fleet_contract_op op;
	char job[FLEET_JOB_ID_SIZE];
	char kind[FLEET_JOB_KIND_SIZE]; /* run: "backup", "restore", "check", "update" */
	char snapshot[FLEET_JOB_SNAPSHOT_SIZE]; /* run restore: an id or "latest" */
	char target[1024]; /* run restore: an absolute folder; "": the agent chooses one */
	/* run update: where the bundle is: an absolute path on the box, or an http(s) address. */
	char source[1024];
	char sha256[FLEET_CONTRACT_SHA256_SIZE]; /* of the bundle, lowercase; "": not known */
	uint64_t size; /* bytes of the bundle; 0: not known. put needs both */
	bool older; /* run update: a version older than the running one will do */
	bool now; /* run update: restart at once, not in the window of the settings */
	bool only_check; /* run update: fetch and check, install nothing */
	bool follow; /* run: events until the job has ended */
	uint64_t lines; /* log: 1 to FLEET_CONTRACT_LINES_MAX */
	char unit[128]; /* log: a unit's name or pattern; "": all of ours */
	char operator_key[1024]; /* adopt: "ssh-ed25519 AAAA..." */
	char console[FLEET_STATUS_NAME_SIZE]; /* adopt: the console's host name */
	char name[FLEET_STATUS_NAME_SIZE]; /* adopt: the box's new name; "": as it is */
};

/* "status", "jobs" ...; static. */
const char *fleet_contract_op_name(enum fleet_contract_op op);

/* Owned line without its end. -EINVAL if it could not be read back, -ENOMEM. */
int fleet_contract_request_format(const struct fleet_contract_request *request, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));

/* Reads a line, strictly: an unknown op or kind, a member of the wrong type, too long or with
 * control characters in it is -EBADMSG. ret_id (may be NULL) is set as soon as the id is known,
 * also on failure, so that the refusal can be addressed; 0 before. */
int fleet_contract_request_parse(const char *line, size_t size, struct fleet_contract_request *ret,
	int64_t *ret_id, struct err *err) __attribute__((warn_unused_result));

/* --- answers and events, made by the box; owned lines without their end --- */

/* ok with one member, e.g. "status"; takes value (NULL is the failure of making it). */
int fleet_contract_answer_format(int64_t id, const char *key, struct json *value, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));
/* ok:false with the kind and text of why. */
int fleet_contract_error_format(int64_t id, const struct err *why, char **ret_line, struct err *err)
	__attribute__((warn_unused_result));
int fleet_contract_event_format(int64_t id, const struct fleet_job *job, char **ret_line,
	struct err *err) __attribute__((warn_unused_result));
/* put: the event that have bytes are there already, and the answer. */
int fleet_contract_have_format(int64_t id, uint64_t have, char **ret_line, struct err *err)
	__attribute__((warn_unused_result));
int fleet_contract_path_format(int64_t id, const char *path, char **ret_line, struct err *err)
	__attribute__((warn_unused_result));

/* What a box says once it is adopted. */
struct fleet_contract_adopted {
	char box_id[FLEET_STATUS_ID_SIZE];
	char name[FLEET_STATUS_NAME_SIZE];
	char version[FLEET_STATUS_NAME_SIZE];
	char distribution[FLEET_STATUS_NAME_SIZE];
};

int fleet_contract_adopted_format(int64_t id, const struct fleet_contract_adopted *adopted,
	char **ret_line, struct err *err) __attribute__((warn_unused_result));

/* --- answers and events, read by the console --- */

struct fleet_contract_answer {
	int64_t id;
	bool is_event; /* an event; the answer is still to come */
	bool ok; /* false: why says why */
	struct err why; /* the box's refusal: kind, text made harmless, code by kind */
	struct json *json; /* owned: the whole line, to be read with the functions below */
};

/* Reads a line of at most FLEET_CONTRACT_ANSWER_MAX bytes. -EBADMSG. */
int fleet_contract_answer_parse(const char *line, size_t size, struct fleet_contract_answer *ret,
	struct err *err) __attribute__((warn_unused_result));
void fleet_contract_answer_done(struct fleet_contract_answer *answer);

/* The member of an answer that was ok; -EBADMSG when it is not there or broken. */
int fleet_contract_answer_status(const struct fleet_contract_answer *answer,
	struct fleet_status *ret, struct err *err) __attribute__((warn_unused_result));
int fleet_contract_answer_job(const struct fleet_contract_answer *answer, struct fleet_job *ret,
	struct err *err) __attribute__((warn_unused_result));
/* At most max jobs go to ret_jobs. */
int fleet_contract_answer_jobs(const struct fleet_contract_answer *answer,
	struct fleet_job *ret_jobs, size_t max, size_t *ret_count, struct err *err)
	__attribute__((warn_unused_result));
/* Adds the lines, made harmless, to ret_lines (at most FLEET_CONTRACT_LINES_MAX). */
int fleet_contract_answer_lines(const struct fleet_contract_answer *answer,
	struct str_list *ret_lines, struct err *err) __attribute__((warn_unused_result));
/* Of put: its event, of at most FLEET_CONTRACT_BUNDLE_MAX; its answer, an absolute path. */
int fleet_contract_answer_have(const struct fleet_contract_answer *answer, uint64_t *ret_have,
	struct err *err) __attribute__((warn_unused_result));
int fleet_contract_answer_path(const struct fleet_contract_answer *answer, char *ret_path,
	size_t size, struct err *err) __attribute__((warn_unused_result));
int fleet_contract_answer_adopted(const struct fleet_contract_answer *answer,
	struct fleet_contract_adopted *ret, struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_fleet_contract_answer_fn(struct fleet_contract_answer *answer)
{
	int saved = errno;

	fleet_contract_answer_done(answer);
	errno = saved;
}
#define cleanup_fleet_contract_answer __attribute__((cleanup(cleanup_fleet_contract_answer_fn)))

#endif
