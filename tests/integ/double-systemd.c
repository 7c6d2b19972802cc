/* A double of systemd's manager on a private bus: org.freedesktop.systemd1 as far as nexus-agent
 * knows it. It runs what stands in ExecStart= of the real unit files, with the programs of the
 * build folder and a folder in place of the system; first what Requires= names. tests/vm has the
 * same conversation with the real one.
 *
 * double-systemd UNITS PROGRAMS ROOT: folders of the unit files, of the programs, of the system.
 * ROOT/double/system-state and ROOT/double/failed-units (one a line) say what it answers; a
 * restart is a line in ROOT/double/restarts, unless there is ROOT/double/refuse-restart. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

static const char *units_dir, *programs_dir, *root_dir;
static uint32_t next_job = 1;

struct running {
	struct running *next;
	uint32_t job;
	pid_t pid;
	sd_bus *bus;
	char *unit; /* owned */
};

static struct running *running;

/* The value of a key in a unit's file, with %i replaced; owned, or NULL. */
static char *unit_value(const char *unit, const char *key)
{
	const char *at = strchr(unit, '@'), *dot = strrchr(unit, '.');
	cleanup_free char *path = NULL, *text = NULL, *wanted = str_printf("\n%s=", key);
	cleanup_free char *instance =
		at && dot > at ? strndup(at + 1, (size_t)(dot - at - 1)) : NULL;
	struct err err = ERR_INIT;
	char *value, *percent;

	path = at ? str_printf("%s/%.*s@.service", units_dir, (int)(at - unit), unit)
		  : str_printf("%s/%s", units_dir, unit);
	if (!path || !wanted || file_read(AT_FDCWD, path, 65536, &text, NULL, &err) < 0)
		return NULL;
	value = strstr(text, wanted);
	if (!value)
		return NULL;
	value += strlen(wanted);
	value[strcspn(value, "\n")] = '\0';
	percent = strstr(value, "%i");
	if (!percent || !instance)
		return strdup(value);
	*percent = '\0';
	return str_printf("%s%s%s", value, instance, percent + 2);
}

/* In a child: runs the unit's program and does not return. */
static void become(const char *unit)
{
	cleanup_free char *exec = unit_value(unit, "ExecStart"), *program = NULL;
	const char *argv[16] = {NULL, "--root", root_dir};
	char *word, *rest = exec;
	int n = 3;

	if (!exec || !(word = strsep(&rest, " ")))
		_exit(203);
	program = str_printf("%s/%s", programs_dir, strrchr(word, '/') + 1);
	argv[0] = program;
	while ((word = strsep(&rest, " ")) && n < 15)
		argv[n++] = word;
	execv(program, (char *const *)argv);
	_exit(203);
}

static pid_t spawn(const char *unit)
{
	cleanup_free char *requires = unit_value(unit, "Requires");
	pid_t pid = fork();
	sigset_t set;

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (requires) {
		int status;

		pid = fork();
		if (pid == 0)
			become(requires);
		if (waitpid(pid, &status, 0) < 0 || status != 0)
			_exit(250);
	}
	become(unit);
	return -1;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct running *one = context, **at = &running;
	const char *result = "failed";
	cleanup_free char *path = str_printf(MANAGER_PATH "/job/%u", one->job);

	(void)source;
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		result = "done";
	else if (info->si_code == CLD_EXITED && info->si_status == 250)
		result = "dependency";
	sd_bus_emit_signal(one->bus, MANAGER_PATH, MANAGER_INTERFACE, "JobRemoved", "uoss",
		one->job, path, one->unit, result);
	while (*at != one)
		at = &(*at)->next;
	*at = one->next;
	free(one->unit);
	free(one);
	return 0;
}

/* Adds a number to a file of ROOT/double. */
static void tell(const char *name, long number)
{
	cleanup_free char *path = str_printf("%s/double/%s", root_dir, name);
	cleanup_fclose FILE *file = path ? fopen(path, "ae") : NULL;

	if (file)
		fprintf(file, "%ld\n", number);
}

static int restart(sd_bus_message *call, const char *mode, sd_bus_error *error)
{
	cleanup_free char *refuse = str_printf("%s/double/refuse-restart", root_dir);

	if (access(refuse, F_OK) == 0 || !str_equal(mode, "replace-irreversibly"))
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED, "not allowed");
	tell("restarts", next_job);
	return sd_bus_reply_method_return(call, "o", MANAGER_PATH "/job/0");
}

