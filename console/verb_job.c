#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "console/console.h"
#include "console/progress.h"
#include "console/table.h"
#include "console/verb_job.h"
#include "console/verbs.h"
#include "fleet/contract.h"
#include "json/json.h"

#define EVENT_SILENCE_US (24ull * 3600 * 1000000) /* a job may be quiet for long */
#define JOBS_MAX 100

static bool arg_no_wait;
static const char *arg_snapshot = "latest", *arg_target, *arg_lines = "100", *arg_unit;

#define NO_WAIT                                                                                    \
	{                                                                                          \
		.long_name = "no-wait", .help = N_("start it and return at once"),                 \
		.flag = &arg_no_wait                                                               \
	}

const struct verb_option verb_job_options[] = {NO_WAIT, {0}};

const struct verb_option verb_job_restore_options[] = {
	{.long_name = "snapshot",
		.argument = N_("ID"),
		.help = N_("which backup; the latest otherwise"),
		.text = &arg_snapshot},
	{.long_name = "target",
		.argument = N_("FOLDER"),
		.help = N_("folder on the box to restore into; the box chooses otherwise"),
		.text = &arg_target},
	NO_WAIT,
	{0},
};

const struct verb_option verb_job_log_options[] = {
	{.long_name = "lines",
		.short_name = 'n',
		.argument = N_("NUMBER"),
		.help = N_("how many lines; 100 otherwise, at most 2000"),
		.text = &arg_lines},
	{.long_name = "unit",
		.short_name = 'u',
		.argument = N_("UNIT"),
		.help = N_("only of this unit; may be a pattern"),
		.text = &arg_unit},
	{0},
};

void verb_job_done(struct verb_job *asking)
{
	talk_free(TAKE(asking->talk));
}

int verb_job_connect(struct verb_job *asking)
{
	return ask_open(&asking->console->ask, &asking->talk, &asking->fault, &asking->err);
}

void verb_job_pause(unsigned failures)
{
	unsigned wait_s = failures < 5 ? 1u << failures : 30;

	(void)poll(NULL, 0, (int)wait_s * 1000);
}

int verb_job_begin(struct verb_job *asking, const char *name)
{
	struct console *console = asking->console;
	cleanup_free char *subject = NULL;
	int r;

	r = console_ask(console, name, &asking->err);
	if (r < 0)
		return console_fail(console, &asking->err);
	r = verb_job_connect(asking);
	if (r == 0)
		return 0;
	subject = console_subject(&console->box);
	return console_fail_box(console, subject ? subject : name, asking->fault, &asking->err);
}

int verb_job_fail(struct verb_job *asking)
{
	cleanup_free char *subject = console_subject(&asking->console->box);

	return console_fail_box(asking->console, subject ? subject : asking->console->box.name,
		asking->fault, &asking->err);
}

/* --- running jobs --- */

static void print_job_json(const struct console *console, const struct fleet_job *job)
{
	struct json *json = json_object_new();

	json_set_text(json, "schema", "nexus.job/1");
	json_set_text(json, "box_id", console->box.box_id);
	json_set_text(json, "box", console->box.name);
	json_set(json, "job", fleet_job_to_json(job));
	(void)console_print_json(console, json);
}

