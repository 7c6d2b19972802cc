#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#define ERROR_TAIL_BYTES 2048u
#define END_US 5000000u /* for a program that is told to end */

/* Our side of a running child. */
struct child {
	pid_t pid;
	int in, out, err; /* owned, -1 when closed */
};

static void child_done(struct child *child)
{
	int *fds[] = {&child->in, &child->out, &child->err};

	for (size_t i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
		child->pid = 0;
	}
}

static inline void cleanup_child_fn(struct child *child)
{
	child_done(child);
}

/* Our environment with LC_ALL=C, so that what we parse does not depend on the locale. */
static int environment_default(struct str_list *list, struct err *err)
{
	for (char **e = environ; *e; e++) {
		int r;

		if (str_after(*e, "LC_ALL=") || str_after(*e, "LANGUAGE="))
			continue;
		r = str_list_add(list, *e, err);
		if (r < 0)
			return r;
	}
	return str_list_add(list, "LC_ALL=C", err);
}

/* An fd of -1 is left as it is. */
static int spawn(const char *const *argv, char *const *environment, const int fds[3], pid_t *ret,
	struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, defaults;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGHUP);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	r = posix_spawnp(
		ret, argv[0], &actions, &attr, (char *const *)(uintptr_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r ? err_errno(err, r, "start %s", argv[0]) : 0;
}

static int child_start(
	const char *const *argv, char *const *environment, struct child *child, struct err *err)
{
	int in[2], out[2], error[2];
	int r;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_errno(err, errno, "make pipe");
	child->in = in[1];
	cleanup_close int in_read = in[0];
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_errno(err, errno, "make pipe");
	child->out = out[0];
	cleanup_close int out_write = out[1];
	if (pipe2(error, O_CLOEXEC) < 0)
		return err_errno(err, errno, "make pipe");
	child->err = error[0];
	cleanup_close int error_write = error[1];
	r = spawn(argv, environment, (const int[]){in_read, out_write, error_write}, &child->pid,
		err);
	if (r < 0)
		child->pid = 0;
	fcntl(child->in, F_SETFL, O_NONBLOCK);
	return r;
}

static void feed(struct child *child, const struct proc_options *options, size_t *fed)
{
	ssize_t n = 0;

	if (*fed < options->input_size)
		n = write(child->in, options->input + *fed, options->input_size - *fed);
	if (n > 0)
		*fed += (size_t)n;
	if (*fed >= options->input_size || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close(child->in);
		child->in = -1;
	}
}

/* Appends what can be read; closes the descriptor at its end. */
static int drain(int *fd, struct buf *buf, bool tail_only, struct err *err)
{
	char chunk[16384];
	ssize_t n = read(*fd, chunk, sizeof(chunk));
	int r;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return 0;
	}
	r = buf_add(buf, chunk, (size_t)n, err);
	if (r >= 0 && tail_only && buf->size > ERROR_TAIL_BYTES)
		buf_consume(buf, buf->size - ERROR_TAIL_BYTES);
	return r;
}

static int wait_milliseconds(uint64_t deadline_us)
{
	uint64_t now;

	if (!deadline_us)
		return -1;
	now = clock_monotonic_us(&clock_system);
	return now >= deadline_us ? 0 : (int)((deadline_us - now) / 1000 + 1);
}

static int converse(const char *name, struct child *child, const struct proc_options *options,
	uint64_t deadline_us, struct buf *output, struct buf *error, struct err *err)
{
	size_t fed = 0;
	int r = 0;

	while (child->out >= 0 || child->err >= 0) {
		struct pollfd fds[] = {
			{.fd = child->in, .events = POLLOUT},
			{.fd = child->out, .events = POLLIN},
			{.fd = child->err, .events = POLLIN},
		};
		int n = poll(fds, 3, wait_milliseconds(deadline_us));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "wait for %s", name);
		if (n == 0)
			return err_set(err, ERR_SYSTEM, ETIMEDOUT, "run %s: took too long", name);
		if (fds[0].revents)
			feed(child, options, &fed);
		if (fds[1].revents)
			r = drain(&child->out, output, false, err);
		if (r >= 0 && fds[2].revents)
			r = drain(&child->err, error, true, err);
		if (r < 0)
			return err_wrap(err, "read output of %s", name);
	}
	return 0;
}

