#include "hw/firmware/note.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-hwdb.h>

#include "base/cleanup.h"
#include "base/str.h"

#define PROPERTIES_MAX 64

static const char *const goals[FIRMWARE_GOAL_COUNT] = {
	[FIRMWARE_GOAL_POWER_LOSS] = "power-loss",
	[FIRMWARE_GOAL_USB_BOOT] = "usb-boot",
	[FIRMWARE_GOAL_AHCI] = "ahci",
	[FIRMWARE_GOAL_WAKE_ON_LAN] = "wake-on-lan",
	[FIRMWARE_GOAL_KEYBOARD] = "keyboard",
	[FIRMWARE_GOAL_CLOCK] = "clock",
};

static const char *const goal_properties[FIRMWARE_GOAL_COUNT] = {
	[FIRMWARE_GOAL_POWER_LOSS] = "POWER_LOSS",
	[FIRMWARE_GOAL_USB_BOOT] = "USB_BOOT",
	[FIRMWARE_GOAL_AHCI] = "AHCI",
	[FIRMWARE_GOAL_WAKE_ON_LAN] = "WAKE_ON_LAN",
	[FIRMWARE_GOAL_KEYBOARD] = "KEYBOARD",
	[FIRMWARE_GOAL_CLOCK] = "CLOCK",
};

/* By the bit of enum firmware_quirk. */
static const char *const quirks[] = {
	"pmbr_active", "ee_second_slot", "ms_path_copy", "efi_entry", "kernel_args"};
#define QUIRK_COUNT (sizeof(quirks) / sizeof(quirks[0]))

static const char *const keys[] = {"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10",
	"F11", "F12", "Esc", "Del", "Enter"};

const char *firmware_note_goal_name(enum firmware_goal goal)
{
	return goals[goal];
}

const char *firmware_note_quirk_name(enum firmware_quirk quirk)
{
	for (size_t i = 0; i < QUIRK_COUNT; i++)
		if ((unsigned)quirk == 1u << i)
			return quirks[i];
	return "";
}

static int refuse(const char *name, const char *value, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL,
		"read firmware note: %.40s: \"%.60s\" makes no sense", name, value);
}

static int take_text(const char *name, const char *value, char *out, size_t room, struct err *err)
{
	if (strlen(value) >= room || !value[0])
		return refuse(name, value, err);
	snprintf(out, room, "%s", value);
	str_sanitize(out);
	return 0;
}

/* The next word of *text, blanks before it skipped; its size, 0 at the end. */
static size_t next_word(const char **text)
{
	*text += strspn(*text, " ");
	return strcspn(*text, " ");
}

static int take_key(const char *name, const char *value, char out[8], struct err *err)
{
	size_t i;

	if (!str_find(keys, sizeof(keys) / sizeof(keys[0]), value, &i))
		return refuse(name, value, err);
	snprintf(out, 8, "%s", keys[i]);
	return 0;
}

static int take_modes(struct firmware_note *note, const char *value, struct err *err)
{
	bool bios = false, uefi = false;
	const char *at = value;

	for (size_t n; (n = next_word(&at)) > 0; at += n) {
		if (n == 4 && memcmp(at, "bios", n) == 0)
			bios = true;
		else if (n == 4 && memcmp(at, "uefi", n) == 0)
			uefi = true;
		else
			return refuse("MODES", value, err);
	}
	note->bios = bios;
	note->uefi = uefi;
	return 0;
}

static int take_quirks(struct firmware_note *note, const char *value, struct err *err)
{
	const char *at = value;
	unsigned found = 0;

	for (size_t n; (n = next_word(&at)) > 0; at += n) {
		size_t i;

		if (n == 4 && memcmp(at, "none", n) == 0)
			continue;
		for (i = 0; i < QUIRK_COUNT; i++)
			if (strlen(quirks[i]) == n && memcmp(at, quirks[i], n) == 0)
				break;
		if (i == QUIRK_COUNT)
			return refuse("QUIRKS", value, err);
		found |= 1u << i;
	}
	note->quirks = found;
	return 0;
}

static int take_nic_firmware(struct firmware_note *note, const char *value, struct err *err)
{
	static const char *const words[] = {
		[FIRMWARE_NIC_UNKNOWN] = "unknown",
		[FIRMWARE_NIC_NO] = "no",
		[FIRMWARE_NIC_WANTED] = "wanted",
	};
	size_t i;

	if (!str_find(words, sizeof(words) / sizeof(words[0]), value, &i))
		return refuse("NIC_FIRMWARE", value, err);
	note->nic_firmware = (enum firmware_nic)i;
	return 0;
}

