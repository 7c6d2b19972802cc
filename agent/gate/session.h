/* One conversation in the fleet contract: requests come in line by line, answers and events go out.
 */
#ifndef NEXUS_AGENT_GATE_SESSION_H
#define NEXUS_AGENT_GATE_SESSION_H

#include <stdbool.h>

#include "base/err.h"

/* Serves until input ends. adopt_only: every op but adopt is refused; otherwise adopt is. Returns 0
 * at the end of input; -EPIPE and the like when the other side is gone; the errno of opening the
 * bus. */
int session_serve(int in_fd, int out_fd, bool adopt_only, struct err *err)
	__attribute__((warn_unused_result));

#endif
