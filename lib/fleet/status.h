/* The status document of a box, schema "nexus.status/1": what the agent knows, what the console
 * shows. A plain value with bounded lists: nobody frees it (it is about 60 KiB: keep it on the
 * heap). Members that the document lacks are zero or "". */
#ifndef NEXUS_FLEET_STATUS_H
#define NEXUS_FLEET_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/job.h"
#include "json/json.h"

#define FLEET_STATUS_SCHEMA "nexus.status/1"
#define FLEET_STATUS_TEXT_MAX (256u << 10) /* bytes of a document */
#define FLEET_STATUS_ID_SIZE 64
#define FLEET_STATUS_NAME_SIZE 64
#define FLEET_STATUS_TEXT_SIZE 256

enum {
	FLEET_STATUS_CHECKS_MAX = 24,
	FLEET_STATUS_POWER_CUTS_MAX = 20,
	FLEET_STATUS_FILESYSTEMS_MAX = 16,
	FLEET_STATUS_DISKS_MAX = 16,
	FLEET_STATUS_WARNINGS_MAX = 8, /* of one disk */
	FLEET_STATUS_UNITS_MAX = 32,
	FLEET_STATUS_JOBS_MAX = 16,
	FLEET_STATUS_SLOTS_MAX = 2,
};

enum fleet_status_level {
	FLEET_STATUS_OK,
	FLEET_STATUS_WARN,
	FLEET_STATUS_FAIL,
};

struct fleet_status_check {
	char id[32]; /* "space", "smart", "memory", "temperature", "units", "clock", ... */
	enum fleet_status_level level;
	char text[FLEET_STATUS_TEXT_SIZE]; /* one sentence in the box's language */
};

struct fleet_status_box {
	char id[FLEET_STATUS_ID_SIZE];
	char name[FLEET_STATUS_NAME_SIZE];
	char version[FLEET_STATUS_NAME_SIZE]; /* of the image, or of the agent without one */
	char distribution[FLEET_STATUS_NAME_SIZE];
	bool adopted;
};

struct fleet_status_boot {
	char mode[16]; /* "live", "installed"; "": not an image */
	char slot[8]; /* "A" or "B"; "": none */
	char proven[8]; /* the slot that was marked good before, or "" */
	bool good; /* the running slot is marked good */
	uint64_t count; /* boots seen by the agent */
	uint64_t power_cuts; /* of them, after an end that was not clean */
	int64_t power_cut_times_s[FLEET_STATUS_POWER_CUTS_MAX]; /* since 1970; newest last */
	size_t power_cut_times;
};

/* One of the two places for a system. */
struct fleet_status_slot {
	char name[8]; /* "A", "B" */
	char version[FLEET_STATUS_NAME_SIZE]; /* "": not known */
	bool ok; /* GRUB may start it */
	uint64_t tries; /* starts that were not called good yet */
	bool proven; /* it was the last to be called good */
	/* "good"; "trial": runs, not called good yet; "waiting": an update before its first start;
	 * "bad": not to be started; "empty". */
	char state[16];
};

struct fleet_status_filesystem {
	char path[128];
	uint64_t size_bytes, free_bytes;
};

struct fleet_status_disk {
	char name[32]; /* of the device, e.g. "sda" */
	char model[64], serial[64];
	char smart[16]; /* "passed", "failed" or "unknown" */
	bool has_temperature;
	int64_t temperature_c;
	char warnings[FLEET_STATUS_WARNINGS_MAX][FLEET_STATUS_TEXT_SIZE];
	size_t warning_count;
};

struct fleet_status_backup {
	int64_t last_success_s; /* since 1970; 0: never */
	char last_result[16]; /* "done", "failed"; "": none yet */
	char snapshot[FLEET_JOB_SNAPSHOT_SIZE]; /* of the last success */
	int64_t next_s; /* 0: not planned */
};

struct fleet_status {
	int64_t time_s; /* since 1970 */
	struct fleet_status_box box;
	uint64_t uptime_s;
	struct fleet_status_boot boot;
	struct fleet_status_slot slots[FLEET_STATUS_SLOTS_MAX];
	size_t slot_count; /* 0: the machine is no image, or its agent does not tell */
	enum fleet_status_level level; /* the worst of the checks */
	struct fleet_status_check checks[FLEET_STATUS_CHECKS_MAX];
	size_t check_count;
	struct {
		uint64_t total_bytes, available_bytes, agent_rss_bytes;
	} memory;
	struct fleet_status_filesystem filesystems[FLEET_STATUS_FILESYSTEMS_MAX];
	size_t filesystem_count;
	struct fleet_status_disk disks[FLEET_STATUS_DISKS_MAX];
	size_t disk_count;
	bool has_temperature;
	double temperature_c;
	char failed_units[FLEET_STATUS_UNITS_MAX][128];
	size_t failed_unit_count;
	bool clock_synchronized;
	struct fleet_status_backup backup;
	struct fleet_job jobs[FLEET_STATUS_JOBS_MAX]; /* newest first */
	size_t job_count;
};

/* "ok", "warn", "fail"; static. Parse: false if unknown. */
const char *fleet_status_level_name(enum fleet_status_level level);
bool fleet_status_level_parse(const char *name, enum fleet_status_level *ret);

/* Adds a check and raises the document's level to its; past FLEET_STATUS_CHECKS_MAX only the
 * level is raised. text is copied, cut when too long. */
void fleet_status_add_check(struct fleet_status *status, const char *id,
	enum fleet_status_level level, const char *text);

/* Owned; NULL without memory. */
struct json *fleet_status_to_json(const struct fleet_status *status);

/* Owned compact text without a line end. -ENOMEM. */
int fleet_status_format(const struct fleet_status *status, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));

/* Reads a document. All its text is made harmless (see fleet_text_copy) and cut to the sizes
 * above, entries past a list's maximum are dropped, unknown members ignored. -EBADMSG without
 * the schema, the box's id, the time or the level. */
int fleet_status_from_json(const struct json *json, struct fleet_status *ret, struct err *err)
	__attribute__((warn_unused_result));
int fleet_status_parse(const char *text, size_t size, struct fleet_status *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