static int tell_end(const struct console *console, const struct fleet_job *job)
{
	const struct fleet_job_result *result = &job->result;
	char took[32], added[32];

	if (console->json)
		return job->state == FLEET_JOB_FAILED ? VERB_EXIT_FAILED : VERB_EXIT_OK;
	if (!fleet_job_ended(job)) {
		printf(_("%s: %s has begun as job %s. Follow it: nexus fleet jobs %s\n"),
			console->box.name, progress_kind_word(job->kind), job->id,
			console->box.name);
		return VERB_EXIT_OK;
	}
	if (job->state == FLEET_JOB_FAILED) {
		fprintf(stderr, _("%s: %s failed: %s\n"), console->box.name,
			progress_kind_word(job->kind),
			result->message[0] ? result->message : _("no reason given"));
		return VERB_EXIT_FAILED;
	}
	clock_duration_format(job->ended_s > job->started_s
				      ? (uint64_t)(job->ended_s - job->started_s) * 1000000
				      : 0,
		took);
	printf(_("%s: %s is done, in %s.\n"), console->box.name, progress_kind_word(job->kind),
		took);
	if (result->version[0])
		printf(_("  version   %s\n"), result->version);
	if (result->snapshot[0])
		printf(_("  snapshot  %.16s\n"), result->snapshot);
	if (result->data_added_bytes) {
		table_size(result->data_added_bytes, added);
		printf(_("  new data  %s\n"), added);
	}
	if (result->message[0])
		printf("  %s\n", result->message);
	return VERB_EXIT_OK;
}

static void show(
	const struct verb_job *asking, struct progress *progress, const struct fleet_job *job)
{
	if (asking->console->json)
		print_job_json(asking->console, job);
	else if (!asking->no_wait)
		progress_show(progress, job);
}

/* Asks once how a job stands, over a new connection if there is none. */
static int look_again(struct verb_job *asking, struct fleet_job *job)
{
	struct console *console = asking->console;
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_JOB};
	int r = 0;

	memcpy(request.job, job->id, sizeof(request.job));
	if (!asking->talk)
		r = verb_job_connect(asking);
	if (r == 0)
		r = ask_request(&console->ask, asking->talk, &request, &answer, &asking->fault,
			&asking->err);
	if (r == 0) {
		asking->fault = FAULT_ANSWER;
		r = fleet_contract_answer_job(&answer, job, &asking->err);
	}
	if (r < 0)
		talk_free(TAKE(asking->talk));
	return r;
}

/* The connection broke, the job goes on without us: asks for it now and then, until it has ended
 * or the box stays away. */
static int resume(struct verb_job *asking, struct progress *progress, struct fleet_job *job)
{
	unsigned pauses = 0, failures = 0;
	int r = 0;

	progress_end(progress);
	fprintf(stderr, "%s\n",
		_("The connection broke; the job goes on. Looking for it again ..."));
	talk_free(TAKE(asking->talk));
	while (failures < VERB_JOB_TRIES) {
		verb_job_pause(pauses);
		r = look_again(asking, job);
		if (r == 0) {
			show(asking, progress, job);
			failures = 0;
			pauses = 1;
			if (fleet_job_ended(job))
				return 0;
			continue;
		}
		if (asking->fault == FAULT_BOX || fault_exit(asking->fault) == FAULT_EXIT_REFUSED)
			return r;
		failures++;
		pauses++;
	}
	return r;
}

/* Reads events until the final answer. */
static int read_events(struct verb_job *asking, struct progress *progress,
	struct fleet_contract_answer *answer, struct fleet_job *job)
{
	bool is_event = true;
	int r = 0;

	while (r == 0 && is_event) {
		is_event = answer->is_event;
		r = fleet_contract_answer_job(answer, job, &asking->err);
		fleet_contract_answer_done(answer);
		*answer = (struct fleet_contract_answer){0};
		if (r < 0) {
			asking->fault = FAULT_BOX; /* no use in asking again */
			break;
		}
		show(asking, progress, job);
		if (is_event)
			r = ask_next(&asking->console->ask, asking->talk, answer, &asking->fault,
				&asking->err);
	}
	return r;
}

static int follow(struct verb_job *asking, struct fleet_contract_answer *first)
{
	struct progress progress;
	struct fleet_job job = {0};
	int r;

	progress_init(&progress);
	r = read_events(asking, &progress, first, &job);
	if (r < 0 && job.id[0] && asking->fault != FAULT_BOX)
		r = resume(asking, &progress, &job);
	progress_end(&progress);
	return r < 0 ? verb_job_fail(asking) : tell_end(asking->console, &job);
}

