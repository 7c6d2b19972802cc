#include "agent/common/task.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "json/json.h"

#define REPORT_EVERY_US 500000

/* Reports of earlier jobs have been read long since. */
static void clear_reports(const struct task *task)
{
	int fd = fcntl(task->out_fd, F_DUPFD_CLOEXEC, 3);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && unlinkat(task->out_fd, entry->d_name, 0) < 0)
			log_warning("remove %s: %s", entry->d_name, err_reason(errno));
}

int task_open(struct task *ret, const char *root, const char *kind, const char *id, struct err *err)
{
	cleanup_free char *jobs = str_printf("%s/var/lib/nexus-agent/jobs", root);
	cleanup_free char *out = str_printf("%s/run/nexus-jobs", root);
	cleanup_close int jobs_fd = -1;
	int r;

	*ret = (struct task){.root = root, .out_fd = -1};
	if (!jobs || !out)
		return err_oom(err);
	ret->out_fd = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->out_fd < 0)
		return err_errno(err, errno, "open folder %s", out);
	clear_reports(ret);
	jobs_fd = open(jobs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (jobs_fd < 0)
		return err_errno(err, errno, "open folder %s", jobs);
	r = record_read(jobs_fd, id, &ret->record, err);
	if (r < 0)
		return r;
	if (!str_equal(ret->record.job.kind, kind))
		return err_set(err, ERR_BUG, EINVAL, "job %s is no %s", id, kind);
	/* What the daemon wrote was for itself; only the request counts here. */
	ret->record.job.state = FLEET_JOB_RUNNING;
	return 0;
}

void task_done(struct task *task)
{
	if (task->out_fd >= 0)
		close(TAKE_FD(task->out_fd));
}

bool task_is_due(const struct task *task)
{
	return clock_monotonic_us(&clock_system) - task->reported_us >= REPORT_EVERY_US;
}

void task_report(struct task *task)
{
	struct fleet_job *job = &task->record.job;
	cleanup_free char *text = NULL, *name = str_printf("%s.json", job->id);
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;

	job->has_result = fleet_job_ended(job);
	json = fleet_job_to_json(job);
	if (!name)
		return;
	if (json_finish(json, &text, &err) < 0 ||
		file_replace(task->out_fd, name, text, strlen(text), 0644, &err) < 0)
		log_warning("report job: %s", err.text);
	task->reported_us = clock_monotonic_us(&clock_system);
}

void task_end(struct task *task, bool ok)
{
	struct fleet_job *job = &task->record.job;

	if (!*job->id || task->out_fd < 0)
		return;
	job->state = ok ? FLEET_JOB_DONE : FLEET_JOB_FAILED;
	job->ended_s = (int64_t)(clock_realtime_us(&clock_system) / 1000000);
	task_report(task);
}
