/* The history of this box's boots: how many, how many of them after an end that was not clean
 * (a power cut, a reset, a crash), and when. Kept in boots.json, which is replaced atomically and
 * carries a stamp of when the box was last seen alive. */
#ifndef NEXUS_AGENT_BOOTS_H
#define NEXUS_AGENT_BOOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "fleet/status.h"

#define BOOTS_ID_SIZE 40

struct boots {
	char boot_id[BOOTS_ID_SIZE]; /* of the boot that wrote this */
	bool clean; /* that boot ended as it should */
	int64_t alive_s; /* since 1970: it lived at this time */
	uint64_t count, power_cuts;
	int64_t times_s[FLEET_STATUS_POWER_CUTS_MAX]; /* of the last power cuts, newest last */
	size_t time_count;
};

enum boots_kind {
	BOOTS_SAME, /* the agent was started again within a boot */
	BOOTS_FIRST, /* nothing is known of an earlier boot */
	BOOTS_AFTER_CLEAN,
	BOOTS_AFTER_CUT,
};

/* Owned text. */
int boots_format(const struct boots *boots, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));
int boots_parse(const char *text, size_t size, struct boots *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Enters the boot boot_id at now_s. A stamp from before min_s (of a clock that was wrong) counts
 * as a cut, but gives no time. */
enum boots_kind boots_begin(struct boots *boots, const char *boot_id, int64_t now_s, int64_t min_s);

/* Reads boots.json; a missing one is an empty history. A damaged one is put aside as
 * boots.json.bad, and the history is empty too. */
int boots_read(int state_fd, struct boots *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Writes it durably. */
int boots_write(int state_fd, const struct boots *boots, struct err *err)
	__attribute__((warn_unused_result));

#endif
