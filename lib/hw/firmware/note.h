/* What firmware-notes say of a model (firmware-notes/README.md has the properties). */
#ifndef NEXUS_HW_FIRMWARE_NOTE_H
#define NEXUS_HW_FIRMWARE_NOTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define FIRMWARE_NOTE_VALUE_MAX 121 /* bytes with the NUL */

/* What a server wants of its firmware. */
enum firmware_goal {
	FIRMWARE_GOAL_POWER_LOSS, /* starts by itself when the power returns */
	FIRMWARE_GOAL_USB_BOOT,
	FIRMWARE_GOAL_AHCI,
	FIRMWARE_GOAL_WAKE_ON_LAN,
	FIRMWARE_GOAL_KEYBOARD, /* does not stop without one */
	FIRMWARE_GOAL_CLOCK, /* where date and time are set; no value */
};
#define FIRMWARE_GOAL_COUNT 6

enum firmware_quirk {
	FIRMWARE_QUIRK_PMBR_ACTIVE = 1 << 0,
	FIRMWARE_QUIRK_EE_SECOND_SLOT = 1 << 1,
	FIRMWARE_QUIRK_MS_PATH_COPY = 1 << 2,
	FIRMWARE_QUIRK_EFI_ENTRY = 1 << 3,
	FIRMWARE_QUIRK_KERNEL_ARGS = 1 << 4,
};

enum firmware_nic {
	FIRMWARE_NIC_UNKNOWN,
	FIRMWARE_NIC_NO, /* needs no firmware file */
	FIRMWARE_NIC_WANTED, /* its driver asks for one */
};

struct firmware_wish {
	char menu[FIRMWARE_NOTE_VALUE_MAX]; /* in the firmware's words; "" when unknown */
	char attribute[64]; /* "" when unknown */
	char values[64]; /* that will do, '|' between; the first is the one to set */
};

/* Every text is fit for a terminal, and "" when unknown. */
struct firmware_note {
	bool has_maker, has_model; /* which entries were found */
	char name[80];
	char boot_key[8], setup_key[8];
	bool bios, uefi; /* modes that it can start in; neither: unknown */
	unsigned quirks; /* of enum firmware_quirk */
	char kernel_args[FIRMWARE_NOTE_VALUE_MAX];
	char nic[FIRMWARE_NOTE_VALUE_MAX];
	enum firmware_nic nic_firmware;
	char verified[FIRMWARE_NOTE_VALUE_MAX]; /* date and person */
	struct firmware_wish wishes[FIRMWARE_GOAL_COUNT];
	size_t refused; /* properties that made no sense and were left out */
};

/* "power-loss", "usb-boot"...; static. */
const char *firmware_note_goal_name(enum firmware_goal goal);
/* "pmbr_active"...; quirk has one bit set; static. */
const char *firmware_note_quirk_name(enum firmware_quirk quirk);

/* Takes one property over what is there. -EINVAL, and note as it was, for an unknown name, word
 * or form, and for a value that is too long. */
int firmware_note_add(struct firmware_note *note, const char *name, const char *value,
	struct err *err) __attribute__((warn_unused_result));

/* Looks a PC up: first its maker, then over it its model. Neither: all of *ret is unknown, and
 * that is no error. path is a compiled hwdb, NULL for the system's. -ENOENT (kind not-found)
 * without a database, else the errno of opening it. */
int firmware_note_find(const char *path, const char *modalias, struct firmware_note *ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
