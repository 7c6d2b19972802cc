#include "hw/net.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define ETHERNET "1" /* ARPHRD_ETHER */
#define PCI_ETHERNET 0x0200ul /* PCI class and subclass */

static bool exists(const char *dir, const char *name)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);

	return path && access(path, F_OK) == 0;
}

static void driver_of(const char *dir, char *out, size_t room)
{
	cleanup_free char *link = str_printf("%s/device/driver", dir);
	cleanup_free char *real = link ? realpath(link, NULL) : NULL;

	*out = '\0';
	if (real)
		snprintf(out, room, "%s", strrchr(real, '/') + 1);
	str_sanitize(out);
}

static void chip_of(const char *dir, char *out, size_t room)
{
	char vendor[16], device[16];

	file_read_line(dir, "device/vendor", vendor, sizeof(vendor));
	file_read_line(dir, "device/device", device, sizeof(device));
	*out = '\0';
	if (str_after(vendor, "0x") && str_after(device, "0x"))
		snprintf(out, room, "%.6s:%.6s", vendor + 2, device + 2);
}

static void port_add(const char *dir, const char *name, struct hw_net *ret)
{
	struct hw_net_port *port = &ret->ports[ret->count];
	char text[16];

	file_read_line(dir, "type", text, sizeof(text));
	if (ret->count == HW_NET_MAX || strcmp(text, ETHERNET) != 0 || !exists(dir, "device") ||
		exists(dir, "wireless") || exists(dir, "phy80211"))
		return;
	*port = (struct hw_net_port){.link = HW_NET_LINK_UNKNOWN};
	snprintf(port->name, sizeof(port->name), "%.31s", name);
	driver_of(dir, port->driver, sizeof(port->driver));
	chip_of(dir, port->chip, sizeof(port->chip));
	/* A port that is down answers EINVAL. */
	file_read_line(dir, "carrier", text, sizeof(text));
	if (text[0])
		port->link = text[0] == '1' ? HW_NET_LINK_UP : HW_NET_LINK_NONE;
	ret->count++;
}

static size_t orphans(const char *sysfs)
{
	cleanup_free char *path = str_printf("%s/bus/pci/devices", sysfs);
	cleanup_closedir DIR *dir = path ? opendir(path) : NULL;
	size_t count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		cleanup_free char *device = str_printf("%s/%s", path, entry->d_name);
		char class[16];

		if (!device || entry->d_name[0] == '.')
			continue;
		file_read_line(device, "class", class, sizeof(class));
		if (strtoul(class, NULL, 16) >> 8 == PCI_ETHERNET && !exists(device, "driver"))
			count++;
	}
	return count;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct hw_net_port *)a)->name, ((const struct hw_net_port *)b)->name);
}

void hw_net_read(const char *sysfs, struct hw_net *ret)
{
	const char *sys = sysfs ? sysfs : "/sys";
	cleanup_free char *path = str_printf("%s/class/net", sys);
	cleanup_closedir DIR *dir = path ? opendir(path) : NULL;

	*ret = (struct hw_net){.without_driver = orphans(sys)};
	for (struct dirent *entry; dir && ret->count < HW_NET_MAX && (entry = readdir(dir));) {
		cleanup_free char *port = str_printf("%s/%s", path, entry->d_name);

		if (port && entry->d_name[0] != '.')
			port_add(port, entry->d_name, ret);
	}
	qsort(ret->ports, ret->count, sizeof(ret->ports[0]), by_name);
}
