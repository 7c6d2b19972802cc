/* The durable record of one job: /var/lib/nexus-agent/jobs/<id>.json. The agent writes it before
 * the work starts and when it has ended; the worker reads from it what was asked. */
#ifndef NEXUS_AGENT_COMMON_RECORD_H
#define NEXUS_AGENT_COMMON_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/contract.h"

#define RECORD_TEXT_MAX (64u << 10) /* bytes of a record's file */

struct record {
	uint64_t sequence; /* rises with each job of the box; orders them whatever the clock says */
	struct fleet_contract_request request; /* op run */
	struct fleet_job job;
};

/* Owned text. -ENOMEM. */
int record_format(const struct record *record, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));

/* -EBADMSG for what is no record. */
int record_parse(const char *text, size_t size, struct record *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Reads <id>.json from a folder; -EINVAL for what can't be an id. */
int record_read(int dir_fd, const char *id, struct record *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Replaces <id>.json durably. */
int record_write(int dir_fd, const struct record *record, struct err *err)
	__attribute__((warn_unused_result));

#endif