int verb_job_run(struct verb_job *asking, const struct fleet_contract_request *request)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	int r;

	/* The first answer comes soon; after it a job may take its time. */
	r = ask_request(&asking->console->ask, asking->talk, request, &answer, &asking->fault,
		&asking->err);
	if (r < 0)
		return verb_job_fail(asking);
	talk_set_limit(asking->talk, EVENT_SILENCE_US);
	return follow(asking, &answer);
}

static int run_job(
	struct console *console, const char *name, const struct fleet_contract_request *request)
{
	cleanup_verb_job struct verb_job asking = {.console = console, .no_wait = arg_no_wait};
	int r = verb_job_begin(&asking, name);

	return r ? r : verb_job_run(&asking, request);
}

static int run_kind(const char *kind, char **argv, void *context)
{
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_RUN, .follow = !arg_no_wait};

	snprintf(request.kind, sizeof(request.kind), "%s", kind);
	return run_job(context, argv[0], &request);
}

int verb_job_backup(int argc, char **argv, void *context)
{
	(void)argc;
	return run_kind("backup", argv, context);
}

int verb_job_check(int argc, char **argv, void *context)
{
	(void)argc;
	return run_kind("check", argv, context);
}

int verb_job_restore(int argc, char **argv, void *context)
{
	struct console *console = context;
	struct fleet_contract_request request = {
		.op = FLEET_CONTRACT_RUN, .kind = "restore", .follow = !arg_no_wait};
	struct err err = ERR_INIT;
	const char *wrong = NULL;

	(void)argc;
	if (strlen(arg_snapshot) >= sizeof(request.snapshot) || !*arg_snapshot)
		wrong = "read --snapshot: must be an id or 'latest'";
	else if (arg_target && (*arg_target != '/' || strlen(arg_target) >= sizeof(request.target)))
		wrong = "read --target: must be an absolute path on the box";
	if (wrong) {
		err_set(&err, ERR_CONFIG, EINVAL, "%s", wrong);
		(void)console_fail(console, &err);
		return VERB_EXIT_USAGE;
	}
	snprintf(request.snapshot, sizeof(request.snapshot), "%s", arg_snapshot);
	snprintf(request.target, sizeof(request.target), "%s", arg_target ? arg_target : "");
	return run_job(console, argv[0], &request);
}

/* --- listing jobs --- */

static int add_job(struct table *table, const struct fleet_job *job, int64_t now_s, struct err *err)
{
	char started[32], took[32] = "-", state[64];
	const char *cells[6] = {
		job->id, progress_kind_word(job->kind), state, started, took, job->result.message};
	enum table_colour colour = TABLE_PLAIN;

	table_age(job->started_s, now_s, started);
	if (job->ended_s >= job->started_s && job->ended_s > 0)
		clock_duration_format((uint64_t)(job->ended_s - job->started_s) * 1000000, took);
	snprintf(state, sizeof(state), "%s", progress_state_word(job->state));
	if (job->state == FLEET_JOB_RUNNING && job->has_progress)
		snprintf(state, sizeof(state), "%s %d %%", progress_state_word(job->state),
			(int)job->progress.percent);
	if (job->state == FLEET_JOB_DONE)
		colour = TABLE_GOOD;
	if (job->state == FLEET_JOB_FAILED)
		colour = TABLE_BAD;
	return table_add(table, cells, colour, err);
}

