#include "agent/work.h"

#include <errno.h>
#include <string.h>

#include "agent/common/journal.h"
#include "agent/report.h"
#include "agent/trial.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"

#define LOST_LOOKS_MAX 2
#define BOOTSTATE_UNIT "nexus-bootstate.service" /* shows the boot state anew */

static char *unit_of(const struct fleet_job *job)
{
	return str_printf("nexus-%s@%s.service", job->kind, job->id);
}

static int start_job(void *context, const struct fleet_job *job, struct err *err)
{
	struct agent *agent = context;
	cleanup_free char *unit = unit_of(job);

	if (!unit)
		return err_oom(err);
	agent->lost_looks = 0;
	return units_start(agent->units, unit, err);
}

static void job_changed(void *context, const struct fleet_job *job)
{
	struct agent *agent = context;
	cleanup_free char *field = str_printf("NEXUS_JOB=%s", job->id);

	if (job->state == FLEET_JOB_DONE)
		journal_event(JOURNAL_JOB_DONE, LOG_LEVEL_NOTICE, field, "%s %s is done", job->kind,
			job->id);
	else if (job->state == FLEET_JOB_FAILED)
		journal_event(JOURNAL_JOB_FAILED, LOG_LEVEL_ERROR, field, "%s %s failed: %s",
			job->kind, job->id, job->result.message);
	if (agent->ops) {
		agent->ops->job_changed(agent->ops_context, job);
		if (!job->has_progress || fleet_job_ended(job))
			agent->ops->property_changed(agent->ops_context, "State");
	}
}

const struct jobs_ops work_jobs_ops = {.start = start_job, .changed = job_changed};

/* What the worker left in /run/nexus-jobs; true if it tells of this job. */
static bool read_work(const struct agent *agent, const char *id, struct fleet_job *ret)
{
	cleanup_free char *name = str_printf("%s.json", id), *text = NULL;
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	size_t size;
	int r;

	if (!name)
		return false;
	r = file_read(agent->work_fd, name, RECORD_TEXT_MAX, &text, &size, &err);
	if (r >= 0)
		r = json_parse(text, size, RECORD_TEXT_MAX, &json, &err);
	if (r >= 0)
		r = fleet_job_from_json(json, ret, &err);
	if (r < 0 && r != -ENOENT)
		log_warning("read report of job %s: %s", id, err.text);
	return r >= 0 && str_equal(ret->id, id);
}

void work_take(struct agent *agent)
{
	const struct fleet_job *running = jobs_running(agent->jobs);
	struct fleet_job reported;

	if (running && read_work(agent, running->id, &reported))
		jobs_report(agent->jobs, &reported);
}

static void end_update(struct agent *agent, const struct fleet_job *job, bool ok)
{
	const struct fleet_contract_request *request = jobs_request(agent->jobs, job->id);
	struct err err = ERR_INIT;

	if (ok && !request->only_check)
		trial_installed(agent, job->result.version);
	/* RAUC has written the boot state. */
	if (units_start(agent->units, BOOTSTATE_UNIT, &err) < 0)
		log_warning("%s", err.text);
}

/* Ends the running job; ok and why are what its unit said. */
static void end_job(struct agent *agent, bool ok, const char *why)
{
	const struct fleet_job *running = jobs_running(agent->jobs);
	char id[FLEET_JOB_ID_SIZE];

	if (!running)
		return;
	memcpy(id, running->id, sizeof(id));
	work_take(agent);
	if (str_equal(running->kind, "update"))
		end_update(agent, running, ok);
	jobs_ended(agent->jobs, id, ok, why);
	report_evaluate(agent);
}

/* Why the repository could not be made, from nexus-backup-init. Owned. */
static char *read_init_error(const struct agent *agent)
{
	cleanup_free char *text = NULL;
	struct err ignored = ERR_INIT;

	if (file_read(agent->work_fd, "init.error", ERR_TEXT_MAX, &text, NULL, &ignored) < 0)
		return strdup(_("The backup repository could not be made."));
	return TAKE(text);
}

void work_unit_ended(struct agent *agent, const char *unit, const char *result, const char *why)
{
	const struct fleet_job *running = jobs_running(agent->jobs);
	cleanup_free char *of_job = running ? unit_of(running) : NULL, *text = NULL;
	bool ok = str_equal(result, "done");

	if (!of_job || !str_equal(unit, of_job))
		return;
	if (str_equal(result, "dependency"))
		text = read_init_error(agent);
	else if (!ok)
		text = str_printf("%s: %s%s%s", unit, result, why ? ": " : "", why ? why : "");
	end_job(agent, ok, text ? text : result);
}

void work_unit_looked(struct agent *agent, const char *unit, bool active)
{
	const struct fleet_job *running = jobs_running(agent->jobs);
	cleanup_free char *of_job = running ? unit_of(running) : NULL;
	struct fleet_job reported;

	if (!of_job || !str_equal(unit, of_job))
		return;
	if (active)
		agent->lost_looks = 0;
	if (active || ++agent->lost_looks < LOST_LOOKS_MAX)
		return;
	if (read_work(agent, running->id, &reported) && fleet_job_ended(&reported))
		end_job(agent, reported.state == FLEET_JOB_DONE, NULL);
	else
		end_job(agent, false, _("interrupted: the box was switched off or restarted"));
}

void work_look(struct agent *agent)
{
	const struct fleet_job *running = jobs_running(agent->jobs);
	cleanup_free char *unit = running ? unit_of(running) : NULL;

	if (unit)
		units_look(agent->units, unit);
}

void work_resume(struct agent *agent)
{
	if (!jobs_running(agent->jobs)) {
		jobs_go_on(agent->jobs);
		return;
	}
	/* It ran when this daemon ended: one look decides. */
	agent->lost_looks = LOST_LOOKS_MAX - 1;
	work_look(agent);
}
