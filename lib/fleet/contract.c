#include "fleet/contract.h"

#include <errno.h>
#include <string.h>

#include "fleet/text.h"

#define REQUEST_SCHEMA "nexus.request/1"
#define ANSWER_SCHEMA "nexus.answer/1"
#define EVENT_SCHEMA "nexus.event/1"
#define LINES_DEFAULT 200

static const char *const op_names[] = {
	[FLEET_CONTRACT_STATUS] = "status",
	[FLEET_CONTRACT_JOBS] = "jobs",
	[FLEET_CONTRACT_JOB] = "job",
	[FLEET_CONTRACT_RUN] = "run",
	[FLEET_CONTRACT_LOG] = "log",
	[FLEET_CONTRACT_PUT] = "put",
	[FLEET_CONTRACT_ADOPT] = "adopt",
};

/* The text members of a request: which op has them, which of them it must have. */
struct member {
	enum fleet_contract_op op;
	const char *key;
	size_t offset, size; /* of the array in struct fleet_contract_request */
	bool needed;
};

#define MEMBER(op, name, needed)                                                                   \
	{                                                                                          \
		op, #name, offsetof(struct fleet_contract_request, name),                          \
			sizeof(((struct fleet_contract_request *)0)->name), needed                 \
	}

static const struct member members[] = {
	MEMBER(FLEET_CONTRACT_JOB, job, true),
	MEMBER(FLEET_CONTRACT_RUN, kind, true),
	MEMBER(FLEET_CONTRACT_RUN, snapshot, false),
	MEMBER(FLEET_CONTRACT_RUN, target, false),
	MEMBER(FLEET_CONTRACT_RUN, source, false),
	MEMBER(FLEET_CONTRACT_RUN, sha256, false),
	MEMBER(FLEET_CONTRACT_LOG, unit, false),
	MEMBER(FLEET_CONTRACT_PUT, sha256, true),
	MEMBER(FLEET_CONTRACT_ADOPT, operator_key, true),
	MEMBER(FLEET_CONTRACT_ADOPT, console, false),
	MEMBER(FLEET_CONTRACT_ADOPT, name, false),
};

#define MEMBERS (sizeof(members) / sizeof(*members))

/* The members of op run that are true or false; absent is false. */
static const struct flag {
	const char *key;
	size_t offset;
	bool of_update; /* of kind update alone */
} flags[] = {
	{"follow", offsetof(struct fleet_contract_request, follow), false},
	{"older", offsetof(struct fleet_contract_request, older), true},
	{"now", offsetof(struct fleet_contract_request, now), true},
	{"only_check", offsetof(struct fleet_contract_request, only_check), true},
};

#define FLAGS (sizeof(flags) / sizeof(*flags))

const char *fleet_contract_op_name(enum fleet_contract_op op)
{
	return op_names[op];
}

static bool op_parse(const char *name, enum fleet_contract_op *ret)
{
	for (size_t i = 0; i < sizeof(op_names) / sizeof(*op_names); i++) {
		if (!str_equal(name, op_names[i]))
			continue;
		*ret = (enum fleet_contract_op)i;
		return true;
	}
	return false;
}

/* --- requests --- */

