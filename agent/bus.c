#include "agent/bus.h"

#include <errno.h>
#include <string.h>

#include "agent/log_control.h"
#include "agent/report.h"
#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "json/json.h"

#define JOBS_TOLD_MAX 32

/* Our error as the bus's: its name ends with the kind, its message is the text. */
static int refuse(sd_bus_error *ret_error, const struct err *err)
{
	char name[128];

	snprintf(name, sizeof(name), BUS_ERROR_PREFIX "%s",
		err_kind_name(err->kind == ERR_NONE ? ERR_BUG : err->kind));
	/* A bus name has no '-'. */
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return sd_bus_error_set(ret_error, name, err->text);
}

static int reply_json(sd_bus_message *call, struct json *json, sd_bus_error *ret_error)
{
	cleanup_json struct json *owned = json;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (json_finish(owned, &text, &err) < 0)
		return refuse(ret_error, &err);
	return sd_bus_reply_method_return(call, "s", text);
}

static int on_get_status(sd_bus_message *call, void *context, sd_bus_error *ret_error)
{
	cleanup_free struct fleet_status *status = malloc(sizeof(*status));
	struct err err = ERR_INIT;

	if (!status) {
		err_oom(&err);
		return refuse(ret_error, &err);
	}
	agent_status(context, status);
	return reply_json(call, fleet_status_to_json(status), ret_error);
}

static int on_list_jobs(sd_bus_message *call, void *context, sd_bus_error *ret_error)
{
	const struct agent *agent = context;
	struct json *array = json_array_new();
	const struct fleet_job *job;

	for (size_t i = 0; i < JOBS_TOLD_MAX && (job = jobs_get(agent->jobs, i)); i++)
		json_add(array, fleet_job_to_json(job));
	return reply_json(call, array, ret_error);
}

static int on_get_job(sd_bus_message *call, void *context, sd_bus_error *ret_error)
{
	const struct agent *agent = context;
	const struct fleet_job *job;
	struct err err = ERR_INIT;
	const char *id;
	int r;

	r = sd_bus_message_read(call, "s", &id);
	if (r < 0)
		return r;
	job = jobs_find(agent->jobs, id);
	if (job)
		return reply_json(call, fleet_job_to_json(job), ret_error);
	err_set(&err, ERR_NOT_FOUND, ENOENT, "find job '%.40s': there is none", id);
	return refuse(ret_error, &err);
}

/* Makes a request of the contract from the two arguments, so that it is judged by its rules. */
static int request_from_args(
	const char *kind, const char *args, struct fleet_contract_request *ret, struct err *err)
{
	static const char *const keys[] = {
		"snapshot", "target", "source", "sha256", "size", "older", "now", "only_check"};
	cleanup_json struct json *given = NULL, *json = json_object_new();
	cleanup_free char *line = NULL;
	int r;

	r = json_parse(*args ? args : "{}", *args ? strlen(args) : 2, FLEET_CONTRACT_REQUEST_MAX,
		&given, err);
	if (r < 0)
		return r;
	json_set_text(json, "schema", "nexus.request/1");
	json_set_integer(json, "id", 1);
	json_set_text(json, "op", fleet_contract_op_name(FLEET_CONTRACT_RUN));
	json_set_text(json, "kind", kind);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (json_get(given, keys[i]))
			json_set(json, keys[i], json_copy(json_get(given, keys[i])));
	r = json_finish(json, &line, err);
	if (r >= 0)
		r = fleet_contract_request_parse(line, strlen(line), ret, NULL, err);
	return r;
}

static int on_run_job(sd_bus_message *call, void *context, sd_bus_error *ret_error)
{
	struct fleet_contract_request request;
	char id[FLEET_JOB_ID_SIZE];
	struct err err = ERR_INIT;
	const char *kind, *args;
	int r;

	r = sd_bus_message_read(call, "ss", &kind, &args);
	if (r < 0)
		return r;
	r = request_from_args(kind, args, &request, &err);
	if (r < 0)
		err.kind = ERR_CONFIG;
	if (r >= 0)
		r = agent_run(context, &request, id, &err);
	if (r < 0)
		return refuse(ret_error, &err);
	return sd_bus_reply_method_return(call, "s", id);
}

