#include "provision/fit/show.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/i18n.h"
#include "base/str.h"

#define TEXT_MAX (16u << 10)
#define WORD_COLUMNS 11 /* of a level or a state, with the blank after it */
#define INDENT 2

static const char *const check_names[FIT_CHECK_COUNT] = {
	[FIT_CHECK_CPU] = "cpu",
	[FIT_CHECK_MEMORY] = "memory",
	[FIT_CHECK_DISKS] = "disks",
	[FIT_CHECK_RAID] = "disk-controller",
	[FIT_CHECK_NETWORK] = "network",
	[FIT_CHECK_FIRMWARE] = "firmware",
	[FIT_CHECK_CLOCK] = "clock",
	[FIT_CHECK_UUID] = "uuid",
};

/* Name in JSON, and what people read. */
static const struct {
	const char *name, *text;
} levels[] = {
	[FIT_OK] = {"ok", N_("ok")},
	[FIT_CAUTION] = {"caution", N_("CAUTION")},
	[FIT_UNFIT] = {"unfit", N_("UNFIT")},
};

static const char *const states[] = {
	[FIRMWARE_STATE_UNKNOWN] = N_("look"),
	[FIRMWARE_STATE_AS_WANTED] = N_("ok"),
	[FIRMWARE_STATE_DIFFERENT] = N_("CHANGE"),
	[FIRMWARE_STATE_SET] = N_("changed"),
};

static const char *const goals[FIRMWARE_GOAL_COUNT] = {
	[FIRMWARE_GOAL_POWER_LOSS] = N_("Start by itself when the power returns"),
	[FIRMWARE_GOAL_USB_BOOT] = N_("Start from a USB stick"),
	[FIRMWARE_GOAL_AHCI] = N_("Disk controller in AHCI mode"),
	[FIRMWARE_GOAL_WAKE_ON_LAN] = N_("Switch on over the network"),
	[FIRMWARE_GOAL_KEYBOARD] = N_("Start without keyboard and screen"),
	[FIRMWARE_GOAL_CLOCK] = N_("Date and time (UTC)"),
};

static const char *const answers[] = {
	[FIT_ANSWER_NOT_ASKED] = "not-asked",
	[FIT_ANSWER_SET] = "set",
	[FIT_ANSWER_LATER] = "later",
};

/* --- Lines --- */

/* Lines of text that start at a column, broken at blanks; used is what stands in the first one. */
static int add_wrapped(
	struct buf *out, const char *text, size_t used, size_t column, struct err *err)
{
	size_t at = used;
	int r = 0;

