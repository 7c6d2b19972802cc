/* nexus-job: run by the units nexus-backup@, nexus-restore@, nexus-check@ and nexus-backup-init.
 * Reads what was asked from the job's record, runs the engine, and keeps the job's progress and
 * at last its result in /run/nexus-jobs/<id>.json for the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/common/program.h"
#include "agent/common/settings.h"
#include "agent/common/task.h"
#include "agent/worker/engine.h"
#include "agent/worker/repository.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"

#define WORK_FOLDER "/run/nexus-jobs"

/* One run of the engine for one job. */
struct work {
	struct task task;
	struct settings settings;
	struct engine_report report;
	struct buf line; /* the line that is being read */
	bool line_too_long;
};

static volatile sig_atomic_t child_pid;

static void pass_on(int signal)
{
	if (child_pid > 0)
		kill((pid_t)child_pid, signal);
}

/* What the engine said is the job's progress and result. */
static void work_settle(struct work *work)
{
	struct fleet_job *job = &work->task.record.job;

	job->has_progress = work->report.has_progress;
	job->progress = work->report.progress;
	job->result = work->report.result;
}

static void work_report(struct work *work)
{
	work_settle(work);
	task_report(&work->task);
}

static void take_line(struct work *work)
{
	const char *line = (const char *)work->line.data;
	enum engine_line kind;

	if (work->line_too_long || !work->line.size)
		return;
	kind = engine_read_line(line, work->line.size, &work->report);
	if (kind == ENGINE_LINE_STATUS && task_is_due(&work->task))
		work_report(work);
	else if (kind == ENGINE_LINE_ERROR)
		log_warning("nexus-backup: %s", work->report.result.message);
	else if (kind == ENGINE_LINE_OTHER && *line != '{')
		log_info("nexus-backup: %s", line);
}

/* Cuts what came from the engine into lines. */
static void take_bytes(struct work *work, const char *data, size_t size)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n') {
			take_line(work);
			buf_clear(&work->line);
			work->line_too_long = false;
		} else if (!work->line_too_long &&
			   buf_add_byte(&work->line, (uint8_t)data[i], &ignored) < 0) {
			work->line_too_long = true;
		}
	}
}

