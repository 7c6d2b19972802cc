#include "provision/fit/fit.h"

#include <stdio.h>

#include "base/log.h"

/* What the hardware shows needs no look at the firmware. */
static void seen(struct fit *fit, enum firmware_goal goal)
{
	struct firmware_setting *setting = &fit->plan.settings[goal];

	if (setting->state == FIRMWARE_STATE_UNKNOWN)
		setting->state = FIRMWARE_STATE_AS_WANTED;
}

void fit_started_from_usb(struct fit *fit)
{
	seen(fit, FIRMWARE_GOAL_USB_BOOT);
}

void fit_read(const char *facts, const char *notes, struct fit *ret)
{
	const char *root = facts ? facts : "";
	char proc[sizeof(ret->sysfs)];
	struct err err = ERR_INIT;

	*ret = (struct fit){0};
	snprintf(ret->sysfs, sizeof(ret->sysfs), "%s/sys", root);
	snprintf(proc, sizeof(proc), "%s/proc", root);
	hw_machine_read(ret->sysfs, proc, &ret->machine);
	hw_cpu_read(proc, &ret->cpu);
	hw_net_read(ret->sysfs, &ret->net);
	firmware_board_read(ret->sysfs, &ret->board);
	if (firmware_note_find(notes, ret->board.modalias, &ret->note, &err) < 0)
		log_warning("%s", err.text);
	if (ret->note.refused)
		log_warning("%zu firmware notes of this PC make no sense", ret->note.refused);
	firmware_plan_make(ret->sysfs, &ret->note, &ret->plan);
	if (ret->machine.ahci_mode)
		seen(ret, FIRMWARE_GOAL_AHCI);
}

void fit_forget_disks(struct fit *fit)
{
	fit->disks = fit->usable_disks = fit->failing_disks = 0;
}

void fit_add_disk(
	struct fit *fit, const struct hw_disk *disk, bool usable, enum hw_smart_verdict health)
{
	fit->disks++;
	if (health == HW_SMART_FAILED) {
		if (!fit->failing_disks++)
			snprintf(fit->failing, sizeof(fit->failing), "/dev/%s", disk->name);
	} else if (usable) {
		fit->usable_disks++;
	}
}

enum fit_level fit_level(const struct fit *fit)
{
	enum fit_level worst = FIT_OK;

	for (size_t i = 0; i < FIT_CHECK_COUNT; i++)
		if (fit->checks[i].level > worst)
			worst = fit->checks[i].level;
	return worst;
}

size_t fit_count(const struct fit *fit, enum firmware_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++)
		count += fit->plan.settings[i].state == state;
	return count;
}

bool fit_can_set(const struct fit *fit)
{
	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		const struct firmware_setting *setting = &fit->plan.settings[i];

		if (setting->state == FIRMWARE_STATE_DIFFERENT && setting->can_set)
			return true;
	}
	return false;
}
