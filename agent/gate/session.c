#include "agent/gate/session.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "agent/gate/log.h"
#include "agent/gate/put.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "fleet/contract.h"
#include "json/json.h"

#define AGENT_NAME "com.nexusempresarial.Agent1"
#define AGENT_PATH "/com/nexusempresarial/Agent1"
#define AGENT_INTERFACE "com.nexusempresarial.Agent1.Manager"
#define ERROR_PREFIX "com.nexusempresarial.Agent1.Error."
#define CALL_TIMEOUT_US 20000000

struct session {
	int in_fd, out_fd; /* borrowed */
	bool adopt_only;
	sd_bus *bus;
	struct buf in; /* what came and is not answered yet */
	bool ended; /* no more will come */
	/* The job that is being followed, and what it was told as last. */
	int64_t follow_id; /* of the request; 0: none */
	char follow_job[FLEET_JOB_ID_SIZE];
	struct fleet_job followed;
	bool follow_news;
	/* The file that is coming, and the request that it answers. */
	struct put put;
	int64_t put_id;
};

static int put_line(struct session *session, const char *line, struct err *err)
{
	cleanup_free char *text = str_printf("%s\n", line);

	if (!text)
		return err_oom(err);
	return file_write_full(session->out_fd, text, strlen(text), "answer", err);
}

static int put_refusal(struct session *session, int64_t id, const struct err *why, struct err *err)
{
	cleanup_free char *line = NULL;
	int r;

	r = fleet_contract_error_format(id, why, &line, err);
	return r < 0 ? r : put_line(session, line, err);
}

/* --- the agent --- */

/* The bus's error as ours; the kind stands at the end of our own errors' names. */
static int bus_failed(const sd_bus_error *error, int code, struct err *err)
{
	const char *kind = error->name ? str_after(error->name, ERROR_PREFIX) : NULL;
	enum err_kind known = ERR_SYSTEM;
	char name[32];

	if (kind) {
		snprintf(name, sizeof(name), "%s", kind);
		for (char *p = name; *p; p++)
			if (*p == '_')
				*p = '-';
		if (!err_kind_parse(name, &known))
			known = ERR_SYSTEM;
		return err_set(err, known, code, "%s", error->message);
	}
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED))
		return err_set(err, ERR_DENIED, EACCES, "ask nexus-agent: not allowed");
	return err_set(err, ERR_SYSTEM, code, "ask nexus-agent: %s",
		error->message ? error->message : err_reason(code));
}

