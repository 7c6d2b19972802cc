#include "provision/fit/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/i18n.h"

#define MIB (1ull << 20)
/* The kernel keeps a part of what is built in to itself. */
#define MEMORY_UNFIT (900 * MIB)
#define MEMORY_POOR (1500 * MIB)
#define MEMORY_SMALL (3400 * MIB)

static void judge_cpu(const struct fit *fit, struct fit_check *check)
{
	const struct hw_cpu *cpu = &fit->cpu;

	snprintf(check->what, sizeof(check->what), _("Processor: %s, %u threads"),
		cpu->model[0] ? cpu->model : "?", cpu->threads);
	if (cpu->has_flags && !cpu->is_64_bit) {
		check->level = FIT_UNFIT;
		check->advice = _("It has no 64 bits. Use another PC.");
	} else if (cpu->threads == 1) {
		check->level = FIT_CAUTION;
		check->advice = _("One core alone: use this PC for backups only.");
	} else if (cpu->has_flags && !cpu->has_aes) {
		check->level = FIT_CAUTION;
		check->advice = _("It has no AES instructions: encrypted backups take longer.");
	}
}

static void judge_memory(const struct fit *fit, struct fit_check *check)
{
	const uint64_t bytes = fit->machine.memory_bytes;

	if (!bytes) {
		snprintf(check->what, sizeof(check->what), "%s", _("Memory: unknown"));
		return;
	}
	snprintf(check->what, sizeof(check->what), _("Memory: %llu MB"),
		(unsigned long long)(bytes / MIB));
	if (bytes < MEMORY_UNFIT) {
		check->level = FIT_UNFIT;
		check->advice = _("Too little for a server. Put in at least 4 GB.");
	} else if (bytes < MEMORY_POOR) {
		check->level = FIT_CAUTION;
		check->advice = _("Too little for apps. Put in at least 4 GB.");
	} else if (bytes < MEMORY_SMALL) {
		check->level = FIT_CAUTION;
		check->advice = _("Enough for backups, little for apps; 4 GB are better.");
	}
}

static void judge_disks(const struct fit *fit, struct fit_check *check)
{
	snprintf(check->what, sizeof(check->what), _("Disks: %zu, of which %zu can be used"),
		fit->disks, fit->usable_disks);
	if (fit->failing_disks) {
		snprintf(check->what, sizeof(check->what), _("Disks: %s is failing"), fit->failing);
		check->level = fit->usable_disks ? FIT_CAUTION : FIT_UNFIT;
		check->advice = _("Its own health data say so. Replace that disk.");
	} else if (!fit->usable_disks && fit->machine.raid_mode) {
		check->level = FIT_UNFIT;
		check->advice = _("They may be hidden: see the disk controller.");
	} else if (!fit->usable_disks) {
		check->level = FIT_UNFIT;
		check->advice = _("Put in a disk that is large enough, and check its cables.");
	}
}

static void judge_raid(const struct fit *fit, struct fit_check *check)
{
	snprintf(check->what, sizeof(check->what), "%s",
		fit->machine.raid_mode ? _("Disk controller: RAID mode")
				       : _("Disk controller: not in RAID mode"));
	if (!fit->machine.raid_mode)
		return;
	check->level = fit->usable_disks ? FIT_CAUTION : FIT_UNFIT;
	check->advice = _("Change it to AHCI in the firmware's set-up, then start again.");
}

static void judge_network(const struct fit *fit, struct fit_check *check)
{
	const struct hw_net_port *best = NULL;

	for (size_t i = 0; i < fit->net.count; i++)
		if (!best || fit->net.ports[i].link > best->link)
			best = &fit->net.ports[i];
	if (!best) {
		snprintf(check->what, sizeof(check->what), "%s", _("Network: no wired port"));
		check->level = FIT_CAUTION;
		check->advice = fit->net.without_driver
					? _("There is a network chip without a driver. Add "
					    "another network card.")
					: _("Switch it on in the firmware's set-up, or add a "
					    "network card.");
		return;
	}
	snprintf(check->what, sizeof(check->what), _("Network: %s (%s %s), %s"), best->name,
		best->driver[0] ? best->driver : "?", best->chip,
		best->link == HW_NET_LINK_UP     ? _("connected")
		: best->link == HW_NET_LINK_NONE ? _("no cable")
						 : _("switched off"));
	if (best->link == HW_NET_LINK_NONE) {
		check->level = FIT_CAUTION;
		check->advice = _("Plug in the network cable; the installation needs none.");
	}
}

static void judge_firmware(const struct fit *fit, struct fit_check *check)
{
	const struct firmware_board *board = &fit->board;

	snprintf(check->what, sizeof(check->what), _("Firmware: %s%s, version %s of %s"),
		fit->machine.uefi ? "UEFI" : "BIOS",
		fit->machine.secure_boot ? " (Secure Boot)" : "",
		board->bios_version[0] ? board->bios_version : "?",
		board->bios_date[0] ? board->bios_date : "?");
}

static void judge_clock(const struct fit *fit, struct fit_check *check)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(fit->now_s, 0, text);
	snprintf(check->what, sizeof(check->what), _("Clock: %.10s %.5s UTC"), text, text + 11);
	if (fit->build_s && fit->now_s < fit->build_s) {
		check->level = FIT_CAUTION;
		check->advice =
			_("It is slow; its battery (CR2032) may be empty. Change it and set "
			  "the date. For now the date of this stick's image is used.");
	}
}

static void judge_uuid(const struct fit *fit, struct fit_check *check)
{
	switch (fit->board.uuid) {
	case FIRMWARE_UUID_GOOD:
		snprintf(check->what, sizeof(check->what), "%s", _("Number of this PC: its own"));
		break;
	case FIRMWARE_UUID_UNKNOWN:
		snprintf(check->what, sizeof(check->what), "%s", _("Number of this PC: unknown"));
		break;
	case FIRMWARE_UUID_NONE:
		snprintf(check->what, sizeof(check->what), "%s",
			_("Number of this PC: one that others have too"));
		check->level = FIT_CAUTION;
		check->advice = _("Nothing to do: the box gets an identity of its own.");
		break;
	}
}

void judge_pc(struct fit *fit)
{
	static void (*const judges[FIT_CHECK_COUNT])(const struct fit *, struct fit_check *) = {
		[FIT_CHECK_CPU] = judge_cpu,
		[FIT_CHECK_MEMORY] = judge_memory,
		[FIT_CHECK_DISKS] = judge_disks,
		[FIT_CHECK_RAID] = judge_raid,
		[FIT_CHECK_NETWORK] = judge_network,
		[FIT_CHECK_FIRMWARE] = judge_firmware,
		[FIT_CHECK_CLOCK] = judge_clock,
		[FIT_CHECK_UUID] = judge_uuid,
	};

	for (size_t i = 0; i < FIT_CHECK_COUNT; i++) {
		fit->checks[i] = (struct fit_check){.level = FIT_OK, .advice = ""};
		judges[i](fit, &fit->checks[i]);
	}
}
