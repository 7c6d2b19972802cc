#include "agent/update/rauc.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "base/str.h"
#include "fleet/text.h"

#define NAME "de.pengutronix.rauc"
#define PATH "/"
#define INTERFACE "de.pengutronix.rauc.Installer"
#define CALL_TIMEOUT_US 60000000
#define LOOK_EVERY_US 500000
#define QUIET_LOOKS_MAX 4 /* looks that find RAUC idle without a word of the end */

struct rauc {
	sd_bus *bus;
	bool completed;
	int32_t result; /* of the installation, once completed */
};

static int on_completed(sd_bus_message *message, void *context, sd_bus_error *ret_error)
{
	struct rauc *rauc = context;

	(void)ret_error;
	if (sd_bus_message_read(message, "i", &rauc->result) >= 0)
		rauc->completed = true;
	return 0;
}

int rauc_open(struct rauc **ret, struct err *err)
{
	struct rauc *rauc = calloc(1, sizeof(*rauc));
	int r;

	if (!rauc)
		return err_oom(err);
	r = sd_bus_open_system(&rauc->bus);
	if (r >= 0)
		r = sd_bus_match_signal(
			rauc->bus, NULL, NAME, PATH, INTERFACE, "Completed", on_completed, rauc);
	if (r < 0) {
		rauc_close(rauc);
		return err_errno(err, r, "open system bus");
	}
	*ret = rauc;
	return 0;
}

void rauc_close(struct rauc *rauc)
{
	if (!rauc)
		return;
	sd_bus_flush_close_unref(rauc->bus);
	free(rauc);
}

static int failed(const char *what, const sd_bus_error *error, int code, struct err *err)
{
	char text[512];

	fleet_text_copy(text, sizeof(text), error->message ? error->message : err_reason(code));
	return err_set(err, ERR_SYSTEM, code, "%s: %s", what, text);
}

static int get_text(
	struct rauc *rauc, const char *property, char *ret_text, size_t size, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *text = NULL;
	int r;

	r = sd_bus_get_property_string(rauc->bus, NAME, PATH, INTERFACE, property, &error, &text);
	if (r < 0)
		r = failed("ask RAUC", &error, r, err);
	else
		fleet_text_copy(ret_text, size, text);
	sd_bus_error_free(&error);
	free(text);
	return r < 0 ? r : 0;
}

int rauc_compatible(struct rauc *rauc, char *ret_text, size_t size, struct err *err)
{
	return get_text(rauc, "Compatible", ret_text, size, err);
}

/* --- slots --- */

static void set_detail(struct rauc_slot *slot, const char *key, const char *value)
{
	if (str_equal(key, "class"))
		fleet_text_copy(slot->slot_class, sizeof(slot->slot_class), value);
	else if (str_equal(key, "bootname"))
		fleet_text_copy(slot->bootname, sizeof(slot->bootname), value);
	else if (str_equal(key, "device"))
		fleet_text_copy(slot->device, sizeof(slot->device), value);
	else if (str_equal(key, "state"))
		slot->runs = !str_equal(value, "inactive");
}

/* One (sa{sv}); of the details only texts are of interest. */
static int read_slot(sd_bus_message *reply, struct rauc_slot *slot)
{
	const char *name, *key, *value, *type;
	char kind;
	int r;

	*slot = (struct rauc_slot){0};
	r = sd_bus_message_read(reply, "s", &name);
	if (r >= 0)
		r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = sd_bus_message_read(reply, "s", &key);
		if (r >= 0)
			r = sd_bus_message_peek_type(reply, &kind, &type);
		if (r >= 0 && str_equal(type, "s")) {
			r = sd_bus_message_read(reply, "v", "s", &value);
			if (r >= 0)
				set_detail(slot, key, value);
		} else if (r >= 0) {
			r = sd_bus_message_skip(reply, "v");
		}
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	if (r < 0)
		return r;
	fleet_text_copy(slot->name, sizeof(slot->name), name);
	return sd_bus_message_exit_container(reply);
}

