/* The wired network ports of this PC. */
#ifndef NEXUS_HW_NET_H
#define NEXUS_HW_NET_H

#include <stdbool.h>
#include <stddef.h>

#define HW_NET_MAX 16

enum hw_net_link {
	HW_NET_LINK_UNKNOWN, /* the port is switched off, so it can't tell */
	HW_NET_LINK_NONE,
	HW_NET_LINK_UP,
};

struct hw_net_port {
	char name[32], driver[32]; /* fit for a terminal; driver "" when unknown */
	char chip[16]; /* "8086:1502", vendor and device; "" when unknown */
	enum hw_net_link link;
};

struct hw_net {
	struct hw_net_port ports[HW_NET_MAX]; /* by name */
	size_t count;
	size_t without_driver; /* Ethernet controllers that no driver took */
};

/* Never fails: what can't be read is not there. sysfs is the folder, NULL for "/sys". Ports
 * without hardware (bridges, tunnels) and wireless ones are left out; past HW_NET_MAX too. */
void hw_net_read(const char *sysfs, struct hw_net *ret);

#endif