static int on_adopt(sd_bus_message *call, void *context, sd_bus_error *ret_error)
{
	struct fleet_contract_adopted adopted;
	struct fleet_contract_request request;
	cleanup_free char *answer = NULL;
	struct err err = ERR_INIT;
	const char *line;
	int r;

	r = sd_bus_message_read(call, "s", &line);
	if (r < 0)
		return r;
	r = fleet_contract_request_parse(line, strlen(line), &request, NULL, &err);
	if (r >= 0 && request.op != FLEET_CONTRACT_ADOPT)
		r = err_set(&err, ERR_CONFIG, EINVAL, "adopt: the request is another");
	if (r >= 0)
		r = agent_adopt(context, &request, &adopted, &err);
	if (r >= 0)
		r = fleet_contract_adopted_format(request.id, &adopted, &answer, &err);
	if (r < 0)
		return refuse(ret_error, &err);
	return sd_bus_reply_method_return(call, "s", answer);
}

/* --- properties --- */

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	const struct agent *agent = context;
	const char *text = "";

	(void)bus;
	(void)path;
	(void)interface;
	(void)ret_error;
	if (str_equal(property, "State"))
		text = report_state(agent);
	else if (str_equal(property, "Health"))
		text = fleet_status_level_name(agent->level);
	else if (str_equal(property, "Slot"))
		text = agent->slot.slot;
	else if (str_equal(property, "BoxId"))
		text = agent->identity.box_id;
	else if (str_equal(property, "Name"))
		text = agent->identity.name;
	else if (str_equal(property, "Version"))
		text = agent->image.version;
	return sd_bus_message_append(reply, "s", text);
}

/* Where the gate puts what an operator sends. */
static int get_upload_folder(sd_bus *bus, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	const struct agent *agent = context;
	cleanup_free char *folder = str_printf("%s" FLEET_CONTRACT_PUT_FOLDER, agent->root);

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)ret_error;
	return folder ? sd_bus_message_append(reply, "s", folder) : -ENOMEM;
}

static int get_adopted(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	const struct agent *agent = context;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)ret_error;
	return sd_bus_message_append(reply, "b", agent->identity.adopted_s != 0);
}

#define EMITS SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define OPEN SD_BUS_VTABLE_UNPRIVILEGED /* who may call is the bus policy's business */

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_PROPERTY("State", "s", get_text, 0, EMITS),
	SD_BUS_PROPERTY("Health", "s", get_text, 0, EMITS),
	SD_BUS_PROPERTY("Slot", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Adopted", "b", get_adopted, 0, EMITS),
	SD_BUS_PROPERTY("BoxId", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("Name", "s", get_text, 0, EMITS),
	SD_BUS_PROPERTY("Version", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_PROPERTY("UploadFolder", "s", get_upload_folder, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_METHOD_WITH_ARGS(
		"GetStatus", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", status_json), on_get_status, OPEN),
	SD_BUS_METHOD_WITH_ARGS(
		"ListJobs", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", jobs_json), on_list_jobs, OPEN),
	SD_BUS_METHOD_WITH_ARGS(
		"GetJob", SD_BUS_ARGS("s", id), SD_BUS_RESULT("s", job_json), on_get_job, OPEN),
	SD_BUS_METHOD_WITH_ARGS("RunJob", SD_BUS_ARGS("s", kind, "s", args_json),
		SD_BUS_RESULT("s", id), on_run_job, OPEN),
	SD_BUS_METHOD_WITH_ARGS("Adopt", SD_BUS_ARGS("s", request_json),
		SD_BUS_RESULT("s", answer_json), on_adopt, OPEN),
	SD_BUS_SIGNAL_WITH_ARGS("JobChanged", SD_BUS_ARGS("s", id, "s", job_json), 0),
	SD_BUS_VTABLE_END,
};

/* --- changes --- */

static void emit_job(void *context, const struct fleet_job *job)
{
	cleanup_json struct json *json = fleet_job_to_json(job);
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (json_finish(json, &text, &err) >= 0)
		sd_bus_emit_signal(
			context, BUS_PATH, BUS_INTERFACE, "JobChanged", "ss", job->id, text);
}

static void emit_property(void *context, const char *name)
{
	sd_bus_emit_properties_changed(context, BUS_PATH, BUS_INTERFACE, name, NULL);
}

static const struct agent_ops agent_ops = {
	.job_changed = emit_job,
	.property_changed = emit_property,
};

int bus_publish(sd_bus *bus, struct agent *agent, struct err *err)
{
	int r;

	r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, BUS_INTERFACE, vtable, agent);
	if (r < 0)
		return err_errno(err, r, "publish on the bus");
	r = log_control_publish(bus, err);
	if (r < 0)
		return r;
	r = sd_bus_request_name(bus, BUS_NAME, 0);
	if (r < 0)
		return err_errno(err, r, "take the name " BUS_NAME " on the bus");
	agent_watch(agent, &agent_ops, bus);
	return 0;
}
