#include "fleet/job.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/str.h"
#include "fleet/text.h"

static const char *const state_names[] = {
	[FLEET_JOB_QUEUED] = "queued",
	[FLEET_JOB_RUNNING] = "running",
	[FLEET_JOB_DONE] = "done",
	[FLEET_JOB_FAILED] = "failed",
};

const char *fleet_job_state_name(enum fleet_job_state state)
{
	return state_names[state];
}

bool fleet_job_state_parse(const char *name, enum fleet_job_state *ret)
{
	size_t i;

	if (!str_find(state_names, sizeof(state_names) / sizeof(*state_names), name, &i))
		return false;
	*ret = (enum fleet_job_state)i;
	return true;
}

bool fleet_job_ended(const struct fleet_job *job)
{
	return job->state == FLEET_JOB_DONE || job->state == FLEET_JOB_FAILED;
}

bool fleet_job_id_valid(const char *id)
{
	size_t n = strnlen(id, FLEET_JOB_ID_SIZE);

	return n && n < FLEET_JOB_ID_SIZE && *id != '-' &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void progress_to_json(const struct fleet_job_progress *progress, struct json *json)
{
	/* Tenths of a percent are as fine as a person can use. */
	json_set_number(json, "percent", round(progress->percent * 10) / 10);
	fleet_text_set_count(json, "bytes_done", progress->bytes_done);
	fleet_text_set_count(json, "bytes_total", progress->bytes_total);
	fleet_text_set_count(json, "files_done", progress->files_done);
	fleet_text_set_count(json, "files_total", progress->files_total);
	if (progress->eta_s)
		fleet_text_set_count(json, "eta_s", progress->eta_s);
	fleet_text_set(json, "step", progress->step);
}

static void result_to_json(const struct fleet_job_result *result, struct json *json)
{
	fleet_text_set(json, "snapshot", result->snapshot);
	fleet_text_set(json, "message", result->message);
	fleet_text_set(json, "version", result->version);
	fleet_text_set_count(json, "data_added", result->data_added_bytes);
	if (result->max_rss_bytes)
		fleet_text_set_count(json, "max_rss_bytes", result->max_rss_bytes);
}

struct json *fleet_job_to_json(const struct fleet_job *job)
{
	struct json *json = json_object_new();

	json_set_text(json, "id", job->id);
	json_set_text(json, "kind", job->kind);
	json_set_text(json, "state", fleet_job_state_name(job->state));
	fleet_text_set_time(json, "started", job->started_s);
	fleet_text_set_time(json, "ended", job->ended_s);
	if (job->has_progress)
		progress_to_json(&job->progress, json_set_object(json, "progress"));
	if (job->has_result)
		result_to_json(&job->result, json_set_object(json, "result"));
	return json;
}

static void progress_from_json(const struct json *json, struct fleet_job *job)
{
	struct fleet_job_progress *progress = &job->progress;
	double percent = json_get_number(json, "percent", 0);

	if (!json_is_object(json))
		return;
	job->has_progress = true;
	progress->percent = percent >= 0 && percent <= 100 ? percent : 0;
	progress->bytes_done = fleet_text_get_count(json, "bytes_done");
	progress->bytes_total = fleet_text_get_count(json, "bytes_total");
	progress->files_done = fleet_text_get_count(json, "files_done");
	progress->files_total = fleet_text_get_count(json, "files_total");
	progress->eta_s = fleet_text_get_count(json, "eta_s");
	fleet_text_get(json, "step", progress->step, sizeof(progress->step));
}

static void result_from_json(const struct json *json, struct fleet_job *job)
{
	struct fleet_job_result *result = &job->result;

	if (!json_is_object(json))
		return;
	job->has_result = true;
	fleet_text_get(json, "snapshot", result->snapshot, sizeof(result->snapshot));
	fleet_text_get(json, "message", result->message, sizeof(result->message));
	fleet_text_get(json, "version", result->version, sizeof(result->version));
	result->data_added_bytes = fleet_text_get_count(json, "data_added");
	result->max_rss_bytes = fleet_text_get_count(json, "max_rss_bytes");
}

int fleet_job_from_json(const struct json *json, struct fleet_job *ret, struct err *err)
{
	struct fleet_job job = {0};
	const char *id, *kind, *state;
	int r;

	r = json_need_text(json, "id", &id, err);
	if (r >= 0)
		r = json_need_text(json, "kind", &kind, err);
	if (r >= 0)
		r = json_need_text(json, "state", &state, err);
	if (r < 0)
		return err_wrap(err, "read job");
	if (!fleet_job_id_valid(id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read job: bad id");
	if (!*kind || strlen(kind) >= sizeof(job.kind))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read job: bad kind");
	if (!fleet_job_state_parse(state, &job.state))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read job: unknown state");
	fleet_text_copy(job.id, sizeof(job.id), id);
	fleet_text_copy(job.kind, sizeof(job.kind), kind);
	job.started_s = fleet_text_get_time(json, "started");
	job.ended_s = fleet_text_get_time(json, "ended");
	progress_from_json(json_get(json, "progress"), &job);
	result_from_json(json_get(json, "result"), &job);
	*ret = job;
	return 0;
}