int fleet_contract_request_format(
	const struct fleet_contract_request *request, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	cleanup_free char *line = NULL;
	struct fleet_contract_request again;
	int r;

	json_set_text(json, "schema", REQUEST_SCHEMA);
	json_set_integer(json, "id", request->id);
	json_set_text(json, "op", fleet_contract_op_name(request->op));
	for (size_t i = 0; i < MEMBERS; i++)
		if (members[i].op == request->op)
			fleet_text_set(
				json, members[i].key, (const char *)request + members[i].offset);
	if (request->op == FLEET_CONTRACT_LOG)
		fleet_text_set_count(json, "lines", request->lines);
	for (size_t i = 0; i < FLAGS && request->op == FLEET_CONTRACT_RUN; i++)
		if (*(const bool *)((const char *)request + flags[i].offset))
			json_set_bool(json, flags[i].key, true);
	if (request->size)
		fleet_text_set_count(json, "size", request->size);
	r = json_finish(json, &line, err);
	if (r < 0)
		return r;
	/* What the box would refuse is told here already. */
	r = fleet_contract_request_parse(line, strlen(line), &again, NULL, err);
	if (r < 0) {
		err->kind = ERR_CONFIG;
		err->code = EINVAL;
		return -EINVAL;
	}
	*ret_line = TAKE(line);
	return 0;
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static int read_member(const struct member *member, const struct json *json,
	struct fleet_contract_request *request, struct err *err)
{
	const struct json *value = json_get(json, member->key);
	const char *text = json_text(value);

	if (!value && !member->needed)
		return 0;
	if (!text || (member->needed && !*text))
		return err_set(err, ERR_CORRUPT, EBADMSG, "'%s' must be text", member->key);
	if (strlen(text) >= member->size)
		return err_set(err, ERR_CORRUPT, EBADMSG, "'%s' is longer than %zu bytes",
			member->key, member->size - 1);
	if (has_control(text))
		return err_set(err, ERR_CORRUPT, EBADMSG, "'%s' has a control character in it",
			member->key);
	memcpy((char *)request + member->offset, text, strlen(text) + 1);
	return 0;
}

static int check_digest(const struct fleet_contract_request *request, struct err *err)
{
	if (*request->sha256 && strspn(request->sha256, "0123456789abcdef") != 64)
		return err_set(err, ERR_CORRUPT, EBADMSG, "'sha256' must be 64 digits");
	return 0;
}

static int read_size(
	const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	int64_t size = 0;
	int r = 0;

	if (json_get(json, "size"))
		r = json_need_integer(
			json, "size", 1, (int64_t)FLEET_CONTRACT_BUNDLE_MAX, &size, err);
	request->size = (uint64_t)size;
	return r;
}

static int read_flags(
	const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	bool update = str_equal(request->kind, "update");
	int r = 0;

	for (size_t i = 0; i < FLAGS && r >= 0; i++) {
		bool *flag = (bool *)((char *)request + flags[i].offset);

		if (!json_get(json, flags[i].key))
			continue;
		r = json_need_bool(json, flags[i].key, flag, err);
		if (r >= 0 && flags[i].of_update && !update)
			r = err_set(err, ERR_CORRUPT, EBADMSG, "'%s' is for update alone",
				flags[i].key);
	}
	return r;
}

static int check_update(const struct fleet_contract_request *request, struct err *err)
{
	const char *source = request->source;

	if (!str_equal(request->kind, "update")) {
		if (*source || *request->sha256 || request->size)
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"'source', 'sha256' and 'size' are for update alone");
		return 0;
	}
	if (*source != '/' && !str_after(source, "http://") && !str_after(source, "https://"))
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"'source' must be an absolute path or an http or https address");
	return check_digest(request, err);
}

static int check_run(
	const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	static const char *const kinds[] = {"backup", "restore", "check", "update"};
	const char *snapshot = request->snapshot;
	bool restore = str_equal(request->kind, "restore");
	size_t kind;
	int r;

	if (!str_find(kinds, sizeof(kinds) / sizeof(*kinds), request->kind, &kind))
		return err_set(err, ERR_CORRUPT, EBADMSG, "unknown kind of job");
	r = read_flags(json, request, err);
	if (r >= 0)
		r = read_size(json, request, err);
	if (r >= 0)
		r = check_update(request, err);
	if (r < 0)
		return r;
	if (!restore && (*snapshot || *request->target))
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "'snapshot' and 'target' are for restore alone");
	/* What the engine takes for an option is none of the asker's business. */
	if (*snapshot && !str_equal(snapshot, "latest") &&
		(strlen(snapshot) < 8 || strlen(snapshot) > 64 ||
			snapshot[strspn(snapshot, "0123456789abcdef")]))
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"'snapshot' must be 'latest' or 8 to 64 digits of its id");
	if (*request->target && *request->target != '/')
		return err_set(err, ERR_CORRUPT, EBADMSG, "'target' must be an absolute path");
	return 0;
}

