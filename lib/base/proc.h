/* Running another program: an argument list, never a shell; output caught with a limit, an end
 * enforced by a deadline. */
#ifndef NEXUS_BASE_PROC_H
#define NEXUS_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct proc_options {
	const char *input; /* borrowed; fed to stdin; NULL: /dev/null */
	size_t input_size; /* bytes */
	size_t output_max; /* bytes of stdout kept; more is -EFBIG; 0 means 1 MiB */
	uint64_t timeout_us; /* 0: none. Past it the child is killed: -ETIMEDOUT */
	const char *const *environment; /* borrowed "NAME=value" list; NULL: ours plus LC_ALL=C */
};

struct proc_result {
	char *output; /* owned, NUL-terminated stdout */
	size_t output_size;
	char *error_tail; /* owned, NUL-terminated last 2 KiB of stderr */
	int status; /* exit status 0-255, or 128 + the signal */
};

/* Runs argv[0] (found in PATH) and waits for its end. Returns 0 whatever the exit status;
 * fails if it could not be started, ran out of time or wrote too much. options may be NULL. */
int proc_run(const char *const *argv, const struct proc_options *options,
	struct proc_result *ret_result, struct err *err) __attribute__((warn_unused_result));

/* The same, and an exit status other than 0 is an error that quotes the end of stderr.
 * ret_output may be NULL; otherwise owned. */
int proc_run_ok(const char *const *argv, const struct proc_options *options, char **ret_output,
	struct err *err) __attribute__((warn_unused_result));

void proc_result_done(struct proc_result *result);

/* A program whose standard output is read while it runs. */
struct proc_child {
	pid_t pid; /* 0: it has ended */
	int out; /* owned; -1: closed */
};

#define PROC_CHILD_INIT                                                                            \
	{                                                                                          \
		0, -1                                                                              \
	}

/* Starts argv[0] (found in PATH) with our environment and standard error, and nothing to read.
 * ret is to be released with proc_child_done. */
int proc_open(char *const *argv, struct proc_child *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Reads no more of it and waits for its end. An exit status other than 0 is an error (kind
 * config); -ECANCELED when a signal came and stop (may be NULL) is true. */
int proc_end(struct proc_child *child, const volatile bool *stop, struct err *err)
	__attribute__((warn_unused_result));

/* Ends it if it still runs: told to, and after 5 s killed. */
void proc_child_done(struct proc_child *child);

static inline void cleanup_proc_child_fn(struct proc_child *child)
{
	int saved = errno;

	proc_child_done(child);
	errno = saved;
}
#define cleanup_proc_child __attribute__((cleanup(cleanup_proc_child_fn)))

static inline void cleanup_proc_result_fn(struct proc_result *result)
{
	int saved = errno;

	proc_result_done(result);
	errno = saved;
}
#define cleanup_proc_result __attribute__((cleanup(cleanup_proc_result_fn)))

#endif
