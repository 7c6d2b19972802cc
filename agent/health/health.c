#include "agent/health/health.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "fleet/text.h"

#define DAY_S 86400
#define CUTS_DAYS 7
#define CUTS_WARN 3 /* in that many days */
#define CLOCK_GRACE_S 900 /* after boot, before a clock without NTP is worth a warning */

static void add(struct fleet_status *status, const char *id, enum fleet_status_level level,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

static void add(struct fleet_status *status, const char *id, enum fleet_status_level level,
	const char *format, ...)
{
	char text[FLEET_STATUS_TEXT_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fleet_status_add_check(status, id, level, text);
}

static uint64_t percent(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part * 100 / (double)whole) : 0;
}

/* Below fail, below warn, or fine. */
static enum fleet_status_level level_below(uint64_t value, uint64_t warn, uint64_t fail)
{
	if (value < fail)
		return FLEET_STATUS_FAIL;
	return value < warn ? FLEET_STATUS_WARN : FLEET_STATUS_OK;
}

static enum fleet_status_level level_from(double value, uint64_t warn, uint64_t fail)
{
	if (value >= (double)fail)
		return FLEET_STATUS_FAIL;
	return value >= (double)warn ? FLEET_STATUS_WARN : FLEET_STATUS_OK;
}

static void check_space(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status)
{
	const struct fleet_status_filesystem *worst = NULL;

	for (size_t i = 0; i < facts->filesystem_count; i++) {
		const struct fleet_status_filesystem *fs = &facts->filesystems[i];

		if (!worst || percent(fs->free_bytes, fs->size_bytes) <
				      percent(worst->free_bytes, worst->size_bytes))
			worst = fs;
	}
	if (!worst)
		return;
	add(status, "space",
		level_below(percent(worst->free_bytes, worst->size_bytes),
			settings->space_warn_percent, settings->space_fail_percent),
		_("%s has %llu %% of its space free."), worst->path,
		(unsigned long long)percent(worst->free_bytes, worst->size_bytes));
}

static void warn_disk(struct fleet_status_disk *disk, const char *text)
{
	if (disk->warning_count < FLEET_STATUS_WARNINGS_MAX)
		fleet_text_copy(
			disk->warnings[disk->warning_count++], FLEET_STATUS_TEXT_SIZE, text);
}

static void warn_count(struct fleet_status_disk *disk, uint64_t count, const char *format)
{
	char text[FLEET_STATUS_TEXT_SIZE];

	if (!count)
		return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, (unsigned long long)count);
#pragma GCC diagnostic pop
	warn_disk(disk, text);
}

static void describe_disk(const struct health_disk *fact, struct fleet_status_disk *disk)
{
	const struct hw_smart *smart = &fact->smart;

	fleet_text_copy(disk->name, sizeof(disk->name), fact->name);
	fleet_text_copy(disk->model, sizeof(disk->model), smart->model);
	fleet_text_copy(disk->serial, sizeof(disk->serial), smart->serial);
	fleet_text_copy(disk->smart, sizeof(disk->smart), hw_smart_verdict_name(smart->verdict));
	disk->has_temperature = smart->has_temperature;
	disk->temperature_c = smart->temperature_c;
	warn_count(disk, smart->reallocated, _("%llu sectors were replaced."));
	warn_count(disk, smart->pending, _("%llu sectors can't be read at present."));
	warn_count(disk, smart->offline_uncorrected, _("%llu sectors are lost."));
	warn_count(disk, smart->uncorrected, _("%llu errors could not be corrected."));
	warn_count(disk, smart->spin_retries, _("%llu times it did not spin up at once."));
	warn_count(disk, smart->media_errors, _("%llu errors of its memory cells."));
	if (smart->critical_warning)
		warn_disk(disk, _("The disk itself gives a critical warning."));
	if (smart->has_percentage_used && smart->percentage_used >= 90)
		warn_count(disk, smart->percentage_used, _("%llu %% of its planned life is used."));
}

