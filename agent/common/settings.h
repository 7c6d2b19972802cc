/* /etc/nexus/agent.conf and agent.conf.d: what this box backs up, where to, how often, and from
 * which figures on its health is no longer good. */
#ifndef NEXUS_AGENT_COMMON_SETTINGS_H
#define NEXUS_AGENT_COMMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/common/window.h"
#include "base/err.h"
#include "base/str.h"

#define SETTINGS_PATH "/etc/nexus/agent.conf"

struct settings {
	/* [Backup] */
	bool backup_enabled;
	struct str_list backup_paths, backup_excludes;
	char *repository; /* owned; a folder or restic's location */
	uint64_t interval_us, jitter_us; /* between successes; what a box adds to it, at most */
	uint64_t retry_us; /* after a failure */
	uint64_t boot_delay_us; /* no scheduled backup sooner after boot */
	char *restore_root; /* owned; restores go below it */
	/* [Update] */
	char *update_window_text; /* owned */
	struct window update_window; /* of the text: when to restart into an update */
	/* [Health] */
	uint64_t space_warn_percent, space_fail_percent; /* free space below it */
	uint64_t memory_warn_percent, memory_fail_percent; /* available memory below it */
	uint64_t temperature_warn_c, temperature_fail_c;
	uint64_t backup_warn_us, backup_fail_us; /* age of the last good backup */
	uint64_t gate_delay_us; /* calm time before a boot is called good */
	uint64_t gate_limit_us; /* after it a new system that is not good yet is left */
	bool read_root; /* read the whole root before calling a new system good */
};

/* Reads root's settings (root "" is the system's) over the defaults. No file at all is fine. On
 * failure, which names file and line, *ret holds the defaults. Give it to settings_done. */
int settings_read(const char *root, struct settings *ret, struct err *err)
	__attribute__((warn_unused_result));

void settings_done(struct settings *settings);

static inline void cleanup_settings_fn(struct settings *settings)
{
	int saved = errno;

	settings_done(settings);
	errno = saved;
}
#define cleanup_settings __attribute__((cleanup(cleanup_settings_fn)))

#endif
