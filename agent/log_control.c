#include "agent/log_control.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

/* systemd's names, by syslog's numbers. */
static const char *const level_names[] = {
	"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

static int get_level(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	int level = LOG_LEVEL_DEBUG;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	(void)ret_error;
	while (level > LOG_LEVEL_ERROR && !log_is_on((enum log_level)level))
		level--;
	return sd_bus_message_append(reply, "s", level_names[level]);
}

static int set_level(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *value, void *context, sd_bus_error *ret_error)
{
	const char *name;
	int r;

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	r = sd_bus_message_read(value, "s", &name);
	if (r < 0)
		return r;
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		if (strcmp(name, level_names[i]) == 0) {
			log_set_level((enum log_level)i);
			return 0;
		}
	return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
		"level must be err to debug, not '%.20s'", name);
}

static int get_target(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	(void)ret_error;
	return sd_bus_message_append(reply, "s", getenv("JOURNAL_STREAM") ? "journal" : "console");
}

/* Where it logs to is its unit's decision. */
static int set_target(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *value, void *context, sd_bus_error *ret_error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)value;
	(void)context;
	return sd_bus_error_set(ret_error, SD_BUS_ERROR_NOT_SUPPORTED, "the target is fixed");
}

static int get_identifier(sd_bus *bus, const char *path, const char *interface,
	const char *property, sd_bus_message *reply, void *context, sd_bus_error *ret_error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	(void)ret_error;
	return sd_bus_message_append(reply, "s", "nexus-agent");
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, set_level, 0, 0),
	SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, set_target, 0, 0),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

int log_control_publish(sd_bus *bus, struct err *err)
{
	int r = sd_bus_add_object_vtable(bus, NULL, "/org/freedesktop/LogControl1",
		"org.freedesktop.LogControl1", vtable, NULL);

	return r < 0 ? err_errno(err, r, "publish log control on the bus") : 0;
}