/* In the child: the engine with both its outputs in the pipe. Does not return. */
static void become_engine(char *const *argv, int pipe_fd)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (dup2(pipe_fd, STDOUT_FILENO) < 0 || dup2(pipe_fd, STDERR_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Reads to the end of the pipe and waits. Returns the exit status, 128 + signal if killed. */
static int follow_engine(struct work *work, int pipe_fd, pid_t pid)
{
	char data[16384];
	struct rusage usage;
	int status = 0;

	for (;;) {
		ssize_t n = read(pipe_fd, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		take_bytes(work, data, (size_t)n);
	}
	take_line(work);
	while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
		;
	child_pid = 0;
	work->report.result.max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_engine(struct work *work, char *const *argv, int *ret_status, struct err *err)
{
	cleanup_close int read_fd = -1, write_fd = -1;
	struct sigaction action = {.sa_handler = pass_on};
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, errno, "make pipe");
	read_fd = fds[0];
	write_fd = fds[1];
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	pid = fork();
	if (pid < 0)
		return err_errno(err, errno, "start %s", argv[0]);
	if (pid == 0)
		become_engine(argv, write_fd);
	child_pid = (sig_atomic_t)pid;
	close(TAKE_FD(write_fd));
	*ret_status = follow_engine(work, read_fd, pid);
	return 0;
}

/* A restore goes below the restore folder and nowhere else. */
static int restore_target(const struct work *work, char **ret_target, struct err *err)
{
	const char *target = work->task.record.request.target, *root = work->settings.restore_root;
	const char *rest = str_after(target, root);

	if (!*target) {
		*ret_target =
			str_printf("%s%s/%s", work->task.root, root, work->task.record.job.id);
		return *ret_target ? 0 : err_oom(err);
	}
	if (!rest || *rest != '/' || strstr(target, "/../") || str_ends(target, "/.."))
		return err_set(
			err, ERR_CONFIG, EINVAL, "restore: the target must be below %s", root);
	*ret_target = str_printf("%s%s", work->task.root, target);
	return *ret_target ? 0 : err_oom(err);
}

static int add_all(struct str_list *list, const char *const *items, struct err *err)
{
	int r = 0;

	for (; *items && r >= 0; items++)
		r = str_list_add(list, *items, err);
	return r;
}

static int add_backup(const struct work *work, struct str_list *argv, struct err *err)
{
	const struct settings *settings = &work->settings;
	const char *const fixed[] = {"--tag", "nexus", NULL};
	int r = add_all(argv, fixed, err);

	for (size_t i = 0; i < settings->backup_excludes.count && r >= 0; i++) {
		const char *const pair[] = {"--exclude", settings->backup_excludes.items[i], NULL};

		r = add_all(argv, pair, err);
	}
	if (r >= 0)
		r = str_list_add(argv, "--", err);
	for (size_t i = 0; i < settings->backup_paths.count && r >= 0; i++)
		r = str_list_add(argv, settings->backup_paths.items[i], err);
	return r;
}

static int add_restore(const struct work *work, struct str_list *argv, struct err *err)
{
	const char *snapshot = work->task.record.request.snapshot;
	cleanup_free char *target = NULL;
	int r;

	r = restore_target(work, &target, err);
	if (r >= 0) {
		const char *const all[] = {
			*snapshot ? snapshot : "latest", "--target", target, NULL};

		r = add_all(argv, all, err);
	}
	return r;
}

static int make_argv(const struct work *work, struct str_list *argv, struct err *err)
{
	const char *kind = work->task.record.job.kind;
	cleanup_free char *key = NULL;
	int r;

	r = repository_key_path(work->task.root, &key, err);
	if (r >= 0) {
		const char *const head[] = {"nexus-backup", "--json", "--repo",
			work->settings.repository, "--password-file", key, kind, NULL};

		r = add_all(argv, head, err);
	}
	if (r >= 0 && str_equal(kind, "backup"))
		r = add_backup(work, argv, err);
	else if (r >= 0 && str_equal(kind, "restore"))
		r = add_restore(work, argv, err);
	else if (r >= 0)
		r = str_list_add(argv, "--read-data", err);
	return r;
}

/* Runs the engine and settles how the job ended. Returns the exit status of this program. */
static int work_run(struct work *work, struct err *err)
{
	cleanup_str_list struct str_list argv = {0};
	struct fleet_job_result *result = &work->report.result;
	const char *text;
	int r, status = 0;

	r = make_argv(work, &argv, err);
	if (r < 0)
		return r;
	work_report(work);
	r = run_engine(work, argv.items, &status, err);
	if (r < 0)
		return r;
	text = engine_status_text(status);
	if (status == 3 && result->message[0]) {
		cleanup_free char *both = str_printf("%s (%s)", text, result->message);

		fleet_text_copy(result->message, sizeof(result->message), both);
	} else if (status && !(result->message[0] && work->report.errors)) {
		fleet_text_copy(result->message, sizeof(result->message), text);
	}
	/* 3: a snapshot was made, without what could not be read. */
	return status == 3 && *result->snapshot ? 0 : status;
}

static int run_job(const char *kind, int argc, char **argv, void *context)
{
	struct work work = {.line = BUF_INIT(ENGINE_LINE_MAX)};
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	r = task_open(&work.task, *(const char **)context, kind, argv[0], &err);
	if (r >= 0)
		r = settings_read(work.task.root, &work.settings, &err);
	if (r >= 0)
		r = work_run(&work, &err);
	if (r < 0) {
		log_error("%s", err.text);
		fleet_text_copy(
			work.report.result.message, sizeof(work.report.result.message), err.text);
	}
	work_settle(&work);
	task_end(&work.task, r == 0);
	settings_done(&work.settings);
	buf_done(&work.line);
	task_done(&work.task);
	return r < 0 ? VERB_EXIT_FAILED : r;
}

static int run_backup(int argc, char **argv, void *context)
{
	return run_job("backup", argc, argv, context);
}

static int run_restore(int argc, char **argv, void *context)
{
	return run_job("restore", argc, argv, context);
}

static int run_check(int argc, char **argv, void *context)
{
	return run_job("check", argc, argv, context);
}

/* The job that needs the repository is never started if it could not be made: the daemon reads
 * why from here. NULL removes it. */
static void leave_init_error(const char *root, const char *text)
{
	cleanup_free char *path = str_printf("%s" WORK_FOLDER "/init.error", root);
	struct err err = ERR_INIT;

	if (!path)
		return;
	if (!text) {
		if (unlink(path) < 0 && errno != ENOENT)
			log_warning("remove %s: %s", path, err_reason(errno));
	} else if (file_replace(AT_FDCWD, path, text, strlen(text), 0644, &err) < 0) {
		log_warning("%s", err.text);
	}
}

static int init(int argc, char **argv, void *context, struct err *err)
{
	cleanup_settings struct settings settings = {0};
	int r;

	(void)argc;
	(void)argv;
	r = settings_read(*(const char **)context, &settings, err);
	if (r >= 0)
		r = repository_make(*(const char **)context, settings.repository, err);
	leave_init_error(*(const char **)context, r < 0 ? err->text : NULL);
	return r;
}

int main(int argc, char **argv)
{
	static const char *arg_root = "";
	static const struct verb verbs[] = {
		{.name = "init",
			.arguments = "",
			.summary = N_("make the key and the repository if they are missing"),
			.attempt = init},
		{"backup", N_("ID"), N_("run the backup that job ID asks for"), NULL, NULL, 1, 1,
			run_backup, NULL},
		{"restore", N_("ID"), N_("run the restore that job ID asks for"), NULL, NULL, 1, 1,
			run_restore, NULL},
		{"check", N_("ID"), N_("run the check that job ID asks for"), NULL, NULL, 1, 1,
			run_check, NULL},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-job",
		.summary = N_("Runs one job of nexus-agent. Its units call it; a person need not."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
