/* org.freedesktop.LogControl1: "systemctl service-log-level nexus-agent debug". */
#ifndef NEXUS_AGENT_LOG_CONTROL_H
#define NEXUS_AGENT_LOG_CONTROL_H

#include <systemd/sd-bus.h>

#include "base/err.h"

int log_control_publish(sd_bus *bus, struct err *err) __attribute__((warn_unused_result));

#endif
