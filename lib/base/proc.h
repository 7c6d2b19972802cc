/* Running another program: an argument list, never a shell; output caught with a limit, an end
 * enforced by a deadline. */
#ifndef NEXUS_BASE_PROC_H
#define NEXUS_BASE_PROC_H

#include <stddef.h>
#include <stdint.h>

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

static inline void cleanup_proc_result_fn(struct proc_result *result)
{
	int saved = errno;

	proc_result_done(result);
	errno = saved;
}
#define cleanup_proc_result __attribute__((cleanup(cleanup_proc_result_fn)))

#endif