/* Calls a method that takes texts (NULL: fewer) and gives one. ret_text is owned. */
static int call(struct session *session, const char *method, const char *first, const char *second,
	char **ret_text, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL, *reply = NULL;
	const char *text;
	int r;

	r = sd_bus_message_new_method_call(
		session->bus, &message, AGENT_NAME, AGENT_PATH, AGENT_INTERFACE, method);
	if (r >= 0 && first)
		r = sd_bus_message_append(message, "s", first);
	if (r >= 0 && second)
		r = sd_bus_message_append(message, "s", second);
	if (r >= 0)
		r = sd_bus_call(session->bus, message, CALL_TIMEOUT_US, &error, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		r = bus_failed(&error, r, err);
	else if (!(*ret_text = strdup(text)))
		r = err_oom(err);
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_message_unref(reply);
	return r;
}

/* The same for a method whose text is JSON. ret_json is owned. */
static int call_json(struct session *session, const char *method, const char *argument,
	struct json **ret_json, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = call(session, method, argument, NULL, &text, err);
	if (r < 0 || !text)
		return r;
	return json_parse(text, strlen(text), FLEET_CONTRACT_ANSWER_MAX, ret_json, err);
}

/* Puts what a method gives into the answer under key. */
static int answer_call(struct session *session, const struct fleet_contract_request *request,
	const char *method, const char *argument, const char *key, char **ret_line, struct err *err)
{
	cleanup_json struct json *json = NULL;
	int r;

	r = call_json(session, method, argument, &json, err);
	if (r < 0)
		return r;
	return fleet_contract_answer_format(request->id, key, TAKE(json), ret_line, err);
}

static int run_job(struct session *session, const struct fleet_contract_request *request,
	char **ret_line, struct err *err)
{
	cleanup_free char *text = NULL, *id = NULL;
	int r;

	/* The agent takes from it what it knows. */
	r = fleet_contract_request_format(request, &text, err);
	if (r >= 0)
		r = call(session, "RunJob", request->kind, text, &id, err);
	if (r < 0)
		return r;
	if (!request->follow)
		return answer_call(session, request, "GetJob", id, "job", ret_line, err);
	session->follow_id = request->id;
	session->follow_news = true;
	session->followed = (struct fleet_job){0};
	snprintf(session->follow_job, sizeof(session->follow_job), "%s", id);
	return 0;
}

static int begin_put(struct session *session, const struct fleet_contract_request *request,
	char **ret_line, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *folder = NULL;
	int r;

	r = sd_bus_get_property_string(session->bus, AGENT_NAME, AGENT_PATH, AGENT_INTERFACE,
		"UploadFolder", &error, &folder);
	if (r < 0)
		r = bus_failed(&error, r, err);
	else
		r = put_open(folder, request, &session->put, err);
	if (r >= 0)
		r = fleet_contract_have_format(request->id, session->put.have, ret_line, err);
	sd_bus_error_free(&error);
	free(folder);
	session->put_id = request->id;
	return r;
}

static int answer_log(
	const struct fleet_contract_request *request, char **ret_line, struct err *err)
{
	struct json *lines = NULL;
	int r;

	r = log_read(request->unit, request->lines, &lines, err);
	if (r < 0)
		return r;
	return fleet_contract_answer_format(request->id, "lines", lines, ret_line, err);
}

static int adopt(struct session *session, const struct fleet_contract_request *request,
	char **ret_line, struct err *err)
{
	cleanup_free char *line = NULL;
	int r;

	r = fleet_contract_request_format(request, &line, err);
	if (r < 0)
		return r;
	return call(session, "Adopt", line, NULL, ret_line, err);
}

static int answer(struct session *session, const struct fleet_contract_request *request,
	char **ret_line, struct err *err)
{
	bool is_adopt = request->op == FLEET_CONTRACT_ADOPT;

	if (is_adopt != session->adopt_only)
		return err_set(err, ERR_DENIED, EACCES, "%s: this login may not",
			fleet_contract_op_name(request->op));
	switch (request->op) {
	case FLEET_CONTRACT_STATUS:
		return answer_call(session, request, "GetStatus", NULL, "status", ret_line, err);
	case FLEET_CONTRACT_JOBS:
		return answer_call(session, request, "ListJobs", NULL, "jobs", ret_line, err);
	case FLEET_CONTRACT_JOB:
		return answer_call(session, request, "GetJob", request->job, "job", ret_line, err);
	case FLEET_CONTRACT_RUN:
		return run_job(session, request, ret_line, err);
	case FLEET_CONTRACT_LOG:
		return answer_log(request, ret_line, err);
	case FLEET_CONTRACT_PUT:
		return begin_put(session, request, ret_line, err);
	case FLEET_CONTRACT_ADOPT:
		return adopt(session, request, ret_line, err);
	}
	return err_set(err, ERR_BUG, EINVAL, "unhandled op");
}

static int take_line(struct session *session, const char *line, size_t size, struct err *err)
{
	cleanup_free char *text = NULL;
	struct fleet_contract_request request;
	struct err why = ERR_INIT;
	int64_t id = 0;
	int r;

	r = fleet_contract_request_parse(line, size, &request, &id, &why);
	if (r >= 0)
		r = answer(session, &request, &text, &why);
	if (r < 0)
		return put_refusal(session, id, &why, err);
	return text ? put_line(session, text, err) : 0;
}

/* --- a file that comes --- */

static int answer_put(struct session *session, struct err *why, struct err *err)
{
	cleanup_free char *path = NULL, *line = NULL;
	int r;

	r = put_finish(&session->put, &path, why);
	put_done(&session->put);
	if (r < 0)
		return put_refusal(session, session->put_id, why, err);
	r = fleet_contract_path_format(session->put_id, path, &line, err);
	return r < 0 ? r : put_line(session, line, err);
}

/* Moves what came into the file. After a failure the rest of the stream has no meaning: it ends. */
static int take_file(struct session *session, struct err *err)
{
	struct err why = ERR_INIT;
	ssize_t n;
	int r;

	n = put_take(&session->put, session->in.data, session->in.size, &why);
	if (n < 0) {
		put_done(&session->put);
		r = put_refusal(session, session->put_id, &why, err);
		return r < 0 ? r : err_set(err, why.kind, why.code, "%s", why.text);
	}
	buf_consume(&session->in, (size_t)n);
	return session->put.have == session->put.size ? answer_put(session, &why, err) : 0;
}

/* --- following a job --- */

static int on_job_changed(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct session *session = context;
	const char *id;

	(void)ret_error;
	if (session->follow_id && sd_bus_message_read(message, "s", &id) >= 0 &&
		str_equal(id, session->follow_job))
		session->follow_news = true;
	return 0;
}

/* Tells how the followed job stands; when it has ended, that is the answer. */
static int tell_followed(struct session *session, struct err *err)
{
	struct fleet_contract_request request = {.id = session->follow_id};
	cleanup_json struct json *json = NULL;
	cleanup_free char *line = NULL;
	struct err why = ERR_INIT;
	struct fleet_job job;
	int r;

	session->follow_news = false;
	r = call_json(session, "GetJob", session->follow_job, &json, &why);
	if (r >= 0)
		r = fleet_job_from_json(json, &job, &why);
	if (r < 0) {
		session->follow_id = 0;
		return put_refusal(session, request.id, &why, err);
	}
	if (fleet_job_ended(&job)) {
		session->follow_id = 0;
		r = fleet_contract_answer_format(request.id, "job", TAKE(json), &line, err);
	} else {
		r = fleet_contract_event_format(request.id, &job, &line, err);
	}
	return r < 0 ? r : put_line(session, line, err);
}

/* --- input --- */

static int read_input(struct session *session, struct err *err)
{
	char data[16384];
	ssize_t n;

	n = read(session->in_fd, data, sizeof(data));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n < 0)
		return err_errno(err, errno, "read request");
	session->ended = n == 0;
	return buf_add(&session->in, data, (size_t)n, err);
}