static int take_attribute(struct firmware_wish *wish, const char *value, struct err *err)
{
	const char *equal = strchr(value, '=');
	const size_t n = equal ? (size_t)(equal - value) : 0;

	if (n == 0 || n >= sizeof(wish->attribute) || !equal[1] ||
		strlen(equal + 1) >= sizeof(wish->values) || memchr(value, '/', n) ||
		value[0] == '.')
		return refuse("ATTR", value, err);
	snprintf(wish->attribute, sizeof(wish->attribute), "%.*s", (int)n, value);
	snprintf(wish->values, sizeof(wish->values), "%s", equal + 1);
	str_sanitize(wish->attribute);
	str_sanitize(wish->values);
	return 0;
}

static int take_wish(struct firmware_note *note, const char *name, const char *goal, bool menu,
	const char *value, struct err *err)
{
	size_t i;

	if (!str_find(goal_properties, FIRMWARE_GOAL_COUNT, goal, &i))
		return refuse(name, value, err);
	if (!menu)
		return take_attribute(&note->wishes[i], value, err);
	return take_text(name, value, note->wishes[i].menu, sizeof(note->wishes[i].menu), err);
}

int firmware_note_add(
	struct firmware_note *note, const char *name, const char *value, struct err *err)
{
	const char *what = str_after(name, "NEXUS_"), *rest;

	if (!what)
		return refuse(name, value, err);
	if ((rest = str_after(what, "SET_")))
		return take_wish(note, name, rest, true, value, err);
	if ((rest = str_after(what, "ATTR_")))
		return take_wish(note, name, rest, false, value, err);
	if (str_after(what, "SOURCE_"))
		return 0;
	if (str_equal(what, "NAME"))
		return take_text(name, value, note->name, sizeof(note->name), err);
	if (str_equal(what, "BOOT_KEY"))
		return take_key(name, value, note->boot_key, err);
	if (str_equal(what, "SETUP_KEY"))
		return take_key(name, value, note->setup_key, err);
	if (str_equal(what, "MODES"))
		return take_modes(note, value, err);
	if (str_equal(what, "QUIRKS"))
		return take_quirks(note, value, err);
	if (str_equal(what, "KERNEL_ARGS"))
		return take_text(name, value, note->kernel_args, sizeof(note->kernel_args), err);
	if (str_equal(what, "NIC_FIRMWARE"))
		return take_nic_firmware(note, value, err);
	if (str_equal(what, "NIC"))
		return str_equal(value, "unknown")
			       ? 0
			       : take_text(name, value, note->nic, sizeof(note->nic), err);
	if (str_equal(what, "VERIFIED"))
		return str_equal(value, "no") ? 0
					      : take_text(name, value, note->verified,
							sizeof(note->verified), err);
	return refuse(name, value, err);
}

CLEANUP_DEFINE(hwdb, sd_hwdb *, sd_hwdb_unref);

/* All properties of one class; says whether there was any. */
static int look_up(sd_hwdb *hwdb, const char *class, const char *modalias,
	struct firmware_note *note, bool *ret_found, struct err *err)
{
	cleanup_free char *key = str_printf("%s:%s", class, modalias);
	const char *name, *value;
	size_t count = 0;
	int r;

	if (!key)
		return err_oom(err);
	r = sd_hwdb_seek(hwdb, key);
	if (r < 0)
		return err_errno(err, -r, "look up firmware notes");
	while (count < PROPERTIES_MAX && (r = sd_hwdb_enumerate(hwdb, &name, &value)) > 0) {
		struct err refused = ERR_INIT;

		count++;
		if (firmware_note_add(note, name, value, &refused) < 0)
			note->refused++;
	}
	if (r < 0)
		return err_errno(err, -r, "read firmware notes");
	*ret_found = count > 0;
	return 0;
}

int firmware_note_find(
	const char *path, const char *modalias, struct firmware_note *ret, struct err *err)
{
	CLEANUP(hwdb) sd_hwdb *hwdb = NULL;
	struct firmware_note note = {0};
	int r;

	*ret = note;
	r = path ? sd_hwdb_new_from_path(path, &hwdb) : sd_hwdb_new(&hwdb);
	if (r < 0)
		return err_errno(err, -r, "open firmware notes %s", path ? path : "of the system");
	if (!modalias[0])
		return 0;
	r = look_up(hwdb, "nexus-maker", modalias, &note, &note.has_maker, err);
	if (r >= 0)
		r = look_up(hwdb, "nexus-firmware", modalias, &note, &note.has_model, err);
	if (r < 0)
		return r;
	*ret = note;
	return 0;
}