static int on_start_unit(sd_bus_message *call, void *context, sd_bus_error *error)
{
	cleanup_free char *exec = NULL, *path = NULL;
	const char *unit, *mode;
	struct running *one;

	if (sd_bus_message_read(call, "ss", &unit, &mode) < 0)
		return -EINVAL;
	if (str_equal(unit, "reboot.target"))
		return restart(call, mode, error);
	exec = unit_value(unit, "ExecStart");
	if (!exec)
		return sd_bus_error_setf(
			error, "org.freedesktop.systemd1.NoSuchUnit", "Unit %s not found.", unit);
	one = calloc(1, sizeof(*one));
	if (!one)
		return -ENOMEM;
	*one = (struct running){.next = running,
		.job = next_job++,
		.bus = sd_bus_message_get_bus(call),
		.unit = strdup(unit)};
	running = one;
	one->pid = spawn(unit);
	/* The process group, so that a test can cut its power. */
	tell("started", one->pid);
	sd_event_add_child(context, NULL, one->pid, WEXITED, on_child, one);
	path = str_printf(MANAGER_PATH "/job/%u", one->job);
	return sd_bus_reply_method_return(call, "o", path);
}

static int add_row(sd_bus_message *reply, const char *unit, const char *active)
{
	return sd_bus_message_append(reply, "(ssssssouso)", unit, "", "loaded", active, active, "",
		MANAGER_PATH "/unit/x", 0, "", "/");
}

static int on_list_by_names(sd_bus_message *call, void *context, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	const char *unit;

	(void)context;
	(void)error;
	sd_bus_message_new_method_return(call, &reply);
	sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
	sd_bus_message_enter_container(call, 'a', "s");
	while (sd_bus_message_read(call, "s", &unit) > 0) {
		const char *active = "inactive";

		for (struct running *i = running; i; i = i->next)
			if (str_equal(i->unit, unit))
				active = "activating";
		add_row(reply, unit, active);
	}
	sd_bus_message_close_container(reply);
	sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return 1;
}

/* The text of a file that the test wrote, or fallback. Owned. */
static char *told(const char *name, const char *fallback)
{
	cleanup_free char *path = str_printf("%s/double/%s", root_dir, name), *text = NULL;
	struct err err = ERR_INIT;

	if (file_read(AT_FDCWD, path, 65536, &text, NULL, &err) < 0)
		return strdup(fallback);
	return TAKE(text);
}

static int on_list_filtered(sd_bus_message *call, void *context, sd_bus_error *error)
{
	cleanup_free char *text = told("failed-units", "");
	sd_bus_message *reply = NULL;
	char *line, *rest = text;

	(void)context;
	(void)error;
	sd_bus_message_new_method_return(call, &reply);
	sd_bus_message_open_container(reply, 'a', "(ssssssouso)");
	while ((line = strsep(&rest, "\n")))
		if (*line)
			add_row(reply, line, "failed");
	sd_bus_message_close_container(reply);
	sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return 1;
}

static int on_subscribe(sd_bus_message *call, void *context, sd_bus_error *error)
{
	(void)context;
	(void)error;
	return sd_bus_reply_method_return(call, "");
}

static int get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
	sd_bus_message *reply, void *context, sd_bus_error *error)
{
	cleanup_free char *text = told("system-state", "running");

	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)context;
	(void)error;
	return sd_bus_message_append(reply, "s", str_strip(text));
}

static const sd_bus_vtable vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("StartUnit", "ss", "o", on_start_unit, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListUnitsByNames", "as", "a(ssssssouso)", on_list_by_names,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("ListUnitsFiltered", "as", "a(ssssssouso)", on_list_filtered,
		SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("SystemState", "s", get_state, 0, 0),
	SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
	SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	sd_event *event = NULL;
	sd_bus *bus = NULL;
	sigset_t set;

	if (argc != 4)
		return 2;
	units_dir = argv[1];
	programs_dir = argv[2];
	root_dir = argv[3];
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (sd_event_new(&event) < 0 || sd_bus_open_system(&bus) < 0 ||
		sd_bus_attach_event(bus, event, 0) < 0 ||
		sd_bus_add_object_vtable(
			bus, NULL, MANAGER_PATH, MANAGER_INTERFACE, vtable, event) < 0 ||
		sd_bus_request_name(bus, "org.freedesktop.systemd1", 0) < 0)
		return 1;
	sd_bus_set_exit_on_disconnect(bus, 1);
	return sd_event_loop(event) < 0;
}