static int check_log(
	const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	int64_t lines = LINES_DEFAULT;
	int r;

	if (json_get(json, "lines")) {
		r = json_need_integer(json, "lines", 1, FLEET_CONTRACT_LINES_MAX, &lines, err);
		if (r < 0)
			return r;
	}
	request->lines = (uint64_t)lines;
	/* A name or pattern of units, never an option. */
	if (*request->unit == '-' ||
		request->unit[strspn(request->unit,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@*?")])
		return err_set(err, ERR_CORRUPT, EBADMSG, "'unit' must be the name of a unit");
	return 0;
}

static int check_put(
	const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	int r = read_size(json, request, err);

	if (r >= 0 && !request->size)
		r = err_set(err, ERR_CORRUPT, EBADMSG, "'size' is missing");
	return r < 0 ? r : check_digest(request, err);
}

static int read_op(const struct json *json, struct fleet_contract_request *request, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < MEMBERS && r >= 0; i++)
		if (members[i].op == request->op)
			r = read_member(&members[i], json, request, err);
	if (r < 0)
		return r;
	switch (request->op) {
	case FLEET_CONTRACT_STATUS:
	case FLEET_CONTRACT_JOBS:
	case FLEET_CONTRACT_ADOPT:
		return 0;
	case FLEET_CONTRACT_JOB:
		return fleet_job_id_valid(request->job)
			       ? 0
			       : err_set(err, ERR_CORRUPT, EBADMSG, "'job' is no job's id");
	case FLEET_CONTRACT_RUN:
		return check_run(json, request, err);
	case FLEET_CONTRACT_LOG:
		return check_log(json, request, err);
	case FLEET_CONTRACT_PUT:
		return check_put(json, request, err);
	}
	return err_set(err, ERR_BUG, EINVAL, "unhandled op");
}

static int read_request(
	const char *line, size_t size, struct fleet_contract_request *request, struct err *err)
{
	cleanup_json struct json *json = NULL;
	const char *schema, *op;
	int r;

	r = json_parse(line, size, FLEET_CONTRACT_REQUEST_MAX, &json, err);
	if (r >= 0)
		r = json_need_integer(json, "id", 1, JSON_INTEGER_MAX, &request->id, err);
	if (r >= 0)
		r = json_need_text(json, "schema", &schema, err);
	if (r < 0)
		return r;
	if (!str_equal(schema, REQUEST_SCHEMA))
		return err_set(err, ERR_CORRUPT, EBADMSG, "schema is not " REQUEST_SCHEMA);
	r = json_need_text(json, "op", &op, err);
	if (r < 0)
		return r;
	if (!op_parse(op, &request->op))
		return err_set(err, ERR_CORRUPT, EBADMSG, "unknown op");
	return read_op(json, request, err);
}

int fleet_contract_request_parse(const char *line, size_t size, struct fleet_contract_request *ret,
	int64_t *ret_id, struct err *err)
{
	struct fleet_contract_request request = {0};
	int r;

	r = read_request(line, size, &request, err);
	if (ret_id)
		*ret_id = request.id;
	if (r < 0)
		return err_wrap(err, "read request");
	*ret = request;
	return 0;
}

/* --- making answers and events --- */

static struct json *head_new(const char *schema, int64_t id)
{
	struct json *json = json_object_new();

	json_set_text(json, "schema", schema);
	json_set_integer(json, "id", id);
	return json;
}

int fleet_contract_answer_format(
	int64_t id, const char *key, struct json *value, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(ANSWER_SCHEMA, id);

	json_set_bool(json, "ok", true);
	json_set(json, key, value);
	return json_finish(json, ret_line, err);
}

int fleet_contract_error_format(int64_t id, const struct err *why, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(ANSWER_SCHEMA, id);
	struct json *error;

	json_set_bool(json, "ok", false);
	error = json_set_object(json, "error");
	json_set_text(error, "kind", err_kind_name(why->kind == ERR_NONE ? ERR_BUG : why->kind));
	json_set_text(error, "text", why->text);
	return json_finish(json, ret_line, err);
}

int fleet_contract_event_format(
	int64_t id, const struct fleet_job *job, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(EVENT_SCHEMA, id);

	json_set(json, "job", fleet_job_to_json(job));
	return json_finish(json, ret_line, err);
}

int fleet_contract_have_format(int64_t id, uint64_t have, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(EVENT_SCHEMA, id);

	fleet_text_set_count(json, "have", have);
	return json_finish(json, ret_line, err);
}

int fleet_contract_path_format(int64_t id, const char *path, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(ANSWER_SCHEMA, id);

	json_set_bool(json, "ok", true);
	json_set_text(json, "path", path);
	return json_finish(json, ret_line, err);
}

int fleet_contract_adopted_format(
	int64_t id, const struct fleet_contract_adopted *adopted, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = head_new(ANSWER_SCHEMA, id);

	json_set_bool(json, "ok", true);
	json_set_text(json, "box_id", adopted->box_id);
	json_set_text(json, "name", adopted->name);
	json_set_text(json, "version", adopted->version);
	json_set_text(json, "distribution", adopted->distribution);
	return json_finish(json, ret_line, err);
}

/* --- reading answers and events --- */

/* The errno that stands for a kind that came over the wire. */
static int kind_to_errno(enum err_kind kind)
{
	switch (kind) {
	case ERR_CONFIG:
		return EINVAL;
	case ERR_NETWORK:
		return ENETUNREACH;
	case ERR_DENIED:
		return EACCES;
	case ERR_SPACE:
		return ENOSPC;
	case ERR_LOCKED:
		return EBUSY;
	case ERR_CORRUPT:
		return EBADMSG;
	case ERR_NOT_FOUND:
		return ENOENT;
	case ERR_NONE:
	case ERR_SYSTEM:
	case ERR_BUG:
		return EIO;
	}
	return EIO;
}

static void read_refusal(const struct json *error, struct err *why)
{
	const char *kind = json_get_text(error, "kind");

	if (!kind || !err_kind_parse(kind, &why->kind) || why->kind == ERR_NONE)
		why->kind = ERR_SYSTEM;
	why->code = kind_to_errno(why->kind);
	fleet_text_get(error, "text", why->text, sizeof(why->text));
}

static int read_answer(
	const char *line, size_t size, struct fleet_contract_answer *answer, struct err *err)
{
	const char *schema;
	int r;

	r = json_parse(line, size, FLEET_CONTRACT_ANSWER_MAX, &answer->json, err);
	if (r >= 0)
		r = json_need_text(answer->json, "schema", &schema, err);
	if (r >= 0)
		r = json_need_integer(answer->json, "id", 0, JSON_INTEGER_MAX, &answer->id, err);
	if (r < 0)
		return r;
	answer->is_event = str_equal(schema, EVENT_SCHEMA);
	answer->ok = true;
	if (answer->is_event)
		return 0;
	if (!str_equal(schema, ANSWER_SCHEMA))
		return err_set(err, ERR_CORRUPT, EBADMSG, "unknown schema");
	r = json_need_bool(answer->json, "ok", &answer->ok, err);
	if (r < 0)
		return r;
	if (!answer->ok)
		read_refusal(json_get(answer->json, "error"), &answer->why);
	return 0;
}

int fleet_contract_answer_parse(
	const char *line, size_t size, struct fleet_contract_answer *ret, struct err *err)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	int r;

	r = read_answer(line, size, &answer, err);
	if (r < 0)
		return err_wrap(err, "read answer");
	*ret = answer;
	answer.json = NULL;
	return 0;
}

void fleet_contract_answer_done(struct fleet_contract_answer *answer)
{
	json_free(answer->json);
	answer->json = NULL;
}

int fleet_contract_answer_status(
	const struct fleet_contract_answer *answer, struct fleet_status *ret, struct err *err)
{
	if (fleet_status_from_json(json_get(answer->json, "status"), ret, err) < 0)
		return err_wrap(err, "read answer");
	return 0;
}

int fleet_contract_answer_job(
	const struct fleet_contract_answer *answer, struct fleet_job *ret, struct err *err)
{
	if (fleet_job_from_json(json_get(answer->json, "job"), ret, err) < 0)
		return err_wrap(err, "read answer");
	return 0;
}

int fleet_contract_answer_jobs(const struct fleet_contract_answer *answer,
	struct fleet_job *ret_jobs, size_t max, size_t *ret_count, struct err *err)
{
	const struct json *jobs = json_get(answer->json, "jobs");
	size_t count = 0;

	if (!json_is_array(jobs))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read answer: no jobs in it");
	for (const struct json *i = json_first(jobs); i && count < max; i = json_next(i)) {
		if (fleet_job_from_json(i, &ret_jobs[count], err) < 0)
			return err_wrap(err, "read answer");
		count++;
	}
	*ret_count = count;
	return 0;
}

int fleet_contract_answer_lines(
	const struct fleet_contract_answer *answer, struct str_list *ret_lines, struct err *err)
{
	const struct json *lines = json_get(answer->json, "lines");
	size_t count = 0;

	if (!json_is_array(lines))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read answer: no lines in it");
	for (const struct json *i = json_first(lines); i; i = json_next(i)) {
		char text[FLEET_CONTRACT_LINE_MAX];
		int r;

		if (count++ == FLEET_CONTRACT_LINES_MAX)
			break;
		fleet_text_copy(text, sizeof(text), json_text(i));
		r = str_list_add(ret_lines, text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int fleet_contract_answer_have(
	const struct fleet_contract_answer *answer, uint64_t *ret_have, struct err *err)
{
	int64_t have;

	if (json_need_integer(
		    answer->json, "have", 0, (int64_t)FLEET_CONTRACT_BUNDLE_MAX, &have, err) < 0)
		return err_wrap(err, "read answer");
	*ret_have = (uint64_t)have;
	return 0;
}

int fleet_contract_answer_path(
	const struct fleet_contract_answer *answer, char *ret_path, size_t size, struct err *err)
{
	const char *path;

	if (json_need_text(answer->json, "path", &path, err) < 0)
		return err_wrap(err, "read answer");
	if (*path != '/' || strlen(path) >= size)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read answer: it is no path");
	fleet_text_copy(ret_path, size, path);
	return 0;
}

int fleet_contract_answer_adopted(const struct fleet_contract_answer *answer,
	struct fleet_contract_adopted *ret, struct err *err)
{
	const char *id;

	if (json_need_text(answer->json, "box_id", &id, err) < 0)
		return err_wrap(err, "read answer");
	fleet_text_copy(ret->box_id, sizeof(ret->box_id), id);
	fleet_text_get(answer->json, "name", ret->name, sizeof(ret->name));
	fleet_text_get(answer->json, "version", ret->version, sizeof(ret->version));
	fleet_text_get(answer->json, "distribution", ret->distribution, sizeof(ret->distribution));
	return 0;
}