	while (*text && r >= 0) {
		const size_t n = strcspn(text, " ");
		cleanup_free char *word = str_printf("%.*s", (int)n, text);
		const size_t width = word ? str_width(word) : n;

		if (at > column && at + 1 + width > SHOW_COLUMNS) {
			r = buf_printf(out, err, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			r = buf_add_byte(out, ' ', err);
			at++;
		} else if (at < column) {
			r = buf_printf(out, err, "%*s", (int)(column - at), "");
			at = column;
		}
		if (r >= 0)
			r = buf_add(out, text, n, err);
		at += width;
		text += n + strspn(text + n, " ");
	}
	return r < 0 ? r : buf_add_byte(out, '\n', err);
}

/* "  word     text"; the text goes on below itself. */
static int add_row(struct buf *out, const char *word, const char *text, struct err *err)
{
	int r = buf_printf(out, err, "%*s%s", INDENT, "", word);

	return r < 0 ? r
		     : add_wrapped(out, text, INDENT + str_width(word), INDENT + WORD_COLUMNS, err);
}

static int add_below(struct buf *out, const char *text, struct err *err)
{
	return add_wrapped(out, text, 0, INDENT + WORD_COLUMNS, err);
}

char *show_checks(const struct fit *fit)
{
	cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	int r = 0;

	for (size_t i = 0; i < FIT_CHECK_COUNT && r >= 0; i++) {
		const struct fit_check *check = &fit->checks[i];

		r = add_row(&out, _(levels[check->level].text), check->what, &err);
		if (r >= 0 && check->advice[0])
			r = add_below(&out, check->advice, &err);
	}
	return r < 0 ? NULL : buf_take_text(&out);
}

/* --- Firmware --- */

static int add_title(struct buf *out, const struct fit *fit, struct err *err)
{
	const struct firmware_note *note = &fit->note;
	cleanup_free char *text = NULL;

	if (note->has_model)
		text = str_printf(_("Firmware of the %s: set-up with %s, boot menu with %s"),
			note->name, note->setup_key[0] ? note->setup_key : "?",
			note->boot_key[0] ? note->boot_key : "?");
	else if (note->has_maker)
		text = str_printf(_("Firmware of this PC: set-up with %s, boot menu with %s, as in "
				    "others of its maker"),
			note->setup_key[0] ? note->setup_key : "?",
			note->boot_key[0] ? note->boot_key : "?");
	else
		text = str_printf(
			"%s", _("There are no notes on the firmware of this PC. Its first "
				"screen says which key opens the set-up; there look for:"));
	if (!text)
		return err_oom(err);
	return add_wrapped(out, text, 0, 0, err);
}

static int add_setting(struct buf *out, const struct fit *fit,
	const struct firmware_setting *setting, struct err *err)
{
	/* What is well needs no words, and the clock has its check. */
	const bool clock_is_well = setting->goal == FIRMWARE_GOAL_CLOCK &&
				   fit->checks[FIT_CHECK_CLOCK].level == FIT_OK;
	cleanup_free char *now = NULL;
	int r;

	if (clock_is_well)
		return 0;
	r = add_row(out, _(states[setting->state]), _(goals[setting->goal]), err);
	if (r >= 0 && setting->wish.menu[0] && setting->state != FIRMWARE_STATE_AS_WANTED)
		r = add_below(out, setting->wish.menu, err);
	if (r < 0 || setting->state != FIRMWARE_STATE_DIFFERENT)
		return r;
	now = str_printf(_("now it is: %s"), setting->current);
	return now ? add_below(out, now, err) : err_oom(err);
}

static const char *quirk_text(enum firmware_quirk quirk)
{
	switch (quirk) {
	case FIRMWARE_QUIRK_PMBR_ACTIVE:
		return _("It starts only a disk that is marked active; the installer marks it.");
	case FIRMWARE_QUIRK_EE_SECOND_SLOT:
		return _("It may not start a disk with this kind of partitions by BIOS: choose "
			 "UEFI.");
	case FIRMWARE_QUIRK_MS_PATH_COPY:
		return _("By UEFI it may start Windows' path only: choose BIOS if it does not "
			 "start.");
	case FIRMWARE_QUIRK_EFI_ENTRY:
		return _("By UEFI it starts only the last entry of its boot list. The installer "
			 "makes that entry; if the box does not start, load the defaults of the "
			 "set-up and choose UEFI again.");
	case FIRMWARE_QUIRK_KERNEL_ARGS:
		return _("It needs an option for the kernel; tell your office the model.");
	}
	return "";
}

static int add_quirks(struct buf *out, const struct firmware_note *note, struct err *err)
{
	int r = 0;

	for (unsigned bit = 1; bit <= FIRMWARE_QUIRK_KERNEL_ARGS && r >= 0; bit <<= 1)
		if (note->quirks & bit)
			r = add_row(out, _("note"), quirk_text((enum firmware_quirk)bit), err);
	return r;
}

static int add_end(struct buf *out, const struct fit *fit, struct err *err)
{
	const struct firmware_access *access = &fit->plan.access;
	int r = 0;

	if (!access->driver[0])
		r = add_wrapped(out,
			_("This firmware does not tell its settings; look at each of them."), 0, 0,
			err);
	else if (access->locked)
		r = add_wrapped(out,
			_("The set-up has a password, so nothing can be changed from here."), 0, 0,
			err);
	if (r >= 0 && (access->pending || fit_count(fit, FIRMWARE_STATE_SET)))
		r = add_wrapped(out, _("What was changed counts from the next start of the PC on."),
			0, 0, err);
	if (r >= 0 && (fit->note.has_model || fit->note.has_maker) && !fit->note.verified[0])
		r = add_wrapped(out,
			_("These notes are from manuals and reports; nobody of us has tried them "
			  "on "
			  "this model yet."),
			0, 0, err);
	return r;
}

char *show_firmware(const struct fit *fit)
{
	cleanup_buf struct buf out = BUF_INIT(TEXT_MAX);
	struct err err = ERR_INIT;
	int r = add_title(&out, fit, &err);

	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT && r >= 0; i++)
		r = add_setting(&out, fit, &fit->plan.settings[i], &err);
	if (r >= 0)
		r = add_quirks(&out, &fit->note, &err);
	if (r >= 0)
		r = add_end(&out, fit, &err);
	return r < 0 ? NULL : buf_take_text(&out);
}

/* --- JSON --- */

static void set_if(struct json *object, const char *key, const char *text)
{
	if (text[0])
		json_set_text(object, key, text);
}

static void add_settings(const struct fit *fit, struct json *firmware)
{
	struct json *list = json_set_array(firmware, "settings");

	for (size_t i = 0; i < FIRMWARE_GOAL_COUNT; i++) {
		const struct firmware_setting *setting = &fit->plan.settings[i];
		struct json *o = json_add_object(list);

		json_set_text(o, "goal", firmware_note_goal_name(setting->goal));
		json_set_text(o, "state", firmware_plan_state_name(setting->state));
		set_if(o, "menu", setting->wish.menu);
		set_if(o, "attribute", setting->wish.attribute);
		set_if(o, "current", setting->current);
		json_set_bool(o, "can_set", setting->can_set);
	}
}

void show_json(const struct fit *fit, struct json *object)
{
	struct json *page = json_set_object(object, "fit");
	struct json *checks = json_set_array(page, "checks");
	struct json *firmware = json_set_object(object, "firmware");
	struct json *quirks;

	json_set_text(page, "level", levels[fit_level(fit)].name);
	for (size_t i = 0; i < FIT_CHECK_COUNT; i++) {
		const struct fit_check *check = &fit->checks[i];
		struct json *o = json_add_object(checks);

		json_set_text(o, "id", check_names[i]);
		json_set_text(o, "level", levels[check->level].name);
		json_set_text(o, "text", check->what);
		set_if(o, "advice", check->advice);
	}
	set_if(firmware, "model", fit->note.name);
	json_set_bool(firmware, "verified", fit->note.verified[0] != '\0');
	set_if(firmware, "setup_key", fit->note.setup_key);
	set_if(firmware, "boot_key", fit->note.boot_key);
	set_if(firmware, "driver", fit->plan.access.driver);
	json_set_bool(firmware, "locked", fit->plan.access.locked);
	json_set_text(firmware, "technician", answers[fit->answer]);
	quirks = json_set_array(firmware, "quirks");
	for (unsigned bit = 1; bit <= FIRMWARE_QUIRK_KERNEL_ARGS; bit <<= 1)
		if (fit->note.quirks & bit)
			json_add_text(quirks, firmware_note_quirk_name((enum firmware_quirk)bit));
	add_settings(fit, firmware);
}
