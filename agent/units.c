#include "agent/units.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"
#define UNITS_MAX 64 /* of a list that is believed */
#define STARTING_MAX 8
#define STOP_TIMEOUT_US 1000000

struct units {
	sd_bus *bus; /* borrowed */
	const struct units_ops *ops;
	void *context;
	sd_bus_slot *removed_slot, *subscribe_slot;
	/* Questions under way; a new one replaces the old. */
	sd_bus_slot *failed_slot, *state_slot, *look_slot;
	struct start {
		struct units *units;
		char unit[128]; /* "": free */
		sd_bus_slot *slot;
	} starts[STARTING_MAX];
};

static void start_done(struct start *start)
{
	start->slot = sd_bus_slot_unref(start->slot);
	start->unit[0] = '\0';
}

static struct start *find_start(struct units *units, const char *unit)
{
	for (size_t i = 0; i < STARTING_MAX; i++)
		if (strcmp(units->starts[i].unit, unit) == 0)
			return &units->starts[i];
	return NULL;
}

static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct units *units = context;
	const char *path, *unit, *result;
	struct start *start;
	uint32_t id;

	(void)ret_error;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	start = *unit ? find_start(units, unit) : NULL;
	if (start)
		start_done(start);
	units->ops->ended(units->context, unit, result, NULL);
	return 0;
}

static int on_subscribed(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	(void)context;
	(void)ret_error;
	if (sd_bus_message_is_method_error(message, NULL))
		log_warning("subscribe to systemd: %s", sd_bus_message_get_error(message)->message);
	return 0;
}

int units_open(sd_bus *bus, const struct units_ops *ops, void *context, struct units **ret,
	struct err *err)
{
	struct units *units = calloc(1, sizeof(*units));
	int r;

	if (!units)
		return err_oom(err);
	*units = (struct units){.bus = bus, .ops = ops, .context = context};
	for (size_t i = 0; i < STARTING_MAX; i++)
		units->starts[i].units = units;
	r = sd_bus_match_signal_async(bus, &units->removed_slot, MANAGER_NAME, MANAGER_PATH,
		MANAGER_INTERFACE, "JobRemoved", on_job_removed, NULL, units);
	if (r >= 0)
		r = sd_bus_call_method_async(bus, &units->subscribe_slot, MANAGER_NAME,
			MANAGER_PATH, MANAGER_INTERFACE, "Subscribe", on_subscribed, units, NULL);
	if (r < 0) {
		units_free(units);
		return err_errno(err, r, "subscribe to systemd");
	}
	*ret = units;
	return 0;
}

void units_free(struct units *units)
{
	if (!units)
		return;
	for (size_t i = 0; i < STARTING_MAX; i++)
		sd_bus_slot_unref(units->starts[i].slot);
	sd_bus_slot_unref(units->removed_slot);
	sd_bus_slot_unref(units->subscribe_slot);
	sd_bus_slot_unref(units->failed_slot);
	sd_bus_slot_unref(units->state_slot);
	sd_bus_slot_unref(units->look_slot);
	free(units);
}

/* The answer to StartUnit: only a refusal is of interest, JobRemoved tells the rest. */
static int on_started(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct start *start = context;
	struct units *units = start->units;
	char unit[sizeof(start->unit)];

	(void)ret_error;
	if (!sd_bus_message_is_method_error(message, NULL))
		return 0;
	memcpy(unit, start->unit, sizeof(unit));
	start_done(start);
	units->ops->ended(
		units->context, unit, "refused", sd_bus_message_get_error(message)->message);
	return 0;
}

int units_start(struct units *units, const char *unit, struct err *err)
{
	struct start *start = find_start(units, unit);
	int r;

	if (!start)
		start = find_start(units, "");
	if (!start || strlen(unit) >= sizeof(start->unit))
		return err_set(err, ERR_BUG, EBUSY, "start %s: too much at once", unit);
	start_done(start);
	r = sd_bus_call_method_async(units->bus, &start->slot, MANAGER_NAME, MANAGER_PATH,
		MANAGER_INTERFACE, "StartUnit", on_started, start, "ss", unit,
		str_ends(unit, ".target") ? "replace-irreversibly" : "replace");
	if (r < 0)
		return err_errno(err, r, "start %s", unit);
	memcpy(start->unit, unit, strlen(unit) + 1);
	return 0;
}

