#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/common/journal.h"
#include "agent/common/shown.h"
#include "agent/report.h"
#include "agent/restart.h"
#include "agent/trial.h"
#include "agent/work.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"

#define TICK_US 60000000u
#define TICK_BUSY_US 5000000u /* while the start or a job is under way */
#define STAMP_US 300000000u

static int64_t now_s(const struct agent *agent)
{
	return (int64_t)(clock_realtime_us(agent->clock) / 1000000);
}

/* --- what is stored --- */

static void store_boots(struct agent *agent)
{
	struct err err = ERR_INIT;

	agent->boots.alive_s = now_s(agent);
	if (boots_write(agent->state_fd, &agent->boots, &err) >= 0 &&
		jobs_flush(agent->jobs, &err) >= 0) {
		agent->facts.state_error[0] = '\0';
		return;
	}
	if (!*agent->facts.state_error)
		log_error("store state: %s", err.text);
	fleet_text_copy(agent->facts.state_error, sizeof(agent->facts.state_error), err.text);
}

static void enter_boot(struct agent *agent)
{
	struct fleet_status_boot *boot = &agent->facts.boot;
	char id[BOOTS_ID_SIZE] = "";
	struct err err = ERR_INIT;
	enum boots_kind kind;

	if (facts_read_boot_id(agent->root, id, sizeof(id), &err) < 0 ||
		boots_read(agent->state_fd, &agent->boots, &err) < 0)
		log_warning("%s", err.text);
	kind = boots_begin(&agent->boots, id, now_s(agent), agent->image.build_s);
	if (kind == BOOTS_AFTER_CUT)
		journal_event(JOURNAL_BOOT_UNCLEAN, LOG_LEVEL_WARNING, NULL,
			"the last run ended without a shutdown (%llu so far)",
			(unsigned long long)agent->boots.power_cuts);
	boot->count = agent->boots.count;
	boot->power_cuts = agent->boots.power_cuts;
	boot->power_cut_times = agent->boots.time_count;
	memcpy(boot->power_cut_times_s, agent->boots.times_s, sizeof(boot->power_cut_times_s));
}

/* --- health --- */

static void gather(struct agent *agent)
{
	facts_gather(agent->root, &agent->slot, &agent->facts);
	trial_gather(agent);
}

static void plan_backup(struct agent *agent)
{
	struct fleet_contract_request request = {
		.id = 1, .op = FLEET_CONTRACT_RUN, .kind = "backup"};
	const struct fleet_status_backup *backup = &agent->facts.backup;
	char id[FLEET_JOB_ID_SIZE];
	struct err err = ERR_INIT;

	if (!backup->next_s || backup->next_s > now_s(agent) || jobs_running(agent->jobs) ||
		agent->restarting || str_equal(agent->slot.mode, "live"))
		return;
	if (agent_run(agent, &request, id, &err) < 0)
		log_error("plan backup: %s", err.text);
}

/* --- answers of systemd --- */

static void unit_ended(void *context, const char *unit, const char *result, const char *why)
{
	if (str_equal(unit, TRIAL_UNIT))
		trial_marked(context, result, why);
	else if (str_equal(unit, RESTART_UNIT))
		restart_refused(context, result, why);
	else
		work_unit_ended(context, unit, result, why);
}

static void unit_looked(void *context, const char *unit, bool active)
{
	work_unit_looked(context, unit, active);
}

static void units_failed(void *context, const struct str_list *units)
{
	struct agent *agent = context;
	struct health_facts *facts = &agent->facts;

	facts->failed_unit_count = 0;
	for (size_t i = 0; i < units->count && i < FLEET_STATUS_UNITS_MAX; i++)
		fleet_text_copy(facts->failed_units[facts->failed_unit_count++],
			sizeof(*facts->failed_units), units->items[i]);
	report_evaluate(agent);
	trial_look(agent);
}

static void system_state(void *context, const char *state)
{
	struct agent *agent = context;

	agent->facts.system_up = str_equal(state, "running") || str_equal(state, "degraded");
}

static const struct units_ops units_ops = {
	.ended = unit_ended,
	.failed = units_failed,
	.system_state = system_state,
	.looked = unit_looked,
};

/* --- timers and watches --- */

