#include "agent/trial.h"

#include <string.h>

#include "agent/common/journal.h"
#include "agent/issue.h"
#include "agent/report.h"
#include "agent/restart.h"
#include "base/log.h"
#include "base/str.h"
#include "fleet/text.h"

static void store(struct agent *agent)
{
	struct err err = ERR_INIT;

	if (systems_write(agent->state_fd, &agent->systems, &err) < 0)
		log_warning("store systems: %s", err.text);
}

void trial_begin(struct agent *agent)
{
	struct err err = ERR_INIT;
	char *version;

	if (systems_read(agent->state_fd, &agent->systems, &err) < 0)
		log_warning("%s", err.text);
	version = systems_version(&agent->systems, agent->slot.slot);
	if (!version || str_equal(version, agent->image.version))
		return;
	fleet_text_copy(version, FLEET_STATUS_NAME_SIZE, agent->image.version);
	store(agent);
}

void trial_installed(struct agent *agent, const char *version)
{
	const char *other = str_equal(agent->slot.slot, "A") ? "B" : "A";

	fleet_text_copy(systems_version(&agent->systems, other), FLEET_STATUS_NAME_SIZE, version);
	agent->systems.failed[0] = '\0';
	store(agent);
}

/* GRUB's verdict of this boot, or of one before if nothing came after it. */
static void gather_failed(struct agent *agent)
{
	char *failed = agent->systems.failed;
	const struct health_facts *facts = &agent->facts;

	if (*facts->fallback && !str_equal(failed, facts->fallback)) {
		fleet_text_copy(failed, sizeof(agent->systems.failed), facts->fallback);
		store(agent);
	} else if (*failed && str_equal(failed, agent->slot.slot)) {
		*failed = '\0';
		store(agent);
	}
	fleet_text_copy(agent->facts.fallback, sizeof(agent->facts.fallback), failed);
}

static void gather_network(struct agent *agent)
{
	cleanup_str_list struct str_list addresses = {0};
	struct err err = ERR_INIT;

	if (issue_addresses(&addresses, &err) < 0)
		log_debug("%s", err.text);
	agent->facts.network = addresses.count > 0;
	agent->facts.had_network = agent->systems.network;
	if (agent->facts.boot.good && agent->facts.network && !agent->systems.network) {
		agent->systems.network = true;
		store(agent);
	}
}

void trial_gather(struct agent *agent)
{
	if (!*agent->slot.slot || !str_equal(agent->slot.mode, "installed"))
		return;
	gather_failed(agent);
	gather_network(agent);
	systems_show(
		&agent->systems, &agent->facts.boot_state, agent->slot.slot, agent->facts.slots);
	agent->facts.slot_count = FLEET_STATUS_SLOTS_MAX;
}

/* There is another system that was good, to go back to. */
static bool can_go_back(const struct agent *agent)
{
	for (size_t i = 0; i < agent->facts.slot_count; i++) {
		const struct fleet_status_slot *slot = &agent->facts.slots[i];

		if (slot->ok && slot->proven && !str_equal(slot->name, agent->slot.slot))
			return true;
	}
	return false;
}

static void give_up(struct agent *agent, const char *why)
{
	struct err err = ERR_INIT;

	if (agent->restarting || agent->facts.uptime_s < agent->settings.gate_limit_us / 1000000 ||
		!can_go_back(agent) || jobs_running(agent->jobs))
		return;
	agent->restarting = true;
	journal_event(JOURNAL_TRIAL_FAILED, LOG_LEVEL_ERROR, NULL,
		"system %s did not prove itself (%s); restarting", agent->slot.slot, why);
	if (units_start(agent->units, RESTART_UNIT, &err) < 0)
		restart_refused(agent, "refused", err.text);
}

void trial_look(struct agent *agent)
{
	uint64_t now_us = clock_monotonic_us(agent->clock);
	struct err err = ERR_INIT;
	const char *why;

	if (agent->gate_asked || agent->facts.boot.good || !*agent->slot.slot ||
		!str_equal(agent->slot.mode, "installed"))
		return;
	if (!health_gate(&agent->facts, &why)) {
		log_debug("not marked good yet: %s", why);
		agent->up_since_us = 0;
		give_up(agent, why);
		return;
	}
	if (*agent->mark_error)
		give_up(agent, agent->mark_error);
	if (agent->restarting)
		return;
	if (!agent->up_since_us)
		agent->up_since_us = now_us;
	if (now_us - agent->up_since_us < agent->settings.gate_delay_us)
		return;
	agent->gate_asked = true;
	if (units_start(agent->units, TRIAL_UNIT, &err) < 0)
		log_warning("%s", err.text);
}

void trial_marked(struct agent *agent, const char *result, const char *why)
{
	facts_gather_boot(agent->root, &agent->slot, &agent->facts);
	trial_gather(agent);
	agent->gate_asked = str_equal(result, "done");
	agent->up_since_us = 0;
	agent->mark_error[0] = '\0';
	if (!agent->gate_asked) {
		snprintf(agent->mark_error, sizeof(agent->mark_error), "mark slot good: %s%s%.150s",
			result, why ? ": " : "", why ? why : "");
		log_warning("%s", agent->mark_error);
	}
	report_evaluate(agent);
}
