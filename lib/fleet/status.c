#include "fleet/status.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "fleet/text.h"

static const char *const level_names[] = {
	[FLEET_STATUS_OK] = "ok",
	[FLEET_STATUS_WARN] = "warn",
	[FLEET_STATUS_FAIL] = "fail",
};

const char *fleet_status_level_name(enum fleet_status_level level)
{
	return level_names[level];
}

bool fleet_status_level_parse(const char *name, enum fleet_status_level *ret)
{
	size_t i;

	if (!str_find(level_names, sizeof(level_names) / sizeof(*level_names), name, &i))
		return false;
	*ret = (enum fleet_status_level)i;
	return true;
}

void fleet_status_add_check(struct fleet_status *status, const char *id,
	enum fleet_status_level level, const char *text)
{
	struct fleet_status_check *check;

	if (level > status->level)
		status->level = level;
	if (status->check_count == FLEET_STATUS_CHECKS_MAX)
		return;
	check = &status->checks[status->check_count++];
	fleet_text_copy(check->id, sizeof(check->id), id);
	check->level = level;
	fleet_text_copy(check->text, sizeof(check->text), text);
}

/* --- making --- */

static void box_to_json(const struct fleet_status_box *box, struct json *json)
{
	json_set_text(json, "id", box->id);
	json_set_text(json, "name", box->name);
	json_set_text(json, "version", box->version);
	json_set_text(json, "distribution", box->distribution);
	json_set_bool(json, "adopted", box->adopted);
}

static void boot_to_json(const struct fleet_status_boot *boot, struct json *json)
{
	struct json *cuts, *times;

	json_set_text(json, "mode", boot->mode);
	json_set_text(json, "slot", boot->slot);
	json_set_text(json, "proven", boot->proven);
	json_set_bool(json, "good", boot->good);
	fleet_text_set_count(json, "count", boot->count);
	cuts = json_set_object(json, "power_cuts");
	fleet_text_set_count(cuts, "count", boot->power_cuts);
	times = json_set_array(cuts, "times");
	for (size_t i = 0; i < boot->power_cut_times; i++) {
		char text[CLOCK_RFC3339_SIZE];

		clock_rfc3339_format(boot->power_cut_times_s[i], 0, text);
		json_add_text(times, text);
	}
}

static void slots_to_json(const struct fleet_status *status, struct json *json)
{
	struct json *list = status->slot_count ? json_set_array(json, "slots") : NULL;

	for (size_t i = 0; i < status->slot_count; i++) {
		const struct fleet_status_slot *slot = &status->slots[i];
		struct json *item = json_add_object(list);

		json_set_text(item, "name", slot->name);
		fleet_text_set(item, "version", slot->version);
		json_set_bool(item, "ok", slot->ok);
		fleet_text_set_count(item, "tries", slot->tries);
		json_set_bool(item, "proven", slot->proven);
		json_set_text(item, "state", slot->state);
	}
}

static void health_to_json(const struct fleet_status *status, struct json *json)
{
	struct json *checks;

	json_set_text(json, "level", fleet_status_level_name(status->level));
	checks = json_set_array(json, "checks");
	for (size_t i = 0; i < status->check_count; i++) {
		struct json *check = json_add_object(checks);

		json_set_text(check, "id", status->checks[i].id);
		json_set_text(check, "level", fleet_status_level_name(status->checks[i].level));
		json_set_text(check, "text", status->checks[i].text);
	}
}

static void disk_to_json(const struct fleet_status_disk *disk, struct json *json)
{
	struct json *warnings;

	json_set_text(json, "name", disk->name);
	json_set_text(json, "model", disk->model);
	json_set_text(json, "serial", disk->serial);
	json_set_text(json, "smart", disk->smart);
	if (disk->has_temperature)
		json_set_integer(json, "temperature_c", disk->temperature_c);
	warnings = json_set_array(json, "warnings");
	for (size_t i = 0; i < disk->warning_count; i++)
		json_add_text(warnings, disk->warnings[i]);
}