static int show_jobs(struct console *console, const struct fleet_job *jobs, size_t count)
{
	const char *const headings[6] = {
		_("JOB"), _("KIND"), _("STATE"), _("AGO"), _("TOOK"), _("WHAT")};
	int64_t now_s = (int64_t)(clock_realtime_us(&clock_system) / 1000000);
	struct err err = ERR_INIT;
	struct table table;
	int r;

	if (count == 0) {
		printf(_("%s has run no jobs yet.\n"), console->box.name);
		return VERB_EXIT_OK;
	}
	r = table_init(&table, headings, 6, 2, &err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = add_job(&table, &jobs[i], now_s, &err);
	if (r == 0)
		table_print(&table, console_coloured(STDOUT_FILENO), 0);
	table_done(&table);
	return r < 0 ? console_fail(console, &err) : VERB_EXIT_OK;
}

static int show_jobs_json(struct console *console, const struct fleet_job *jobs, size_t count)
{
	struct json *json = json_object_new(), *list;

	json_set_text(json, "schema", "nexus.jobs/1");
	json_set_text(json, "box_id", console->box.box_id);
	json_set_text(json, "box", console->box.name);
	list = json_set_array(json, "jobs");
	for (size_t i = 0; i < count; i++)
		json_add(list, fleet_job_to_json(&jobs[i]));
	return console_print_json(console, json);
}

int verb_job_list(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_verb_job struct verb_job asking = {.console = console};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_JOBS};
	cleanup_free struct fleet_job *jobs = calloc(JOBS_MAX, sizeof(*jobs));
	size_t count = 0;
	int r;

	(void)argc;
	if (!jobs) {
		(void)err_oom(&asking.err);
		return console_fail(console, &asking.err);
	}
	r = verb_job_begin(&asking, argv[0]);
	if (r)
		return r;
	r = ask_request(&console->ask, asking.talk, &request, &answer, &asking.fault, &asking.err);
	if (r == 0) {
		asking.fault = FAULT_ANSWER;
		r = fleet_contract_answer_jobs(&answer, jobs, JOBS_MAX, &count, &asking.err);
	}
	if (r < 0)
		return verb_job_fail(&asking);
	return console->json ? show_jobs_json(console, jobs, count)
			     : show_jobs(console, jobs, count);
}

/* --- the journal --- */

static int show_lines(struct console *console, const struct str_list *lines)
{
	struct json *json, *list;

	if (!console->json) {
		for (size_t i = 0; i < lines->count; i++)
			puts(lines->items[i]);
		return VERB_EXIT_OK;
	}
	json = json_object_new();
	json_set_text(json, "schema", "nexus.log/1");
	json_set_text(json, "box_id", console->box.box_id);
	json_set_text(json, "box", console->box.name);
	list = json_set_array(json, "lines");
	for (size_t i = 0; i < lines->count; i++)
		json_add_text(list, lines->items[i]);
	return console_print_json(console, json);
}

static int read_log_options(struct fleet_contract_request *request, struct err *err)
{
	int r = parse_u64(arg_lines, 1, FLEET_CONTRACT_LINES_MAX, &request->lines, err);

	if (r < 0)
		return err_wrap(err, "read --lines");
	if (arg_unit && strlen(arg_unit) >= sizeof(request->unit))
		return err_set(err, ERR_CONFIG, EINVAL, "read --unit: it is too long");
	snprintf(request->unit, sizeof(request->unit), "%s", arg_unit ? arg_unit : "");
	return 0;
}

int verb_job_log(int argc, char **argv, void *context)
{
	struct console *console = context;
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_verb_job struct verb_job asking = {.console = console};
	cleanup_str_list struct str_list lines = {0};
	struct fleet_contract_request request = {.op = FLEET_CONTRACT_LOG};
	int r;

	(void)argc;
	r = read_log_options(&request, &asking.err);
	if (r < 0) {
		(void)console_fail(console, &asking.err);
		return VERB_EXIT_USAGE;
	}
	r = verb_job_begin(&asking, argv[0]);
	if (r)
		return r;
	r = ask_request(&console->ask, asking.talk, &request, &answer, &asking.fault, &asking.err);
	if (r == 0) {
		asking.fault = FAULT_ANSWER;
		r = fleet_contract_answer_lines(&answer, &lines, &asking.err);
	}
	return r < 0 ? verb_job_fail(&asking) : show_lines(console, &lines);
}
