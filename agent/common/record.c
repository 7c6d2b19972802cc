#include "agent/common/record.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "json/json.h"

#define SCHEMA "nexus.job/1"

int record_format(const struct record *record, char **ret_text, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	cleanup_free char *line = NULL;
	int r;

	r = fleet_contract_request_format(&record->request, &line, err);
	if (r < 0)
		return r;
	json_set_text(json, "schema", SCHEMA);
	json_set_integer(json, "sequence", (int64_t)record->sequence);
	json_set_text(json, "request", line);
	json_set(json, "job", fleet_job_to_json(&record->job));
	return json_finish(json, ret_text, err);
}

static int read_members(const struct json *json, struct record *record, struct err *err)
{
	const char *schema, *line;
	int64_t sequence;
	int r;

	r = json_need_text(json, "schema", &schema, err);
	if (r >= 0 && !str_equal(schema, SCHEMA))
		r = err_set(err, ERR_CORRUPT, EBADMSG, "schema is not " SCHEMA);
	if (r >= 0)
		r = json_need_integer(json, "sequence", 0, JSON_INTEGER_MAX, &sequence, err);
	if (r >= 0)
		r = json_need_text(json, "request", &line, err);
	if (r >= 0)
		r = fleet_contract_request_parse(line, strlen(line), &record->request, NULL, err);
	if (r >= 0 && record->request.op != FLEET_CONTRACT_RUN)
		r = err_set(err, ERR_CORRUPT, EBADMSG, "not a request to run");
	if (r >= 0)
		r = fleet_job_from_json(json_get(json, "job"), &record->job, err);
	if (r < 0)
		return r;
	record->sequence = (uint64_t)sequence;
	return 0;
}

int record_parse(const char *text, size_t size, struct record *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct record record = {0};
	int r;

	r = json_parse(text, size, RECORD_TEXT_MAX, &json, err);
	if (r >= 0)
		r = read_members(json, &record, err);
	if (r < 0)
		return err_wrap(err, "read record of a job");
	*ret = record;
	return 0;
}

static int file_name(const char *id, char ret_name[FLEET_JOB_ID_SIZE + 8], struct err *err)
{
	if (!fleet_job_id_valid(id))
		return err_set(err, ERR_CONFIG, EINVAL, "find job: '%.40s' is no job's id", id);
	snprintf(ret_name, FLEET_JOB_ID_SIZE + 8, "%s.json", id);
	return 0;
}

int record_read(int dir_fd, const char *id, struct record *ret, struct err *err)
{
	char name[FLEET_JOB_ID_SIZE + 8];
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	r = file_name(id, name, err);
	if (r >= 0)
		r = file_read(dir_fd, name, RECORD_TEXT_MAX, &text, &size, err);
	if (r >= 0)
		r = record_parse(text, size, ret, err);
	if (r >= 0 && !str_equal(ret->job.id, id))
		r = err_set(
			err, ERR_CORRUPT, EBADMSG, "read record of job %s: it is another's", id);
	return r;
}

int record_write(int dir_fd, const struct record *record, struct err *err)
{
	char name[FLEET_JOB_ID_SIZE + 8];
	cleanup_free char *text = NULL;
	int r;

	r = file_name(record->job.id, name, err);
	if (r >= 0)
		r = record_format(record, &text, err);
	if (r < 0)
		return r;
	return file_replace(dir_fd, name, text, strlen(text), 0600, err);
}