static void hardware_to_json(const struct fleet_status *status, struct json *json)
{
	struct json *memory = json_set_object(json, "memory"), *list;

	fleet_text_set_count(memory, "total_bytes", status->memory.total_bytes);
	fleet_text_set_count(memory, "available_bytes", status->memory.available_bytes);
	fleet_text_set_count(memory, "agent_rss_bytes", status->memory.agent_rss_bytes);
	list = json_set_array(json, "filesystems");
	for (size_t i = 0; i < status->filesystem_count; i++) {
		const struct fleet_status_filesystem *fs = &status->filesystems[i];
		struct json *item = json_add_object(list);

		json_set_text(item, "path", fs->path);
		fleet_text_set_count(item, "size_bytes", fs->size_bytes);
		fleet_text_set_count(item, "free_bytes", fs->free_bytes);
	}
	list = json_set_array(json, "disks");
	for (size_t i = 0; i < status->disk_count; i++)
		disk_to_json(&status->disks[i], json_add_object(list));
	if (status->has_temperature)
		json_set_number(json, "temperature_c", round(status->temperature_c * 10) / 10);
}

static void backup_to_json(const struct fleet_status_backup *backup, struct json *json)
{
	fleet_text_set_time(json, "last_success", backup->last_success_s);
	fleet_text_set(json, "last_result", backup->last_result);
	fleet_text_set(json, "snapshot", backup->snapshot);
	fleet_text_set_time(json, "next", backup->next_s);
}

struct json *fleet_status_to_json(const struct fleet_status *status)
{
	struct json *json = json_object_new(), *list;
	char time[CLOCK_RFC3339_SIZE];

	json_set_text(json, "schema", FLEET_STATUS_SCHEMA);
	clock_rfc3339_format(status->time_s, 0, time);
	json_set_text(json, "time", time);
	box_to_json(&status->box, json_set_object(json, "box"));
	fleet_text_set_count(json, "uptime_s", status->uptime_s);
	boot_to_json(&status->boot, json_set_object(json, "boot"));
	slots_to_json(status, json);
	health_to_json(status, json_set_object(json, "health"));
	hardware_to_json(status, json);
	list = json_set_array(json, "failed_units");
	for (size_t i = 0; i < status->failed_unit_count; i++)
		json_add_text(list, status->failed_units[i]);
	json_set_bool(json_set_object(json, "clock"), "synchronized", status->clock_synchronized);
	backup_to_json(&status->backup, json_set_object(json, "backup"));
	list = json_set_array(json, "jobs");
	for (size_t i = 0; i < status->job_count; i++)
		json_add(list, fleet_job_to_json(&status->jobs[i]));
	return json;
}

int fleet_status_format(const struct fleet_status *status, char **ret_text, struct err *err)
{
	cleanup_json struct json *json = fleet_status_to_json(status);

	return json_finish(json, ret_text, err);
}

/* --- reading --- */

static void box_from_json(const struct json *json, struct fleet_status_box *box)
{
	fleet_text_get(json, "id", box->id, sizeof(box->id));
	fleet_text_get(json, "name", box->name, sizeof(box->name));
	fleet_text_get(json, "version", box->version, sizeof(box->version));
	fleet_text_get(json, "distribution", box->distribution, sizeof(box->distribution));
	box->adopted = json_get_bool(json, "adopted", false);
}

static void boot_from_json(const struct json *json, struct fleet_status_boot *boot)
{
	const struct json *cuts = json_get(json, "power_cuts");
	struct err err = ERR_INIT;
	uint32_t nanoseconds;
	int64_t seconds;

	fleet_text_get(json, "mode", boot->mode, sizeof(boot->mode));
	fleet_text_get(json, "slot", boot->slot, sizeof(boot->slot));
	fleet_text_get(json, "proven", boot->proven, sizeof(boot->proven));
	boot->good = json_get_bool(json, "good", false);
	boot->count = fleet_text_get_count(json, "count");
	boot->power_cuts = fleet_text_get_count(cuts, "count");
	for (const struct json *i = json_first(json_get(cuts, "times")); i; i = json_next(i)) {
		const char *text = json_text(i);

		if (boot->power_cut_times == FLEET_STATUS_POWER_CUTS_MAX)
			return;
		if (text && clock_rfc3339_parse(text, &seconds, &nanoseconds, NULL, &err) >= 0)
			boot->power_cut_times_s[boot->power_cut_times++] = seconds;
	}
}

