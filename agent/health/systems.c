#include "agent/health/systems.h"

#include <errno.h>
#include <string.h>

#include "agent/common/slot.h"
#include "base/file.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "fleet/text.h"
#include "json/json.h"

#define FILE_NAME "systems.json"
#define SCHEMA "nexus.systems/1"
#define TEXT_MAX 4096u

static const char *const names[FLEET_STATUS_SLOTS_MAX] = {"A", "B"};

int systems_format(const struct systems *systems, char **ret_text, struct err *err)
{
	cleanup_json struct json *json = json_object_new();
	struct json *versions;

	json_set_text(json, "schema", SCHEMA);
	versions = json_set_object(json, "versions");
	for (size_t i = 0; i < FLEET_STATUS_SLOTS_MAX; i++)
		fleet_text_set(versions, names[i], systems->versions[i]);
	fleet_text_set(json, "failed", systems->failed);
	json_set_bool(json, "network", systems->network);
	return json_finish(json, ret_text, err);
}

int systems_parse(const char *text, size_t size, struct systems *ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	struct systems systems = {0};
	const char *schema;
	int r;

	r = json_parse(text, size, TEXT_MAX, &json, err);
	if (r >= 0)
		r = json_need_text(json, "schema", &schema, err);
	if (r >= 0)
		r = json_need_bool(json, "network", &systems.network, err);
	if (r < 0)
		return r;
	if (!str_equal(schema, SCHEMA))
		return err_set(err, ERR_CORRUPT, EBADMSG, "schema is not " SCHEMA);
	for (size_t i = 0; i < FLEET_STATUS_SLOTS_MAX; i++)
		fleet_text_get(json_get(json, "versions"), names[i], systems.versions[i],
			sizeof(systems.versions[i]));
	fleet_text_get(json, "failed", systems.failed, sizeof(systems.failed));
	*ret = systems;
	return 0;
}

int systems_read(int state_fd, struct systems *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r;

	*ret = (struct systems){0};
	r = file_read(state_fd, FILE_NAME, TEXT_MAX, &text, &size, err);
	if (r >= 0)
		r = systems_parse(text, size, ret, err);
	if (r == -EBADMSG || r == -EFBIG) {
		log_warning("read " FILE_NAME ": %s; put aside as " FILE_NAME ".bad", err->text);
		if (renameat(state_fd, FILE_NAME, state_fd, FILE_NAME ".bad") < 0)
			return err_errno(err, errno, "put " FILE_NAME " aside");
		r = -ENOENT;
	}
	return r == -ENOENT ? 0 : r;
}

int systems_write(int state_fd, const struct systems *systems, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = systems_format(systems, &text, err);
	if (r < 0)
		return r;
	return file_replace(state_fd, FILE_NAME, text, strlen(text), 0600, err);
}

char *systems_version(struct systems *systems, const char *slot)
{
	size_t i;

	return str_find(names, FLEET_STATUS_SLOTS_MAX, slot, &i) ? systems->versions[i] : NULL;
}

static const char *state_of(const struct systems *systems, const struct hw_grubenv *env, size_t i,
	const char *running, bool ok)
{
	char waiting[SLOT_SIZE];

	if (str_equal(names[i], running))
		return slot_is_good(env, running) ? "good" : "trial";
	slot_waiting(env, running, waiting);
	if (str_equal(waiting, names[i]))
		return "waiting";
	if (ok)
		return "good";
	return *systems->versions[i] || str_equal(systems->failed, names[i]) ? "bad" : "empty";
}

void systems_show(const struct systems *systems, const struct hw_grubenv *env, const char *running,
	struct fleet_status_slot ret_slots[FLEET_STATUS_SLOTS_MAX])
{
	for (size_t i = 0; i < FLEET_STATUS_SLOTS_MAX; i++) {
		struct fleet_status_slot *slot = &ret_slots[i];
		struct err ignored = ERR_INIT;
		char name[8];

		*slot = (struct fleet_status_slot){0};
		fleet_text_copy(slot->name, sizeof(slot->name), names[i]);
		fleet_text_copy(slot->version, sizeof(slot->version), systems->versions[i]);
		snprintf(name, sizeof(name), "%s_OK", names[i]);
		slot->ok = str_equal(hw_grubenv_get(env, name), "1");
		snprintf(name, sizeof(name), "%s_TRY", names[i]);
		if (parse_u64(hw_grubenv_get(env, name), 0, 99, &slot->tries, &ignored) < 0)
			slot->tries = 0;
		slot->proven = str_equal(hw_grubenv_get(env, "PROVEN"), names[i]);
		fleet_text_copy(slot->state, sizeof(slot->state),
			state_of(systems, env, i, running, slot->ok));
	}
}
