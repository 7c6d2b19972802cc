/* A box's gate for tests of the console: speaks the fleet contract, keeps its state in a folder.
 *   test-gate STATE adopt|operator     (as the forced command of a key)
 * Files in STATE steer it: "lose-answer" adopts and dies before answering (once), "raw-answer" is
 * printed instead of an answer, "refuse" makes jobs fail. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "fleet/contract.h"

static int state; /* the folder */
static const char *state_path, *self;

static void say(int r, char *line, const struct err *err)
{
	if (r < 0) {
		fprintf(stderr, "test-gate: %s\n", err->text);
		exit(1);
	}
	puts(line);
	fflush(stdout);
	free(line);
}

static bool has(const char *name)
{
	return faccessat(state, name, F_OK, 0) == 0;
}

/* The name the box was given, or its own. */
static void box_name(char ret[FLEET_STATUS_NAME_SIZE])
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (file_read(state, "name", 60, &text, NULL, &err) < 0)
		snprintf(ret, FLEET_STATUS_NAME_SIZE, "caja");
	else
		snprintf(ret, FLEET_STATUS_NAME_SIZE, "%s", str_strip(text));
}

/* What stands in the file "id"; without one, the address that was connected to: many boxes in
 * one, for measuring. */
static void box_id(char ret[FLEET_STATUS_ID_SIZE])
{
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	const char *connection = getenv("SSH_CONNECTION");
	char server[64] = "?";

	if (file_read(state, "id", 60, &text, NULL, &err) == 0)
		snprintf(ret, FLEET_STATUS_ID_SIZE, "%s", str_strip(text));
	else if (connection && sscanf(connection, "%*s %*s %63s", server) == 1)
		snprintf(ret, FLEET_STATUS_ID_SIZE, "%s", server);
}

static void answer_status(int64_t id)
{
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	struct err err = ERR_INIT;
	char *line = NULL;
	int r;

	status->time_s = time(NULL);
	box_id(status->box.id);
	box_name(status->box.name);
	snprintf(status->box.version, sizeof(status->box.version), "0.1.0");
	snprintf(status->box.distribution, sizeof(status->box.distribution), "debian");
	status->box.adopted = true;
	status->uptime_s = 4000;
	snprintf(status->boot.slot, sizeof(status->boot.slot), "A");
	snprintf(status->boot.mode, sizeof(status->boot.mode), "installed");
	status->filesystems[0] = (struct fleet_status_filesystem){
		.path = "/data", .size_bytes = 100ull << 30, .free_bytes = 40ull << 30};
	status->filesystem_count = 1;
	fleet_status_add_check(status, "space", FLEET_STATUS_OK, "Hay espacio.");
	if (has("warn"))
		fleet_status_add_check(status, "clock", FLEET_STATUS_WARN, "La hora no es segura.");
	status->backup.last_success_s = status->time_s - 7200;
	r = fleet_contract_answer_format(id, "status", fleet_status_to_json(status), &line, &err);
	say(r, line, &err);
}

static void answer_adopt(const struct fleet_contract_request *request)
{
	struct fleet_contract_adopted adopted = {.version = "0.1.0", .distribution = "debian"};
	cleanup_free char *keys = str_printf("restrict,pty,command=\"%s %s operator\" %s\n", self,
		state_path, request->operator_key);
	struct err err = ERR_INIT;
	char *line = NULL;
	int r;

	r = file_replace(state, "keys/nexus-operator", keys, strlen(keys), 0644, &err);
	if (r == 0 && request->name[0])
		r = file_replace(state, "name", request->name, strlen(request->name), 0644, &err);
	if (r == 0 && unlinkat(state, "keys/nexus-adopt", 0) < 0 && errno != ENOENT)
		r = err_errno(&err, errno, "remove adoption key");
	if (r == 0 && unlinkat(state, "lose-answer", 0) == 0)
		exit(1);
	box_name(adopted.name);
	box_id(adopted.box_id);
	if (r == 0)
		r = fleet_contract_adopted_format(request->id, &adopted, &line, &err);
	say(r, line, &err);
}

static void job_of(const struct fleet_contract_request *request, double percent,
	enum fleet_job_state job_state, struct fleet_job *ret)
{
	*ret = (struct fleet_job){.id = "job-1", .state = job_state, .started_s = time(NULL) - 5};
	memcpy(ret->kind, request->kind, sizeof(ret->kind));
	if (job_state == FLEET_JOB_RUNNING) {
		ret->has_progress = true;
		ret->progress = (struct fleet_job_progress){.percent = percent,
			.bytes_done = (uint64_t)(percent * 1e7),
			.bytes_total = 1000000000,
			.eta_s = 5};
	}
	if (!fleet_job_ended(ret))
		return;
	ret->ended_s = time(NULL);
	ret->has_result = true;
	ret->result.data_added_bytes = 123456789;
	snprintf(ret->result.snapshot, sizeof(ret->result.snapshot), "%s",
		job_state == FLEET_JOB_DONE ? "5c1a0e9d5c1a0e9d" : "");
	snprintf(ret->result.message, sizeof(ret->result.message), "%.400s",
		job_state == FLEET_JOB_DONE ? request->target : "The disk is full.");
}

