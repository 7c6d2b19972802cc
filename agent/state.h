/* The daemon's one context. Everything it knows is here; agent.c changes it, report.c tells it. */
#ifndef NEXUS_AGENT_STATE_H
#define NEXUS_AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "agent/common/identity.h"
#include "agent/common/settings.h"
#include "agent/common/slot.h"
#include "agent/health/boots.h"
#include "agent/health/facts.h"
#include "agent/health/health.h"
#include "agent/health/systems.h"
#include "agent/jobs.h"
#include "agent/units.h"
#include "base/clock.h"

/* How changes get out. */
struct agent_ops {
	void (*job_changed)(void *context, const struct fleet_job *job);
	/* One of the bus's properties: "State", "Health", ... */
	void (*property_changed)(void *context, const char *name);
};

struct agent {
	const char *root; /* borrowed; "" is the system */
	const struct clock *clock; /* borrowed */
	const struct agent_ops *ops; /* borrowed; NULL until agent_watch */
	void *ops_context;
	sd_event *event; /* borrowed */
	struct units *units;
	struct jobs *jobs;
	int state_fd, run_fd; /* /var/lib/nexus-agent, /run/nexus-agent */
	int work_fd, adoption_fd; /* /run/nexus-jobs, /run/nexus-adoption */
	int link_fd; /* tells when addresses change; -1 without */
	struct settings settings;
	struct identity identity;
	struct facts_image image;
	struct slot slot;
	struct boots boots;
	struct systems systems;
	struct health_facts facts;
	enum fleet_status_level level; /* as last evaluated */
	int64_t boot_s; /* since 1970: when this boot began, by today's clock */
	uint64_t up_since_us; /* monotonic: since when the gate is passed; 0: it is not */
	bool gate_asked; /* nexus-mark-good was started */
	char mark_error[256]; /* why it failed, or "" */
	bool restarting; /* the restart into an update is under way */
	unsigned lost_looks; /* looks in a row that found the running job's unit gone */
	char *issue; /* owned; as last written */
	sd_event_source *tick, *stamp, *link, *watches[4];
};

#endif
