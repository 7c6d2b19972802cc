#include "agent/report.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "agent/common/journal.h"
#include "agent/common/shown.h"
#include "agent/issue.h"
#include "agent/schedule.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"

const char *report_state(const struct agent *agent)
{
	return jobs_running(agent->jobs) ? "busy" : "idle";
}

/* The newest backup that ended, or NULL. */
static const struct fleet_job *last_backup(const struct agent *agent)
{
	const struct fleet_job *job;

	for (size_t i = 0; (job = jobs_get(agent->jobs, i)); i++)
		if (fleet_job_ended(job) && str_equal(job->kind, "backup"))
			return job;
	return NULL;
}

void report_backup(const struct agent *agent, struct fleet_status_backup *backup)
{
	const struct fleet_job *done = jobs_last(agent->jobs, "backup", FLEET_JOB_DONE);
	const struct fleet_job *last = last_backup(agent);
	const struct fleet_job *failed = last && last->state == FLEET_JOB_FAILED ? last : NULL;
	const struct settings *settings = &agent->settings;
	struct schedule schedule = {
		.now_s = (int64_t)(clock_realtime_us(agent->clock) / 1000000),
		.boot_s = agent->boot_s,
		.last_success_s = done ? done->ended_s : 0,
		.last_failure_s = failed ? failed->ended_s : 0,
		.interval_s = settings->interval_us / 1000000,
		.jitter_s = settings->jitter_us / 1000000,
		.retry_s = settings->retry_us / 1000000,
		.boot_delay_s = settings->boot_delay_us / 1000000,
		.seed = schedule_seed(agent->identity.box_id),
	};

	*backup = (struct fleet_status_backup){0};
	if (done) {
		backup->last_success_s = done->ended_s;
		fleet_text_copy(backup->snapshot, sizeof(backup->snapshot), done->result.snapshot);
	}
	if (last)
		fleet_text_copy(backup->last_result, sizeof(backup->last_result),
			failed ? "failed" : "done");
	if (settings->backup_enabled)
		backup->next_s = schedule_next(&schedule);
}

void report_status(const struct agent *agent, struct fleet_status *status)
{
	*status = (struct fleet_status){0};
	health_evaluate(&agent->facts, &agent->settings, status);
	fleet_text_copy(status->box.id, sizeof(status->box.id), agent->identity.box_id);
	fleet_text_copy(status->box.name, sizeof(status->box.name), agent->identity.name);
	fleet_text_copy(status->box.version, sizeof(status->box.version), agent->image.version);
	fleet_text_copy(status->box.distribution, sizeof(status->box.distribution),
		agent->image.distribution);
	status->box.adopted = agent->identity.adopted_s != 0;
	for (size_t i = 0; i < FLEET_STATUS_JOBS_MAX; i++) {
		const struct fleet_job *job = jobs_get(agent->jobs, i);

		if (!job)
			break;
		status->jobs[status->job_count++] = *job;
	}
}

/* The adoption code, or "" while it is not there. */
static void read_code(const struct agent *agent, char *ret_code, size_t size)
{
	cleanup_free char *text = NULL;
	struct err ignored = ERR_INIT;

	*ret_code = '\0';
	if (!agent->identity.adopted_s &&
		file_read(agent->adoption_fd, SHOWN_CODE, 64, &text, NULL, &ignored) >= 0)
		fleet_text_copy(ret_code, size, str_strip(text));
}

/* Makes getty show the issue anew on the screens where nobody types: it watches this file. Without
 * it (or without getty) there is nobody to tell. */
static void wake_getty(const struct agent *agent)
{
	cleanup_free char *path = str_printf("%s/run/agetty.reload", agent->root);
	cleanup_close int fd = path ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;

	if (fd >= 0 && futimens(fd, NULL) < 0)
		log_debug("wake getty: %s", err_reason(errno));
}

int report_issue(struct agent *agent, struct err *err)
{
	cleanup_str_list struct str_list addresses = {0};
	cleanup_free char *text = NULL;
	char code[32];
	struct issue issue = {
		.name = agent->identity.name,
		.version = agent->image.version,
		.code = code,
		.adopted = agent->identity.adopted_s != 0,
		.console = agent->identity.console,
		.level = agent->level,
		.addresses = &addresses,
	};
	int r;

	read_code(agent, code, sizeof(code));
	r = issue_addresses(&addresses, err);
	if (r >= 0)
		r = issue_format(&issue, &text, err);
	if (r < 0)
		return err_wrap(err, "write issue");
	if (agent->issue && str_equal(agent->issue, text))
		return 0;
	r = file_replace(agent->run_fd, "issue", text, strlen(text), 0644, err);
	if (r < 0)
		return err_wrap(err, "write issue");
	free(agent->issue);
	agent->issue = TAKE(text);
	wake_getty(agent);
	return 0;
}

void report_evaluate(struct agent *agent)
{
	cleanup_free struct fleet_status *status = malloc(sizeof(*status));
	struct err err = ERR_INIT;

	if (!status)
		return;
	agent->facts.now_s = (int64_t)(clock_realtime_us(agent->clock) / 1000000);
	agent->facts.backup_enabled = agent->settings.backup_enabled;
	report_backup(agent, &agent->facts.backup);
	report_status(agent, status);
	if (status->level != agent->level) {
		journal_event(JOURNAL_HEALTH_CHANGED,
			status->level > agent->level ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, NULL,
			"health is %s", fleet_status_level_name(status->level));
		agent->level = status->level;
		report_property(agent, "Health");
		sd_notifyf(0, "STATUS=%s: %s", agent->identity.name,
			fleet_status_level_name(agent->level));
	}
	if (report_issue(agent, &err) < 0)
		log_warning("%s", err.text);
}

void report_property(struct agent *agent, const char *property)
{
	if (agent->ops)
		agent->ops->property_changed(agent->ops_context, property);
}
