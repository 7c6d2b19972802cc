#include "agent/restart.h"

#include "agent/common/journal.h"
#include "base/log.h"
#include "base/str.h"

bool restart_waits(const struct agent *agent)
{
	return str_equal(agent->slot.mode, "installed") && *agent->facts.waiting;
}

/* The update that waits was to start at once. */
static bool is_urgent(const struct agent *agent)
{
	const struct fleet_job *done = jobs_last(agent->jobs, "update", FLEET_JOB_DONE);
	const struct fleet_contract_request *request =
		done ? jobs_request(agent->jobs, done->id) : NULL;

	return request && request->now && !request->only_check;
}

void restart_look(struct agent *agent)
{
	int64_t now_s = (int64_t)(clock_realtime_us(agent->clock) / 1000000);
	struct err err = ERR_INIT;

	/* One that was given up in this very boot still looks as if it waited, until the system
	 * that runs is good and has put it last. */
	if (agent->restarting || !restart_waits(agent) || !agent->facts.boot.good ||
		jobs_running(agent->jobs))
		return;
	if (!is_urgent(agent) && !window_has_time(&agent->settings.update_window, now_s))
		return;
	agent->restarting = true;
	journal_event(JOURNAL_RESTART, LOG_LEVEL_NOTICE, NULL,
		"restarting into the update in place %s", agent->facts.waiting);
	if (units_start(agent->units, RESTART_UNIT, &err) < 0)
		restart_refused(agent, "refused", err.text);
}

void restart_refused(struct agent *agent, const char *result, const char *why)
{
	log_warning("restart: %s%s%s", result, why ? ": " : "", why ? why : "");
	agent->restarting = false;
}
