/* A login shell for an operator, with its beginning and end in the journal. */
#ifndef NEXUS_AGENT_GATE_SHELL_H
#define NEXUS_AGENT_GATE_SHELL_H

#include "base/err.h"

/* Runs this user's shell, as a login shell, or with "-c command" (NULL: interactive). operator is
 * who the key says it is. Returns the shell's exit status. Blocks. */
int shell_run(const char *operator, const char * command, struct err *err)
	__attribute__((warn_unused_result));

#endif
