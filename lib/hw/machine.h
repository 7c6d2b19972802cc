/* What a technician must know of this PC before it becomes a server: in which firmware mode it
 * runs, how much memory it has, who made it, and whether its disks hide behind a RAID mode. */
#ifndef NEXUS_HW_MACHINE_H
#define NEXUS_HW_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct hw_machine {
	bool uefi; /* started by UEFI; else by a legacy BIOS */
	bool secure_boot; /* UEFI with Secure Boot enforced */
	bool raid_mode; /* a SATA controller in RAID mode and none in AHCI mode */
	bool ahci_mode; /* a SATA controller in AHCI mode and none in RAID mode */
	uint64_t memory_bytes; /* what the kernel has to use; 0 when unknown */
	char vendor[64], product[80]; /* of the firmware's tables; "" when unknown */
};

/* Never fails: what can't be read stays unknown. sysfs and proc are "/sys" and "/proc", or NULL
 * for these. */
void hw_machine_read(const char *sysfs, const char *proc, struct hw_machine *ret);

#endif
