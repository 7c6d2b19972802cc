/* A conversation in the fleet contract with one box: a session, one request at a time, answers
 * and events as they come. Never blocks, but for talk_wait. */
#ifndef NEXUS_CONSOLE_FLEET_TALK_H
#define NEXUS_CONSOLE_FLEET_TALK_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "console/fleet/session.h"
#include "fleet/contract.h"

struct talk_options {
	struct session_options session; /* its command is set by talk_new */
	uint64_t answer_us; /* limit for each answer or event */
};

struct talk;

int talk_new(const struct talk_options *options, struct talk **ret, struct err *err)
	__attribute__((warn_unused_result));
void talk_free(struct talk *talk);
CLEANUP_DEFINE(talk, struct talk *, talk_free);
#define cleanup_talk CLEANUP(talk)

/* Borrowed; for phase, fault, descriptor and permission. */
struct session *talk_session(struct talk *talk);

/* The next request; sent as soon as the session is open. Its id is chosen here. Only after the
 * answer to the one before. */
int talk_ask(struct talk *talk, const struct fleet_contract_request *request, struct err *err)
	__attribute__((warn_unused_result));

/* Goes on as far as it can: 1 and an answer or event (give it to fleet_contract_answer_done), 0
 * when waiting, or why it failed; then talk_fault says at which step. An answer with ok false
 * is returned as an answer. */
int talk_step(struct talk *talk, uint64_t now_us, struct fleet_contract_answer *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Another limit for the answers and events to come. */
void talk_set_limit(struct talk *talk, uint64_t answer_us);

enum fault talk_fault(const struct talk *talk);
short talk_events(struct talk *talk);
uint64_t talk_deadline_us(struct talk *talk);
void talk_extend(struct talk *talk, uint64_t extra_us);

/* Blocks until there is an answer or event, or it failed: returns as talk_step, never 0. */
int talk_wait(struct talk *talk, const struct clock *clock, struct fleet_contract_answer *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Blocks until the session is open: 1, or why it failed. */
int talk_wait_open(struct talk *talk, const struct clock *clock, struct err *err)
	__attribute__((warn_unused_result));

#endif