static int read_slots(
	sd_bus_message *reply, struct rauc_slot ret_slots[RAUC_SLOTS_MAX], size_t *ret_count)
{
	size_t count = 0;
	int r;

	r = sd_bus_message_enter_container(reply, 'a', "(sa{sv})");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'r', "sa{sv}")) > 0) {
		if (count == RAUC_SLOTS_MAX)
			return -E2BIG;
		r = read_slot(reply, &ret_slots[count++]);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	*ret_count = count;
	return r;
}

int rauc_slots(struct rauc *rauc, struct rauc_slot ret_slots[RAUC_SLOTS_MAX], size_t *ret_count,
	struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_call_method(
		rauc->bus, NAME, PATH, INTERFACE, "GetSlotStatus", &error, &reply, "");
	if (r >= 0)
		r = read_slots(reply, ret_slots, ret_count);
	if (r < 0)
		r = failed("ask RAUC for its slots", &error, r, err);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

/* --- installing --- */

static int look_at_progress(struct rauc *rauc, int *ret_percent, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int32_t percent = 0;
	int r;

	r = sd_bus_get_property(
		rauc->bus, NAME, PATH, INTERFACE, "Progress", &error, &reply, "(isi)");
	if (r >= 0)
		r = sd_bus_message_read(reply, "(isi)", &percent, NULL, NULL);
	if (r < 0)
		r = failed("ask RAUC", &error, r, err);
	else
		*ret_percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

/* Takes what came, or waits a moment for it. */
static int wait_a_moment(struct rauc *rauc, struct err *err)
{
	int r;

	while ((r = sd_bus_process(rauc->bus, NULL)) > 0)
		;
	if (r >= 0 && !rauc->completed)
		r = sd_bus_wait(rauc->bus, LOOK_EVERY_US);
	if (r == -EINTR)
		r = 0;
	while (r >= 0 && (r = sd_bus_process(rauc->bus, NULL)) > 0)
		;
	return r < 0 ? err_errno(err, r, "listen to RAUC") : 0;
}

/* Until RAUC says that it is done, or does nothing any more. */
static int follow(struct rauc *rauc, const volatile bool *stop, rauc_progress_fn *progress,
	void *context, struct err *err)
{
	int percent = 0, quiet = 0;
	char operation[32];

	while (!rauc->completed && quiet < QUIET_LOOKS_MAX) {
		int r = *stop ? err_set(err, ERR_SYSTEM, ECANCELED,
					"install bundle: stopped; RAUC may go on")
			      : wait_a_moment(rauc, err);

		if (r >= 0)
			r = get_text(rauc, "Operation", operation, sizeof(operation), err);
		if (r >= 0)
			r = look_at_progress(rauc, &percent, err);
		if (r < 0)
			return r;
		quiet = str_equal(operation, "idle") ? quiet + 1 : 0;
		progress(context, percent);
	}
	return 0;
}

static int begin(struct rauc *rauc, const char *path, struct err *err)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	rauc->completed = false;
	r = sd_bus_call_method(
		rauc->bus, NAME, PATH, INTERFACE, "InstallBundle", &error, NULL, "sa{sv}", path, 0);
	if (r < 0)
		r = failed("install bundle", &error, r, err);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static int wait_for_others(struct rauc *rauc, const volatile bool *stop, rauc_progress_fn *progress,
	void *context, struct err *err)
{
	char operation[32];
	int r;

	r = get_text(rauc, "Operation", operation, sizeof(operation), err);
	return r < 0 || str_equal(operation, "idle") ? r
						     : follow(rauc, stop, progress, context, err);
}

int rauc_install(struct rauc *rauc, const char *path, const volatile bool *stop,
	rauc_progress_fn *progress, void *context, struct err *err)
{
	char why[512];
	int r;

	r = wait_for_others(rauc, stop, progress, context, err);
	if (r >= 0)
		r = begin(rauc, path, err);
	if (r >= 0)
		r = follow(rauc, stop, progress, context, err);
	if (r < 0)
		return r;
	if (!rauc->completed)
		return err_set(err, ERR_SYSTEM, ECONNRESET,
			"install bundle: RAUC ended without saying how");
	if (rauc->result == 0)
		return 0;
	r = get_text(rauc, "LastError", why, sizeof(why), err);
	return r < 0 ? r : err_set(err, ERR_SYSTEM, EIO, "install bundle: %s", why);
}
