#include "hw/machine.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define TEXT_MAX (64u << 10)
#define SECURE_BOOT "firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* PCI class codes of mass storage controllers. */
#define PCI_RAID 0x010400ul
#define PCI_AHCI 0x010601ul
#define PCI_MASK 0xffff00ul

static char *text_of(const char *dir, const char *name, size_t *ret_size)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	struct err err = ERR_INIT;
	char *text = NULL;

	if (!path || file_read(AT_FDCWD, path, TEXT_MAX, &text, ret_size, &err) < 0)
		return NULL;
	return text;
}

static uint64_t memory_bytes(const char *proc)
{
	cleanup_free char *text = text_of(proc, "meminfo", NULL);
	const char *line = text ? strstr(text, "MemTotal:") : NULL;

	return line ? strtoull(line + strlen("MemTotal:"), NULL, 10) * 1024 : 0;
}

static bool secure_boot(const char *sysfs)
{
	size_t size = 0;
	cleanup_free char *value = text_of(sysfs, SECURE_BOOT, &size);

	/* Four bytes of attributes, then the value. */
	return value && size == 5 && value[4] == 1;
}

static void controllers(const char *sysfs, struct hw_machine *ret)
{
	cleanup_free char *dir_path = str_printf("%s/bus/pci/devices", sysfs);
	cleanup_closedir DIR *dir = dir_path ? opendir(dir_path) : NULL;
	bool raid = false, ahci = false;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		cleanup_free char *name = str_printf("%s/class", entry->d_name);
		cleanup_free char *text = name ? text_of(dir_path, name, NULL) : NULL;
		unsigned long class = text ? strtoul(text, NULL, 16) : 0;

		if ((class & PCI_MASK) == PCI_RAID)
			raid = true;
		if (class == PCI_AHCI)
			ahci = true;
	}
	ret->raid_mode = raid && !ahci;
	ret->ahci_mode = ahci && !raid;
}

void hw_machine_read(const char *sysfs, const char *proc, struct hw_machine *ret)
{
	const char *sys = sysfs ? sysfs : "/sys";
	cleanup_free char *efi = str_printf("%s/firmware/efi", sys);

	*ret = (struct hw_machine){
		.uefi = efi && access(efi, F_OK) == 0,
		.secure_boot = secure_boot(sys),
		.memory_bytes = memory_bytes(proc ? proc : "/proc"),
	};
	controllers(sys, ret);
	file_read_line(sys, "class/dmi/id/sys_vendor", ret->vendor, sizeof(ret->vendor));
	file_read_line(sys, "class/dmi/id/product_name", ret->product, sizeof(ret->product));
}