static void check_smart(const struct health_facts *facts, struct fleet_status *status)
{
	enum fleet_status_level level = FLEET_STATUS_OK;
	const struct fleet_status_disk *worst = NULL;

	for (size_t i = 0; i < facts->disk_count; i++) {
		struct fleet_status_disk *disk = &status->disks[i];
		enum fleet_status_level this = FLEET_STATUS_OK;

		describe_disk(&facts->disks[i], disk);
		if (disk->warning_count)
			this = FLEET_STATUS_WARN;
		if (facts->disks[i].smart.verdict == HW_SMART_FAILED)
			this = FLEET_STATUS_FAIL;
		if (this > level) {
			level = this;
			worst = disk;
		}
	}
	status->disk_count = facts->disk_count;
	if (!facts->disk_count)
		add(status, "smart", FLEET_STATUS_OK, _("No disk tells of its health."));
	else if (level == FLEET_STATUS_OK)
		add(status, "smart", level, _("The disks report no trouble."));
	else if (level == FLEET_STATUS_FAIL)
		add(status, "smart", level, _("Disk %s is failing: replace it now."), worst->name);
	else
		add(status, "smart", level, _("Disk %s: %s"), worst->name, worst->warnings[0]);
}

static void check_memory(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status)
{
	uint64_t free_percent = percent(facts->memory.available_bytes, facts->memory.total_bytes);

	if (facts->memory.total_bytes)
		add(status, "memory",
			level_below(free_percent, settings->memory_warn_percent,
				settings->memory_fail_percent),
			_("%llu %% of the memory is available."), (unsigned long long)free_percent);
}

static void check_temperature(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status)
{
	if (facts->has_temperature)
		add(status, "temperature",
			level_from(facts->temperature_c, settings->temperature_warn_c,
				settings->temperature_fail_c),
			_("The processor has %.0f degrees."), facts->temperature_c);
}

static void check_units(const struct health_facts *facts, struct fleet_status *status)
{
	size_t n = facts->failed_unit_count;

	if (!n)
		add(status, "units", FLEET_STATUS_OK, _("All services are fine."));
	else
		add(status, "units", FLEET_STATUS_WARN,
			P_("%zu service has failed: %s.",
				"%zu services have failed, among them %s.", n),
			n, facts->failed_units[0]);
}

static void check_clock(const struct health_facts *facts, struct fleet_status *status)
{
	if (facts->now_s < facts->build_s)
		add(status, "clock", FLEET_STATUS_FAIL,
			_("The clock is wrong: it is before this system was made. The battery of "
			  "the "
			  "board may be empty."));
	else if (facts->clock_synchronized)
		add(status, "clock", FLEET_STATUS_OK, _("The clock is set by the network."));
	else
		add(status, "clock",
			facts->uptime_s < CLOCK_GRACE_S ? FLEET_STATUS_OK : FLEET_STATUS_WARN,
			_("The clock is not set by the network."));
}

static void check_backup(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status)
{
	const struct fleet_status_backup *backup = &facts->backup;
	int64_t age_s = facts->now_s - backup->last_success_s;
	bool failed = str_equal(backup->last_result, "failed");
	enum fleet_status_level level;

	if (!facts->backup_enabled) {
		add(status, "backup", FLEET_STATUS_WARN, _("Backups are switched off."));
	} else if (!backup->last_success_s) {
		add(status, "backup", failed ? FLEET_STATUS_FAIL : FLEET_STATUS_WARN,
			failed ? _("The backup failed; there is none yet.")
			       : _("There is no backup yet."));
	} else {
		level = level_from(
			(double)age_s * 1e6, settings->backup_warn_us, settings->backup_fail_us);
		if (failed && level == FLEET_STATUS_OK)
			level = FLEET_STATUS_WARN;
		add(status, "backup", level,
			failed ? _("The last backup failed; the last good one is %lld hours old.")
			       : _("The last backup is %lld hours old."),
			(long long)(age_s > 0 ? age_s / 3600 : 0));
	}
}

static void check_slot(const struct health_facts *facts, struct fleet_status *status)
{
	const struct fleet_status_boot *boot = &facts->boot;

	if (!*boot->slot || !str_equal(boot->mode, "installed"))
		return;
	if (*facts->fallback)
		add(status, "slot", FLEET_STATUS_WARN,
			_("System %s did not start; the older system %s runs."), facts->fallback,
			boot->slot);
	else if (boot->good && *facts->waiting)
		add(status, "slot", FLEET_STATUS_OK,
			_("System %s runs; an update waits in place %s for the restart."),
			boot->slot, facts->waiting);
	else if (boot->good)
		add(status, "slot", FLEET_STATUS_OK, _("System %s runs and is proven."),
			boot->slot);
	else
		add(status, "slot", FLEET_STATUS_WARN, _("System %s runs on trial."), boot->slot);
}

