/* The last lines of the journal, for the contract's op log. */
#ifndef NEXUS_AGENT_GATE_LOG_H
#define NEXUS_AGENT_GATE_LOG_H

#include <stdint.h>

#include "base/err.h"
#include "json/json.h"

/* Reads at most lines of a unit or pattern ("": nexus-*), oldest first. ret_lines is an owned array
 * of texts. Blocks, at most 20 s. */
int log_read(const char *unit, uint64_t lines, struct json **ret_lines, struct err *err)
	__attribute__((warn_unused_result));

#endif
