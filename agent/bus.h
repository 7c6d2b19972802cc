/* The daemon's face on the system bus: com.nexusempresarial.Agent1, see
 * agent/data/com.nexusempresarial.Agent1.xml. */
#ifndef NEXUS_AGENT_BUS_H
#define NEXUS_AGENT_BUS_H

#include <systemd/sd-bus.h>

#include "agent/agent.h"

#define BUS_NAME "com.nexusempresarial.Agent1"
#define BUS_PATH "/com/nexusempresarial/Agent1"
#define BUS_INTERFACE "com.nexusempresarial.Agent1.Manager"
#define BUS_ERROR_PREFIX "com.nexusempresarial.Agent1.Error."

/* Puts the object on the bus, watches the agent, and takes the name. Borrows both for the life of
 * the bus. */
int bus_publish(sd_bus *bus, struct agent *agent, struct err *err)
	__attribute__((warn_unused_result));

#endif
