#include "agent/health/boots.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

#define FILE_NAME "boots.json"
#define SCHEMA "nexus.boots/1"
#define TEXT_MAX (16u << 10)

int boots_format(const struct boots *boots, char **ret_text, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	struct json *times;

	json_set_text(json, "schema", SCHEMA);
	json_set_text(json, "boot_id", boots->boot_id);
	json_set_bool(json, "clean", boots->clean);
	json_set_integer(json, "alive_s", boots->alive_s);
	fleet_text_set_count(json, "count", boots->count);
	fleet_text_set_count(json, "power_cuts", boots->power_cuts);
	times = json_set_array(json, "times_s");
	for (size_t i = 0; i < boots->time_count; i++)
		json_add_integer(times, boots->times_s[i]);
	return json_finish(json, ret_text, err);
}

static void times_read(const struct json *times, struct boots *boots)
{
	for (const struct json *i = json_first(times); i; i = json_next(i)) {
		if (boots->time_count == FLEET_STATUS_POWER_CUTS_MAX)
			return;
		if (json_integer(i, &boots->times_s[boots->time_count]))
			boots->time_count++;
	}
}

int boots_parse(const char *text, size_t size, struct boots *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct boots boots = {0};
	const char *schema, *id;
	int r;

	r = json_parse(text, size, TEXT_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "schema", &schema, err);
	if (r >= 0)
		r = json_need_text(json, "boot_id", &id, err);
	if (r >= 0)
		r = json_need_bool(json, "clean", &boots.clean, err);
	if (r >= 0)
		r = json_need_integer(json, "alive_s", 0, JSON_INTEGER_MAX, &boots.alive_s, err);
	if (r < 0)
		return r;
	if (!str_equal(schema, SCHEMA) || strlen(id) >= sizeof(boots.boot_id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "not a history of boots");
	memcpy(boots.boot_id, id, strlen(id) + 1);
	boots.count = fleet_text_get_count(json, "count");
	boots.power_cuts = fleet_text_get_count(json, "power_cuts");
	times_read(json_get(json, "times_s"), &boots);
	*ret = boots;
	return 0;
}

static void add_time(struct boots *boots, int64_t time_s)
{
	if (boots->time_count == FLEET_STATUS_POWER_CUTS_MAX) {
		boots->time_count--;
		memmove(boots->times_s, boots->times_s + 1,
			boots->time_count * sizeof(*boots->times_s));
	}
	boots->times_s[boots->time_count++] = time_s;
}

enum boots_kind boots_begin(struct boots *boots, const char *boot_id, int64_t now_s, int64_t min_s)
{
	bool known = *boots->boot_id, same = strcmp(boots->boot_id, boot_id) == 0;
	bool cut = known && !same && !boots->clean;

	if (cut) {
		boots->power_cuts++;
		if (boots->alive_s >= min_s)
			add_time(boots, boots->alive_s);
	}
	if (!same)
		boots->count++;
	snprintf(boots->boot_id, sizeof(boots->boot_id), "%s", boot_id);
	boots->clean = false;
	boots->alive_s = now_s;
	if (same)
		return BOOTS_SAME;
	if (!known)
		return BOOTS_FIRST;
	return cut ? BOOTS_AFTER_CUT : BOOTS_AFTER_CLEAN;
}

int boots_read(int state_fd, struct boots *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	*ret = (struct boots){0};
	r = file_read(state_fd, FILE_NAME, TEXT_MAX, &text, &size, err);
	if (r >= 0)
		r = boots_parse(text, size, ret, err);
	if (r == -EBADMSG || r == -EFBIG) {
		log_warning("read " FILE_NAME ": %s; put aside as " FILE_NAME ".bad", err->text);
		if (renameat(state_fd, FILE_NAME, state_fd, FILE_NAME ".bad") < 0)
			return err_errno(err, errno, "put " FILE_NAME " aside");
		r = -ENOENT;
	}
	return r == -ENOENT ? 0 : r;
}

int boots_write(int state_fd, const struct boots *boots, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = boots_format(boots, &text, err);
	if (r < 0)
		return r;
	return file_replace(state_fd, FILE_NAME, text, strlen(text), 0600, err);
}
