/* nexus-agent: the daemon of a box. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/bus.h"
#include "agent/common/program.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"

static const char *arg_root = "";
static bool arg_debug;

static void notify_ready(const struct agent *agent)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s: %s", agent->identity.name,
		fleet_status_level_name(agent->level));
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct agent *agent = context;
	struct err err = ERR_INIT;

	(void)source;
	(void)info;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading the settings",
		(unsigned long long)(clock_monotonic_us(&clock_system)));
	if (agent_reload(agent, &err) >= 0)
		log_info("settings read anew");
	notify_ready(agent);
	return 0;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct agent *agent = context;

	(void)info;
	sd_notify(0, "STOPPING=1\nSTATUS=ending");
	agent_stop(agent);
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int watch_signals(sd_event *event, struct agent *agent, struct err *err)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals) && r >= 0; i++)
		r = sd_event_add_signal(
			event, NULL, signals[i], signals[i] == SIGHUP ? on_reload : on_stop, agent);
	return r < 0 ? err_errno(err, r, "watch signals") : 0;
}

static int open_bus(sd_event *event, sd_bus **ret, struct err *err)
{
	int r;

	r = sd_bus_open_system(ret);
	if (r >= 0)
		r = sd_bus_set_exit_on_disconnect(*ret, true);
	if (r >= 0)
		r = sd_bus_attach_event(*ret, event, 0);
	return r < 0 ? err_errno(err, r, "open system bus") : 0;
}

static int serve(sd_event *event, sd_bus **bus, struct agent **agent, struct err *err)
{
	int r;

	r = open_bus(event, bus, err);
	if (r >= 0)
		r = agent_open(arg_root, event, *bus, &clock_system, agent, err);
	if (r >= 0)
		r = watch_signals(event, *agent, err);
	if (r >= 0)
		r = bus_publish(*bus, *agent, err);
	if (r < 0)
		return r;
	r = sd_event_set_watchdog(event, true);
	if (r < 0)
		return err_errno(err, r, "set up watchdog");
	notify_ready(*agent);
	r = sd_event_loop(event);
	if (r < 0)
		return err_errno(err, r, "run event loop");
	/* Not by a signal: sd-bus ends the loop so when the bus goes away. */
	return r ? err_set(err, ERR_SYSTEM, ECONNRESET, "run event loop: it ended with %d", r) : 0;
}

static int run(int argc, char **argv, void *context, struct err *err)
{
	struct agent *agent = NULL;
	sd_event *event = NULL;
	sd_bus *bus = NULL;
	int r;

	(void)argc;
	(void)argv;
	(void)context;
	if (arg_debug)
		log_set_level(LOG_LEVEL_DEBUG);
	umask(0077);
	r = sd_event_new(&event);
	if (r < 0)
		err_errno(err, r, "make event loop");
	else
		r = serve(event, &bus, &agent, err);
	agent_free(agent);
	sd_bus_flush_close_unref(bus);
	sd_event_unref(event);
	return r;
}

int main(int argc, char **argv)
{
	static const struct verb_option options[] = {
		{.long_name = "debug", .help = N_("log more"), .flag = &arg_debug},
		{0},
	};
	static const struct verb verbs[] = {
		{"", "", N_("Looks after this box: health, jobs, the system's slots, adoption."),
			NULL, options, 0, 0, NULL, run},
		{0},
	};
	static const struct verb_program program = {
		.name = "nexus-agent",
		.summary = N_("Looks after this box."),
		.version = NEXUS_VERSION,
		.verbs = verbs,
	};

	return program_main(&program, &arg_root, argc, argv);
}
