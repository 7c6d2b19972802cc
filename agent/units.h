/* What the agent asks of systemd, over D-Bus, never waiting for an answer: start a unit and be told
 * how it ended, which units have failed, whether the start of the system has ended, whether the
 * clock is set by the network. */
#ifndef NEXUS_AGENT_UNITS_H
#define NEXUS_AGENT_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#include "base/err.h"
#include "base/str.h"

struct units;

struct units_ops {
	/* A unit that was started here, or watched, is done: result is systemd's word ("done",
	 * "failed", "timeout", "dependency", "canceled", ...), or "refused" with why (else NULL).
	 */
	void (*ended)(void *context, const char *unit, const char *result, const char *why);
	/* The units that have failed, borrowed for the call. */
	void (*failed)(void *context, const struct str_list *units);
	/* "starting", "running", "degraded", "stopping", ... */
	void (*system_state)(void *context, const char *state);
	/* Answer to units_look: active is true while it works or is about to. */
	void (*looked)(void *context, const char *unit, bool active);
};

/* Borrows all. Subscribes to systemd's signals. */
int units_open(sd_bus *bus, const struct units_ops *ops, void *context, struct units **ret,
	struct err *err) __attribute__((warn_unused_result));
void units_free(struct units *units);

/* Starts a oneshot unit; ops->ended tells the end. A target (a restart of the system) is not to be
 * called off by what is asked for later. */
int units_start(struct units *units, const char *unit, struct err *err)
	__attribute__((warn_unused_result));

/* Each asks once; the answer comes by its op. A peer that is away gives no answer. */
void units_look(struct units *units, const char *unit);
void units_ask_failed(struct units *units);
void units_ask_system_state(struct units *units);

/* True if systemd is taking the system down. Waits for the answer, at most a second. */
bool units_system_stops(struct units *units);

#endif
