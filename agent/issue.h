/* What the person in front of the box reads above the login prompt: its address, and the code with
 * which it is adopted. */
#ifndef NEXUS_AGENT_ISSUE_H
#define NEXUS_AGENT_ISSUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "fleet/status.h"

struct issue {
	const char *name, *version; /* borrowed */
	const char *code; /* borrowed; "" while it is not known */
	bool adopted;
	const char *console; /* borrowed; who adopted it; "" */
	enum fleet_status_level level;
	const struct str_list *addresses; /* borrowed */
};

/* Owned plain text in the box's language. A backslash, which getty would take for a command, does
 * not get in. */
int issue_format(const struct issue *issue, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));

/* The addresses that others reach this box at: IPv4, and IPv6 that is neither local nor temporary;
 * at most 8. */
int issue_addresses(struct str_list *ret_addresses, struct err *err)
	__attribute__((warn_unused_result));

#endif