/* Waits for the end of the child until the deadline. */
static int reap(const char *name, struct child *child, uint64_t deadline_us, int *ret_status,
	struct err *err)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(child->pid, &status, deadline_us ? WNOHANG : 0);

		if (pid == child->pid) {
			child->pid = 0;
			*ret_status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
			return 0;
		}
		if (pid < 0 && errno != EINTR)
			return err_errno(err, errno, "wait for %s", name);
		if (pid == 0 && wait_milliseconds(deadline_us) == 0)
			return err_set(err, ERR_SYSTEM, ETIMEDOUT, "run %s: took too long", name);
		if (pid == 0)
			poll(NULL, 0, 2);
	}
}

int proc_run(const char *const *argv, const struct proc_options *options,
	struct proc_result *ret_result, struct err *err)
{
	static const struct proc_options defaults = {0};
	const struct proc_options *o = options ? options : &defaults;
	struct child child __attribute__((cleanup(cleanup_child_fn))) = {0, -1, -1, -1};
	cleanup_str_list struct str_list list = {0};
	cleanup_buf struct buf output = BUF_INIT(o->output_max ? o->output_max : 1 << 20);
	cleanup_buf struct buf error = BUF_INIT(1 << 20);
	struct proc_result result = {0};
	uint64_t deadline_us =
		o->timeout_us ? clock_monotonic_us(&clock_system) + o->timeout_us : 0;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	int r;

	r = o->environment ? 0 : environment_default(&list, err);
	if (r >= 0)
		r = child_start(argv,
			o->environment ? (char *const *)(uintptr_t)o->environment : list.items,
			&child, err);
	if (r < 0)
		return r;
	sigaction(SIGPIPE, &ignore, &before);
	r = converse(argv[0], &child, o, deadline_us, &output, &error, err);
	sigaction(SIGPIPE, &before, NULL);
	if (r >= 0)
		r = reap(argv[0], &child, deadline_us, &result.status, err);
	if (r < 0)
		return r;
	result.output_size = output.size;
	result.output = buf_take_text(&output);
	result.error_tail = buf_take_text(&error);
	if (!result.output || !result.error_tail) {
		proc_result_done(&result);
		return err_oom(err);
	}
	*ret_result = result;
	return 0;
}

int proc_run_ok(const char *const *argv, const struct proc_options *options, char **ret_output,
	struct err *err)
{
	cleanup_proc_result struct proc_result result = {0};
	int r;

	r = proc_run(argv, options, &result, err);
	if (r < 0)
		return r;
	if (result.status != 0)
		return err_set(err, ERR_SYSTEM, EIO, "run %s: exit status %d: %.400s", argv[0],
			result.status, str_strip(result.error_tail));
	if (ret_output)
		*ret_output = TAKE(result.output);
	return 0;
}

void proc_result_done(struct proc_result *result)
{
	free(result->output);
	free(result->error_tail);
	*result = (struct proc_result){0};
}

/* --- One that is read while it runs --- */

int proc_open(char *const *argv, struct proc_child *ret, struct err *err)
{
	cleanup_proc_child struct proc_child child = PROC_CHILD_INIT;
	cleanup_close int in = open("/dev/null", O_RDONLY | O_CLOEXEC), out = -1;
	int ends[2], r;

	if (in < 0)
		return err_errno(err, errno, "open /dev/null");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, "make pipe");
	child.out = ends[0];
	out = ends[1];
	r = spawn((const char *const *)(uintptr_t)argv, environ, (const int[]){in, out, -1},
		&child.pid, err);
	if (r < 0) {
		child.pid = 0;
		return r;
	}
	*ret = child;
	child = (struct proc_child)PROC_CHILD_INIT;
	return 0;
}

static void close_out(struct proc_child *child)
{
	if (child->out >= 0)
		close(child->out);
	child->out = -1;
}

int proc_end(struct proc_child *child, const volatile bool *stop, struct err *err)
{
	int status;

	close_out(child);
	while (waitpid(child->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(err, errno, "wait for the command");
		if (stop && *stop)
			return err_set(
				err, ERR_SYSTEM, ECANCELED, "wait for the command: interrupted");
	}
	child->pid = 0;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_CONFIG, EIO, "the command was ended by signal %d (%s)",
			WTERMSIG(status), sigdescr_np(WTERMSIG(status)));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_CONFIG, EIO, "the command failed: exit status %d",
			WEXITSTATUS(status));
	return 0;
}

void proc_child_done(struct proc_child *child)
{
	uint64_t until_us = clock_monotonic_us(&clock_system) + END_US;

	close_out(child);
	if (child->pid > 0)
		kill(child->pid, SIGTERM);
	while (child->pid > 0 && waitpid(child->pid, NULL, WNOHANG) == 0) {
		if (clock_monotonic_us(&clock_system) > until_us) {
			kill(child->pid, SIGKILL);
			while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
				;
			break;
		}
		poll(NULL, 0, 10);
	}
	child->pid = 0;
}
