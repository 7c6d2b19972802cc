/* The events that deserve an id in the journal: the catalogue explains each of them. */
#ifndef NEXUS_AGENT_COMMON_JOURNAL_H
#define NEXUS_AGENT_COMMON_JOURNAL_H

#include "base/log.h"

/* Ids of agent/data/nexus.catalog, and of its Spanish twin. */
#define JOURNAL_BOOT_UNCLEAN "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c01"
#define JOURNAL_BOOT_GOOD "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c02"
#define JOURNAL_BOOT_FALLBACK "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c03"
#define JOURNAL_HEALTH_CHANGED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c04"
#define JOURNAL_JOB_DONE "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c05"
#define JOURNAL_JOB_FAILED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c06"
#define JOURNAL_ADOPTED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c07"
#define JOURNAL_ADOPT_REFUSED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c08"
#define JOURNAL_SHELL_OPENED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c09"
#define JOURNAL_GATE_REFUSED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c0a"
#define JOURNAL_SETTINGS_BAD "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c0b"
#define JOURNAL_RESTART "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c0d"
#define JOURNAL_TRIAL_FAILED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c0e"
#define JOURNAL_SHELL_CLOSED "4b0d1fe1a30f4d5f8b0a6e9a5a3f7c0c"

/* Sends one event to the journal; without one it goes to stderr. field (may be NULL) is one more
 * field, "NAME=value". */
void journal_event(const char *message_id, enum log_level level, const char *field,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
