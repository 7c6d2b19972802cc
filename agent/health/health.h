/* From facts to health: each check is a small pure function that turns facts into a level and
 * one translated sentence. */
#ifndef NEXUS_AGENT_HEALTH_H
#define NEXUS_AGENT_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/common/settings.h"
#include "fleet/status.h"
#include "hw/grubenv.h"
#include "hw/sensor.h"
#include "hw/smart.h"

struct health_disk {
	char name[32]; /* "sda" */
	struct hw_smart smart;
};

/* What is known right now. */
struct health_facts {
	int64_t now_s, build_s; /* since 1970; build_s of the image, 0: no image */
	uint64_t uptime_s;
	struct hw_sensor_memory memory; /* total 0: not known */
	uint64_t agent_rss_bytes;
	bool has_temperature;
	double temperature_c;
	struct fleet_status_filesystem filesystems[FLEET_STATUS_FILESYSTEMS_MAX];
	size_t filesystem_count;
	struct health_disk disks[FLEET_STATUS_DISKS_MAX];
	size_t disk_count;
	char failed_units[FLEET_STATUS_UNITS_MAX][128];
	size_t failed_unit_count;
	bool system_up; /* systemd says that the start has ended */
	bool clock_synchronized;
	struct fleet_status_boot boot;
	struct hw_grubenv boot_state; /* as shown; empty when not known */
	struct fleet_status_slot slots[FLEET_STATUS_SLOTS_MAX];
	size_t slot_count;
	bool network, had_network; /* there is an address; there was one in a good system */
	char data_error[64]; /* of the data partition, or "" */
	char waiting[8]; /* the slot with an update that was not started yet, or "" */
	char fallback[8]; /* the slot that GRUB gave up in this boot, or "" */
	struct fleet_status_backup backup;
	bool backup_enabled;
	char settings_error[ERR_TEXT_MAX]; /* of the configuration, or "" */
	char state_error[ERR_TEXT_MAX]; /* of writing the agent's own state, or "" */
};

/* Adds every check to status, and what they judged: memory, filesystems, disks, temperature, failed
 * units, clock, boot, backup. */
void health_evaluate(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status);

/* May the running slot be called good? Judges only what a system that was just put there can be
 * blamed for: that it came up, has its data partition and can store its state, and that what leads
 * to the box runs; one that is on trial also has a network, if there was one before it.
 * ret_why (may be NULL) gets the operator's reason when not; static or borrowed from facts. */
bool health_gate(const struct health_facts *facts, const char **ret_why);

#endif