/* Answers the lines that are whole, and takes the files between them; stops while a job is
 * followed.
 */
static int take_lines(struct session *session, struct err *err)
{
	const char *start, *end;

	for (;;) {
		size_t n;
		int r;

		if (put_is_open(&session->put)) {
			r = take_file(session, err);
			if (r < 0 || put_is_open(&session->put))
				return r;
			continue;
		}
		start = (const char *)session->in.data;
		if (session->follow_id || !session->in.size ||
			!(end = memchr(start, '\n', session->in.size)))
			break;
		n = (size_t)(end - start);
		r = n ? take_line(session, start, n, err) : 0;
		if (r < 0)
			return r;
		buf_consume(&session->in, n + 1);
	}
	if (!session->follow_id && session->in.size > FLEET_CONTRACT_REQUEST_MAX) {
		struct err why = ERR_INIT;
		int r;

		err_set(&why, ERR_CORRUPT, EFBIG, "read request: the line is longer than %u bytes",
			FLEET_CONTRACT_REQUEST_MAX);
		r = put_refusal(session, 0, &why, err);
		return r < 0 ? r : err_set(err, ERR_CORRUPT, EFBIG, "%s", why.text);
	}
	return 0;
}

/* Waits for input, for news of the bus, or a second while a job is followed: a signal may have been
 * lost with the agent. */
static int wait_for_more(struct session *session, struct err *err)
{
	struct pollfd fds[2] = {
		{.fd = session->ended ? -1 : session->in_fd, .events = POLLIN},
		{.fd = sd_bus_get_fd(session->bus),
			.events = (short)sd_bus_get_events(session->bus)},
	};
	/* While a job is followed and much input waits, only the end of it is of interest. */
	if (session->in.size > FLEET_CONTRACT_REQUEST_MAX)
		fds[0].events = 0;
	if (poll(fds, 2, session->follow_id ? 1000 : -1) < 0 && errno != EINTR)
		return err_errno(err, errno, "wait for request");
	if (fds[0].revents & (POLLIN | POLLHUP | POLLERR))
		return read_input(session, err);
	return 0;
}

static bool has_line(const struct session *session)
{
	return session->in.size && memchr(session->in.data, '\n', session->in.size);
}

static int serve(struct session *session, struct err *err)
{
	int r = 0;

	while (r >= 0) {
		r = take_lines(session, err);
		/* A job that is followed is followed to its end, whatever comes no more. */
		if (r >= 0 && session->ended && !session->follow_id)
			return 0;
		while (r >= 0 && (r = sd_bus_process(session->bus, NULL)) > 0)
			;
		if (r < 0)
			return err->code ? r : err_errno(err, r, "listen to nexus-agent");
		if (session->follow_id && session->follow_news)
			r = tell_followed(session, err);
		if (r >= 0 && (session->follow_id || (!session->ended && !has_line(session))))
			r = wait_for_more(session, err);
	}
	return r;
}

int session_serve(int in_fd, int out_fd, bool adopt_only, struct err *err)
{
	struct session session = {.in_fd = in_fd,
		.out_fd = out_fd,
		.adopt_only = adopt_only,
		.in = BUF_INIT(FLEET_CONTRACT_REQUEST_MAX + 16384),
		.put = PUT_INIT};
	int r;

	r = sd_bus_open_system(&session.bus);
	if (r >= 0 && !adopt_only)
		r = sd_bus_match_signal(session.bus, NULL, AGENT_NAME, AGENT_PATH, AGENT_INTERFACE,
			"JobChanged", on_job_changed, &session);
	if (r < 0)
		err_errno(err, r, "open system bus");
	else
		r = serve(&session, err);
	put_done(&session.put);
	buf_done(&session.in);
	sd_bus_flush_close_unref(session.bus);
	return r;
}
