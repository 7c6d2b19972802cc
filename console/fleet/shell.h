/* A shell on a box, or one command: what is typed goes there, what comes is shown. */
#ifndef NEXUS_CONSOLE_FLEET_SHELL_H
#define NEXUS_CONSOLE_FLEET_SHELL_H

#include "console/fleet/ask.h"
#include "console/fleet/fault.h"

/* Runs command (shell text for the box; NULL: a login shell) with stdin, stdout and stderr of
 * this process until it ends; on a terminal with one of its own there. Returns 0 and its exit
 * status (255 if it was killed), or an error with *ret_fault; FAULT_ANSWER: the connection
 * broke while it ran. Enter, '~' and '.' ends a connection that hangs. Blocks. */
int shell_run(struct ask *ask, const char *command, int *ret_status, enum fault *ret_fault,
	struct err *err) __attribute__((warn_unused_result));

#endif