static int on_tick(sd_event_source *source, uint64_t usec, void *context)
{
	struct agent *agent = context;
	bool busy = jobs_running(agent->jobs) || !agent->facts.system_up ||
		    (!agent->facts.boot.good && str_equal(agent->slot.mode, "installed"));

	(void)usec;
	units_ask_system_state(agent->units);
	units_ask_failed(agent->units);
	if (*agent->facts.state_error)
		store_boots(agent);
	gather(agent);
	report_evaluate(agent);
	work_look(agent);
	restart_look(agent);
	plan_backup(agent);
	sd_event_source_set_time_relative(source, busy ? TICK_BUSY_US : TICK_US);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_stamp(sd_event_source *source, uint64_t usec, void *context)
{
	struct agent *agent = context;

	(void)usec;
	store_boots(agent);
	sd_event_source_set_time_relative(source, STAMP_US);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int on_file(sd_event_source *source, const struct inotify_event *event, void *context)
{
	struct agent *agent = context;

	(void)source;
	(void)event;
	work_take(agent);
	gather(agent);
	report_evaluate(agent);
	restart_look(agent);
	return 0;
}

static int on_address(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct agent *agent = context;
	struct err err = ERR_INIT;
	char data[8192];

	(void)source;
	(void)events;
	/* What the messages say does not matter: the list is read anew. */
	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	if (report_issue(agent, &err) < 0)
		log_warning("%s", err.text);
	return 0;
}

static int watch_addresses(struct agent *agent, struct err *err)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK,
	};
	int r;

	agent->link_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (agent->link_fd < 0 ||
		bind(agent->link_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_errno(err, errno, "watch addresses");
	r = sd_event_add_io(agent->event, &agent->link, agent->link_fd, EPOLLIN, on_address, agent);
	return r < 0 ? err_errno(err, r, "watch addresses") : 0;
}

static int watch_files(struct agent *agent, struct err *err)
{
	static const char *const folders[] = {
		"/run/nexus-jobs", SHOWN_FOLDER, "/run/nexus-smart", "/run/nexus-bootstate"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		cleanup_free char *path = str_printf("%s%s", agent->root, folders[i]);
		int r;

		if (!path)
			return err_oom(err);
		r = sd_event_add_inotify(agent->event, &agent->watches[i], path,
			IN_MOVED_TO | IN_ONLYDIR, on_file, agent);
		/* What the folder tells is still seen at each tick. */
		if (r < 0)
			log_warning("watch folder %s: %s", path, err_reason(r));
	}
	return 0;
}

static int start_timers(struct agent *agent, struct err *err)
{
	int r;

	r = sd_event_add_time_relative(
		agent->event, &agent->tick, CLOCK_BOOTTIME, 1000000, 250000, on_tick, agent);
	if (r >= 0)
		r = sd_event_add_time_relative(agent->event, &agent->stamp, CLOCK_BOOTTIME,
			STAMP_US, 10000000, on_stamp, agent);
	if (r < 0)
		return err_errno(err, r, "start timers");
	r = watch_files(agent, err);
	if (r >= 0)
		r = watch_addresses(agent, err);
	return r;
}

/* --- start and end --- */

static int open_folder(const char *root, const char *path, int *ret_fd, struct err *err)
{
	cleanup_free char *full = str_printf("%s%s", root, path);
	int r;

	if (!full)
		return err_oom(err);
	r = file_make_dirs(full, 0700, err);
	if (r < 0)
		return r;
	*ret_fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_errno(err, errno, "open folder %s", full) : 0;
}

static int open_folders(struct agent *agent, int *ret_jobs_fd, struct err *err)
{
	int r;

	r = open_folder(agent->root, "/var/lib/nexus-agent", &agent->state_fd, err);
	if (r >= 0)
		r = open_folder(agent->root, "/var/lib/nexus-agent/jobs", ret_jobs_fd, err);
	if (r >= 0)
		r = open_folder(agent->root, "/run/nexus-agent", &agent->run_fd, err);
	if (r >= 0)
		r = open_folder(agent->root, "/run/nexus-jobs", &agent->work_fd, err);
	if (r >= 0)
		r = open_folder(agent->root, SHOWN_FOLDER, &agent->adoption_fd, err);
	return r;
}

static void read_settings(struct agent *agent)
{
	struct err err = ERR_INIT;

	/* On failure the defaults are in force. */
	if (settings_read(agent->root, &agent->settings, &err) < 0) {
		journal_event(JOURNAL_SETTINGS_BAD, LOG_LEVEL_ERROR, NULL, "%s", err.text);
		fleet_text_copy(
			agent->facts.settings_error, sizeof(agent->facts.settings_error), err.text);
	}
}

static int read_state(struct agent *agent, int jobs_fd, struct err *err)
{
	struct err why = ERR_INIT;
	int r;

	facts_read_image(agent->root, &agent->image);
	agent->facts.build_s = agent->image.build_s;
	if (slot_read(agent->root, &agent->slot, &why) < 0)
		log_warning("%s", why.text);
	r = identity_open(agent->state_fd, &agent->identity, NULL, err);
	if (r >= 0)
		r = jobs_open(jobs_fd, &work_jobs_ops, agent, agent->clock, &agent->jobs, err);
	if (r < 0)
		return r;
	enter_boot(agent);
	store_boots(agent);
	trial_begin(agent);
	return 0;
}

int agent_open(const char *root, sd_event *event, sd_bus *bus, const struct clock *clock,
	struct agent **ret, struct err *err)
{
	cleanup_agent struct agent *agent = calloc(1, sizeof(*agent));
	cleanup_close int jobs_fd = -1;
	int r;

	if (!agent)
		return err_oom(err);
	agent->root = root;
	agent->event = event;
	agent->clock = clock;
	agent->boot_s = (int64_t)((clock_realtime_us(clock) - clock_monotonic_us(clock)) / 1000000);
	agent->state_fd = agent->run_fd = agent->work_fd = agent->adoption_fd = -1;
	agent->link_fd = -1;
	read_settings(agent);
	r = open_folders(agent, &jobs_fd, err);
	if (r >= 0)
		r = read_state(agent, jobs_fd, err);
	if (r >= 0)
		r = units_open(bus, &units_ops, agent, &agent->units, err);
	if (r >= 0)
		r = start_timers(agent, err);
	if (r < 0)
		return r;
	gather(agent);
	*ret = TAKE(agent);
	return 0;
}

void agent_free(struct agent *agent)
{
	int fds[] = {-1, -1, -1, -1, -1};

	if (!agent)
		return;
	sd_event_source_unref(agent->tick);
	sd_event_source_unref(agent->stamp);
	sd_event_source_unref(agent->link);
	for (size_t i = 0; i < sizeof(agent->watches) / sizeof(*agent->watches); i++)
		sd_event_source_unref(agent->watches[i]);
	units_free(agent->units);
	jobs_free(agent->jobs);
	settings_done(&agent->settings);
	free(agent->issue);
	fds[0] = agent->state_fd;
	fds[1] = agent->run_fd;
	fds[2] = agent->work_fd;
	fds[3] = agent->adoption_fd;
	fds[4] = agent->link_fd;
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(agent);
}

void agent_watch(struct agent *agent, const struct agent_ops *ops, void *context)
{
	agent->ops = ops;
	agent->ops_context = context;
	report_evaluate(agent);
	work_resume(agent);
}

int agent_reload(struct agent *agent, struct err *err)
{
	struct settings settings = {0};
	int r;

	r = settings_read(agent->root, &settings, err);
	if (r < 0) {
		settings_done(&settings);
		journal_event(JOURNAL_SETTINGS_BAD, LOG_LEVEL_ERROR, NULL, "%s", err->text);
		fleet_text_copy(agent->facts.settings_error, sizeof(agent->facts.settings_error),
			err->text);
	} else {
		settings_done(&agent->settings);
		agent->settings = settings;
		agent->facts.settings_error[0] = '\0';
		sd_event_source_set_time_relative(agent->tick, 0); /* what is due now? */
	}
	report_evaluate(agent);
	return r;
}

void agent_stop(struct agent *agent)
{
	agent->boots.clean = units_system_stops(agent->units);
	store_boots(agent);
}

/* --- what others ask --- */

void agent_status(struct agent *agent, struct fleet_status *status)
{
	gather(agent);
	report_evaluate(agent);
	report_status(agent, status);
}

int agent_run(struct agent *agent, const struct fleet_contract_request *request,
	char ret_id[FLEET_JOB_ID_SIZE], struct err *err)
{
	int r;

	r = jobs_add(agent->jobs, request, ret_id, err);
	if (r < 0)
		return r;
	/* A job that begins now would be cut off; its record starts it after the restart. */
	if (!agent->restarting)
		jobs_go_on(agent->jobs);
	/* Soon: the unit of the job is to be looked after. */
	sd_event_source_set_time_relative(agent->tick, TICK_BUSY_US);
	return 0;
}

int agent_adopt(struct agent *agent, const struct fleet_contract_request *request,
	struct fleet_contract_adopted *ret, struct err *err)
{
	bool before = agent->identity.adopted_s != 0;
	struct err why = ERR_INIT;
	int r;

	r = identity_adopt(agent->state_fd, &agent->identity, request, now_s(agent), err);
	if (r < 0) {
		journal_event(JOURNAL_ADOPT_REFUSED, LOG_LEVEL_WARNING, NULL, "%s", err->text);
		return r;
	}
	if (shown_adopted(agent->adoption_fd, &why) < 0)
		log_warning("%s", why.text);
	if (!before)
		journal_event(JOURNAL_ADOPTED, LOG_LEVEL_NOTICE, NULL, "adopted by %s",
			agent->identity.console);
	*ret = (struct fleet_contract_adopted){0};
	fleet_text_copy(ret->box_id, sizeof(ret->box_id), agent->identity.box_id);
	fleet_text_copy(ret->name, sizeof(ret->name), agent->identity.name);
	fleet_text_copy(ret->version, sizeof(ret->version), agent->image.version);
	fleet_text_copy(ret->distribution, sizeof(ret->distribution), agent->image.distribution);
	report_property(agent, "Adopted");
	report_property(agent, "Name");
	report_evaluate(agent);
	return 0;
}