static void check_power(const struct health_facts *facts, struct fleet_status *status)
{
	const struct fleet_status_boot *boot = &facts->boot;
	size_t recent = 0;

	for (size_t i = 0; i < boot->power_cut_times; i++)
		recent += boot->power_cut_times_s[i] > facts->now_s - CUTS_DAYS * DAY_S &&
			  boot->power_cut_times_s[i] <= facts->now_s;
	if (!recent)
		add(status, "power", FLEET_STATUS_OK, _("No power cut in the last %d days."),
			CUTS_DAYS);
	else
		add(status, "power", recent >= CUTS_WARN ? FLEET_STATUS_WARN : FLEET_STATUS_OK,
			P_("%zu power cut in the last %d days.",
				"%zu power cuts in the last %d days.", recent),
			recent, CUTS_DAYS);
}

static void check_own(const struct health_facts *facts, struct fleet_status *status)
{
	if (*facts->settings_error)
		add(status, "settings", FLEET_STATUS_FAIL, _("The settings are damaged: %s"),
			facts->settings_error);
	if (*facts->state_error)
		add(status, "state", FLEET_STATUS_FAIL, _("The agent can't store its state: %s"),
			facts->state_error);
}

static void copy_facts(const struct health_facts *facts, struct fleet_status *status)
{
	status->time_s = facts->now_s;
	status->uptime_s = facts->uptime_s;
	status->boot = facts->boot;
	status->backup = facts->backup;
	memcpy(status->slots, facts->slots, sizeof(status->slots));
	status->slot_count = facts->slot_count;
	status->memory.total_bytes = facts->memory.total_bytes;
	status->memory.available_bytes = facts->memory.available_bytes;
	status->memory.agent_rss_bytes = facts->agent_rss_bytes;
	status->has_temperature = facts->has_temperature;
	status->temperature_c = facts->temperature_c;
	status->clock_synchronized = facts->clock_synchronized;
	memcpy(status->filesystems, facts->filesystems, sizeof(status->filesystems));
	status->filesystem_count = facts->filesystem_count;
	memcpy(status->failed_units, facts->failed_units, sizeof(status->failed_units));
	status->failed_unit_count = facts->failed_unit_count;
}

void health_evaluate(const struct health_facts *facts, const struct settings *settings,
	struct fleet_status *status)
{
	copy_facts(facts, status);
	check_own(facts, status);
	check_space(facts, settings, status);
	check_smart(facts, status);
	check_memory(facts, settings, status);
	check_temperature(facts, settings, status);
	check_units(facts, status);
	check_clock(facts, status);
	check_backup(facts, settings, status);
	check_slot(facts, status);
	check_power(facts, status);
}

/* Without these nobody gets to the box. */
static bool leads_to_box(const char *unit)
{
	static const char *const units[] = {"nexus-bootstate.service", "nexus-adoption.service",
		"ssh.service", "systemd-networkd.service", "systemd-journald.service",
		"dbus.service", "nexus-slots.service", "nexus-hostkey.service", "data.mount",
		"var.mount"};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(units[i], unit) == 0)
			return true;
	return false;
}

/* Another system is proven, this one is not. */
static bool on_trial(const struct health_facts *facts)
{
	return *facts->boot.proven && !str_equal(facts->boot.proven, facts->boot.slot);
}

bool health_gate(const struct health_facts *facts, const char **ret_why)
{
	const char *why = NULL;

	if (!facts->system_up)
		why = "the start has not ended";
	else if (*facts->data_error)
		why = facts->data_error;
	else if (*facts->state_error)
		why = facts->state_error;
	else if (on_trial(facts) && facts->had_network && !facts->network)
		why = "there is no network, and there was one before";
	for (size_t i = 0; i < facts->failed_unit_count && !why; i++)
		if (leads_to_box(facts->failed_units[i]))
			why = facts->failed_units[i];
	if (ret_why)
		*ret_why = why;
	return !why;
}