static void answer_run(const struct fleet_contract_request *request)
{
	struct err err = ERR_INIT;
	struct fleet_job job;
	char *line = NULL;
	int r;

	for (int i = 0; request->follow && i <= 100; i += 20) {
		job_of(request, i, FLEET_JOB_RUNNING, &job);
		r = fleet_contract_event_format(request->id, &job, &line, &err);
		say(r, line, &err);
		usleep(20000);
		if (has("die"))
			exit(1);
	}
	job_of(request, 0,
		!request->follow ? FLEET_JOB_QUEUED
		: has("refuse")  ? FLEET_JOB_FAILED
				 : FLEET_JOB_DONE,
		&job);
	r = fleet_contract_answer_format(request->id, "job", fleet_job_to_json(&job), &line, &err);
	say(r, line, &err);
}

static void answer_list(const struct fleet_contract_request *request)
{
	struct json *list = json_array_new();
	bool jobs = request->op == FLEET_CONTRACT_JOBS;
	struct err err = ERR_INIT;
	struct fleet_job job;
	char *line = NULL;
	int r;

	if (jobs) {
		job_of(&(struct fleet_contract_request){.kind = "backup"}, 0, FLEET_JOB_DONE, &job);
		json_add(list, fleet_job_to_json(&job));
	} else {
		for (uint64_t i = 0; i < request->lines; i++)
			json_add_text(list, "nexus-agent: a line \033[31mwith colour");
	}
	r = fleet_contract_answer_format(request->id, jobs ? "jobs" : "lines", list, &line, &err);
	say(r, line, &err);
}

static void refuse(int64_t id, const char *text)
{
	struct err why = ERR_INIT, err = ERR_INIT;
	char *line = NULL;
	int r;

	err_set(&why, ERR_NOT_FOUND, ENOENT, "%s", text);
	r = fleet_contract_error_format(id, &why, &line, &err);
	say(r, line, &err);
}

/* How the job stands that was followed when the gate died: it runs for one question more. */
static void answer_job(const struct fleet_contract_request *request)
{
	struct fleet_contract_request backup = {.kind = "backup"};
	struct err err = ERR_INIT;
	struct fleet_job job;
	char *line = NULL;
	int r;

	if (!has("goes-on")) {
		refuse(request->id, "no such job");
		return;
	}
	job_of(&backup, 70, has("asked-once") ? FLEET_JOB_DONE : FLEET_JOB_RUNNING, &job);
	r = fleet_contract_answer_format(request->id, "job", fleet_job_to_json(&job), &line, &err);
	say(r, line, &err);
	r = file_replace(state, "asked-once", "", 0, 0644, &err);
	if (r < 0)
		exit(1);
}

static void answer(const struct fleet_contract_request *request, bool adopting)
{
	if (adopting != (request->op == FLEET_CONTRACT_ADOPT)) {
		refuse(request->id, "this login is for something else");
		return;
	}
	switch (request->op) {
	case FLEET_CONTRACT_STATUS:
		answer_status(request->id);
		return;
	case FLEET_CONTRACT_ADOPT:
		answer_adopt(request);
		return;
	case FLEET_CONTRACT_RUN:
		answer_run(request);
		return;
	case FLEET_CONTRACT_JOBS:
	case FLEET_CONTRACT_LOG:
		answer_list(request);
		return;
	case FLEET_CONTRACT_JOB:
		answer_job(request);
		return;
	case FLEET_CONTRACT_PUT:
		refuse(request->id, "this box takes no files");
		return;
	}
}

static void serve(bool adopting)
{
	struct fleet_contract_request request;
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		cleanup_free char *raw = NULL;
		size_t size;
		int64_t id;

		if (file_read(state, "raw-answer", 4 << 20, &raw, &size, &err) == 0) {
			fwrite(raw, 1, size, stdout);
			fflush(stdout);
			if (has("die"))
				exit(1);
			continue;
		}
		if (fleet_contract_request_parse(line, (size_t)n - 1, &request, &id, &err) < 0)
			refuse(id, err.text);
		else
			answer(&request, adopting);
	}
}

int main(int argc, char **argv)
{
	const char *command = getenv("SSH_ORIGINAL_COMMAND"), *shell;

	if (argc != 3)
		return 2;
	self = argv[0];
	state_path = argv[1];
	state = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state < 0)
		return 1;
	shell = command ? str_after(command, "shell") : NULL;
	if (shell && *shell)
		execl("/bin/bash", "bash", "-c", shell + 1, (char *)NULL);
	else if (shell)
		execl("/bin/bash", "bash", "--norc", (char *)NULL);
	else
		serve(strcmp(argv[2], "adopt") == 0);
	return shell ? 1 : 0;
}