/* Reads one row of ListUnits*: name and active state; 0 at the end. */
static int read_row(sd_bus_message *message, const char **ret_unit, const char **ret_active)
{
	return sd_bus_message_read(message, "(ssssssouso)", ret_unit, NULL, NULL, ret_active, NULL,
		NULL, NULL, NULL, NULL, NULL);
}

static int on_failed(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	cleanup_str_list struct str_list list = {0};
	struct err err = ERR_INIT;
	struct units *units = context;
	const char *unit, *active;

	(void)ret_error;
	if (sd_bus_message_is_method_error(message, NULL) ||
		sd_bus_message_enter_container(message, 'a', "(ssssssouso)") < 0)
		return 0;
	while (list.count < UNITS_MAX && read_row(message, &unit, &active) > 0)
		if (str_list_add(&list, unit, &err) < 0)
			return 0;
	units->ops->failed(units->context, &list);
	return 0;
}

void units_ask_failed(struct units *units)
{
	units->failed_slot = sd_bus_slot_unref(units->failed_slot);
	sd_bus_call_method_async(units->bus, &units->failed_slot, MANAGER_NAME, MANAGER_PATH,
		MANAGER_INTERFACE, "ListUnitsFiltered", on_failed, units, "as", 1, "failed");
}

static int on_looked(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct units *units = context;
	const char *unit, *active;

	(void)ret_error;
	if (sd_bus_message_is_method_error(message, NULL) ||
		sd_bus_message_enter_container(message, 'a', "(ssssssouso)") < 0)
		return 0;
	if (read_row(message, &unit, &active) > 0)
		units->ops->looked(units->context, unit,
			!str_equal(active, "inactive") && !str_equal(active, "failed"));
	return 0;
}

void units_look(struct units *units, const char *unit)
{
	units->look_slot = sd_bus_slot_unref(units->look_slot);
	sd_bus_call_method_async(units->bus, &units->look_slot, MANAGER_NAME, MANAGER_PATH,
		MANAGER_INTERFACE, "ListUnitsByNames", on_looked, units, "as", 1, unit);
}

/* A property of an object of another service. */
struct property {
	const char *service, *path, *interface, *name;
};

/* Asks for it; the answer is a variant. An earlier question of that slot is forgotten. */
static void ask_property(struct units *units, sd_bus_slot **slot, const struct property *property,
	sd_bus_message_handler_t answer)
{
	*slot = sd_bus_slot_unref(*slot);
	sd_bus_call_method_async(units->bus, slot, property->service, property->path,
		"org.freedesktop.DBus.Properties", "Get", answer, units, "ss", property->interface,
		property->name);
}

static int on_state(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct units *units = context;
	const char *state;

	(void)ret_error;
	if (!sd_bus_message_is_method_error(message, NULL) &&
		sd_bus_message_read(message, "v", "s", &state) >= 0)
		units->ops->system_state(units->context, state);
	return 0;
}

void units_ask_system_state(struct units *units)
{
	static const struct property property = {
		MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE, "SystemState"};

	ask_property(units, &units->state_slot, &property, on_state);
}

bool units_system_stops(struct units *units)
{
	sd_bus_message *call = NULL, *reply = NULL;
	const char *state = "";
	bool stops = false;
	int r;

	r = sd_bus_message_new_method_call(units->bus, &call, MANAGER_NAME, MANAGER_PATH,
		"org.freedesktop.DBus.Properties", "Get");
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", MANAGER_INTERFACE, "SystemState");
	if (r >= 0)
		r = sd_bus_call(units->bus, call, STOP_TIMEOUT_US, NULL, &reply);
	if (r >= 0)
		r = sd_bus_message_read(reply, "v", "s", &state);
	stops = r >= 0 && str_equal(state, "stopping");
	sd_bus_message_unref(call);
	sd_bus_message_unref(reply);
	return stops;
}
