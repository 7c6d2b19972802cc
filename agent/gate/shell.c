#include "agent/gate/shell.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/common/journal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

/* What ends the shell, by key or by a lost connection, is not for its keeper. */
static const int signals[] = {SIGINT, SIGQUIT, SIGHUP};
#define SIGNALS (sizeof(signals) / sizeof(*signals))

/* In the child: never returns. */
static void become_shell(const char *shell, const char *command)
{
	const char *base = strrchr(shell, '/');
	cleanup_free char *login = str_printf("-%s", base ? base + 1 : shell);

	for (size_t i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_DFL);
	if (login && command)
		execl(shell, login, "-c", command, (char *)NULL);
	else if (login)
		execl(shell, login, (char *)NULL);
	_exit(127);
}

int shell_run(const char *operator, const char * command, struct err *err)
{
	cleanup_free char *field = str_printf("NEXUS_OPERATOR=%s", operator);
	const struct passwd *user = getpwuid(getuid());
	uint64_t start_us = clock_monotonic_us(&clock_system);
	char took[32];
	pid_t pid;
	int status;

	if (!user || !*user->pw_shell)
		return err_set(err, ERR_SYSTEM, ENOENT, "open shell: this user has none");
	journal_event(JOURNAL_SHELL_OPENED, LOG_LEVEL_NOTICE, field,
		"%s opened a shell%s%s", operator, command ? ": " : "", command ? command : "");
	/* What the person types is for the shell; this process waits to write the end. */
	for (size_t i = 0; i < SIGNALS; i++)
		signal(signals[i], SIG_IGN);
	pid = fork();
	if (pid < 0)
		return err_errno(err, errno, "open shell");
	if (pid == 0)
		become_shell(user->pw_shell, command);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	clock_duration_format(clock_monotonic_us(&clock_system) - start_us, took);
	journal_event(JOURNAL_SHELL_CLOSED, LOG_LEVEL_NOTICE, field,
		"%s closed the shell after %s", operator, took);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