static void slots_from_json(const struct json *json, struct fleet_status *status)
{
	for (const struct json *i = json_first(json); i; i = json_next(i)) {
		struct fleet_status_slot *slot;

		if (status->slot_count == FLEET_STATUS_SLOTS_MAX)
			return;
		slot = &status->slots[status->slot_count];
		fleet_text_get(i, "name", slot->name, sizeof(slot->name));
		fleet_text_get(i, "version", slot->version, sizeof(slot->version));
		slot->ok = json_get_bool(i, "ok", false);
		slot->tries = fleet_text_get_count(i, "tries");
		slot->proven = json_get_bool(i, "proven", false);
		fleet_text_get(i, "state", slot->state, sizeof(slot->state));
		status->slot_count++;
	}
}

static int health_from_json(const struct json *json, struct fleet_status *status, struct err *err)
{
	const char *level;
	int r;

	r = json_need_text(json, "level", &level, err);
	if (r < 0)
		return r;
	if (!fleet_status_level_parse(level, &status->level))
		return err_set(err, ERR_CORRUPT, EBADMSG, "read health: unknown level");
	for (const struct json *i = json_first(json_get(json, "checks")); i; i = json_next(i)) {
		struct fleet_status_check *check;

		if (status->check_count == FLEET_STATUS_CHECKS_MAX)
			break;
		check = &status->checks[status->check_count];
		if (!fleet_status_level_parse(json_get_text(i, "level"), &check->level))
			continue;
		fleet_text_get(i, "id", check->id, sizeof(check->id));
		fleet_text_get(i, "text", check->text, sizeof(check->text));
		status->check_count++;
	}
	return 0;
}

static void disk_from_json(const struct json *json, struct fleet_status_disk *disk)
{
	int64_t none = JSON_INTEGER_MAX,
		temperature = json_get_integer(json, "temperature_c", none);
	const struct json *warnings = json_get(json, "warnings");

	fleet_text_get(json, "name", disk->name, sizeof(disk->name));
	fleet_text_get(json, "model", disk->model, sizeof(disk->model));
	fleet_text_get(json, "serial", disk->serial, sizeof(disk->serial));
	fleet_text_get(json, "smart", disk->smart, sizeof(disk->smart));
	if (temperature >= -100 && temperature <= 300) {
		disk->has_temperature = true;
		disk->temperature_c = temperature;
	}
	for (const struct json *i = json_first(warnings); i; i = json_next(i)) {
		if (disk->warning_count == FLEET_STATUS_WARNINGS_MAX)
			return;
		fleet_text_copy(disk->warnings[disk->warning_count++], FLEET_STATUS_TEXT_SIZE,
			json_text(i));
	}
}

static void filesystems_from_json(const struct json *json, struct fleet_status *status)
{
	for (const struct json *i = json_first(json); i; i = json_next(i)) {
		struct fleet_status_filesystem *fs;

		if (status->filesystem_count == FLEET_STATUS_FILESYSTEMS_MAX)
			return;
		fs = &status->filesystems[status->filesystem_count];
		fleet_text_get(i, "path", fs->path, sizeof(fs->path));
		fs->size_bytes = fleet_text_get_count(i, "size_bytes");
		fs->free_bytes = fleet_text_get_count(i, "free_bytes");
		status->filesystem_count++;
	}
}

static void hardware_from_json(const struct json *json, struct fleet_status *status)
{
	const struct json *memory = json_get(json, "memory");
	double temperature = json_get_number(json, "temperature_c", 1e9);

	status->memory.total_bytes = fleet_text_get_count(memory, "total_bytes");
	status->memory.available_bytes = fleet_text_get_count(memory, "available_bytes");
	status->memory.agent_rss_bytes = fleet_text_get_count(memory, "agent_rss_bytes");
	filesystems_from_json(json_get(json, "filesystems"), status);
	for (const struct json *i = json_first(json_get(json, "disks")); i; i = json_next(i)) {
		if (status->disk_count == FLEET_STATUS_DISKS_MAX)
			break;
		disk_from_json(i, &status->disks[status->disk_count++]);
	}
	if (temperature >= -100 && temperature <= 300) {
		status->has_temperature = true;
		status->temperature_c = temperature;
	}
}

static void units_from_json(const struct json *json, struct fleet_status *status)
{
	for (const struct json *i = json_first(json); i; i = json_next(i)) {
		if (status->failed_unit_count == FLEET_STATUS_UNITS_MAX)
			return;
		fleet_text_copy(status->failed_units[status->failed_unit_count++],
			sizeof(*status->failed_units), json_text(i));
	}
}

static void backup_from_json(const struct json *json, struct fleet_status_backup *backup)
{
	backup->last_success_s = fleet_text_get_time(json, "last_success");
	fleet_text_get(json, "last_result", backup->last_result, sizeof(backup->last_result));
	fleet_text_get(json, "snapshot", backup->snapshot, sizeof(backup->snapshot));
	backup->next_s = fleet_text_get_time(json, "next");
}

static int jobs_from_json(const struct json *json, struct fleet_status *status, struct err *err)
{
	for (const struct json *i = json_first(json); i; i = json_next(i)) {
		int r;

		if (status->job_count == FLEET_STATUS_JOBS_MAX)
			return 0;
		r = fleet_job_from_json(i, &status->jobs[status->job_count], err);
		if (r < 0)
			return r;
		status->job_count++;
	}
	return 0;
}

static int check_head(const struct json *json, struct fleet_status *status, struct err *err)
{
	const char *schema, *id, *time;
	int r;

	r = json_need_text(json, "schema", &schema, err);
	if (r < 0)
		return r;
	if (!str_equal(schema, FLEET_STATUS_SCHEMA))
		return err_set(err, ERR_CORRUPT, EBADMSG, "unknown schema");
	r = json_need_text(json_get(json, "box"), "id", &id, err);
	if (r >= 0)
		r = json_need_text(json, "time", &time, err);
	if (r < 0)
		return r;
	status->time_s = fleet_text_get_time(json, "time");
	return 0;
}

int fleet_status_from_json(const struct json *json, struct fleet_status *ret, struct err *err)
{
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	int r;

	if (!status)
		return err_oom(err);
	r = check_head(json, status, err);
	if (r >= 0)
		r = health_from_json(json_get(json, "health"), status, err);
	if (r >= 0)
		r = jobs_from_json(json_get(json, "jobs"), status, err);
	if (r < 0)
		return err_wrap(err, "read status");
	box_from_json(json_get(json, "box"), &status->box);
	status->uptime_s = fleet_text_get_count(json, "uptime_s");
	boot_from_json(json_get(json, "boot"), &status->boot);
	slots_from_json(json_get(json, "slots"), status);
	hardware_from_json(json, status);
	units_from_json(json_get(json, "failed_units"), status);
	status->clock_synchronized = json_get_bool(json_get(json, "clock"), "synchronized", false);
	backup_from_json(json_get(json, "backup"), &status->backup);
	*ret = *status;
	return 0;
}

int fleet_status_parse(const char *text, size_t size, struct fleet_status *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	int r;

	r = json_parse(text, size, FLEET_STATUS_TEXT_MAX, &json, err);
	if (r < 0)
		return err_wrap(err, "read status");
	return fleet_status_from_json(json, ret, err);
}
