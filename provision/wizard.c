#include "provision/wizard.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/str.h"
#include "hw/word.h"
#include "provision/fit/show.h"

#define SCREEN_ROWS 24
#define PAGE_ENDS 4 /* lines above the first page and below the second */

static int canceled(struct err *err)
{
	return err_set(err, ERR_CONFIG, ECANCELED, "canceled by the person");
}

static bool is_yes(const char *answer)
{
	struct err err = ERR_INIT;
	bool yes;

	return strcasecmp(answer, "y") == 0 || strcasecmp(answer, "s") == 0 ||
	       (parse_bool(answer, &yes, &err) == 0 && yes);
}

int wizard_fit(struct screen *screen, const struct fit *fit, bool ask, struct err *err)
{
	cleanup_free char *text = show_checks(fit);
	char answer[SCREEN_ANSWER_MAX];
	int r;

	if (text)
		screen_say(screen, "%s", text);
	if (!ask || fit_level(fit) != FIT_UNFIT)
		return 0;
	r = screen_ask(
		screen, _("This PC is not fit. Enter: go on all the same, q: quit: "), answer, err);
	if (r < 0)
		return r;
	return strcasecmp(answer, "q") == 0 ? canceled(err) : 0;
}

static size_t line_count(const char *text)
{
	size_t count = 0;

	for (; text && *text; text++)
		count += *text == '\n';
	return count;
}

/* Both pages do not fit on a screen: the first one stays until it is read. */
static int turn_page(
	struct screen *screen, const struct fit *fit, const char *firmware, struct err *err)
{
	cleanup_free char *checks = show_checks(fit);
	char answer[SCREEN_ANSWER_MAX];
	int r;

	if (line_count(checks) + line_count(firmware) + PAGE_ENDS <= SCREEN_ROWS)
		return 0;
	r = screen_ask(screen, _("Enter: go on, q: quit: "), answer, err);
	if (r < 0)
		return r;
	return strcasecmp(answer, "q") == 0 ? canceled(err) : 0;
}

static void set_firmware(struct screen *screen, struct fit *fit)
{
	struct err err = ERR_INIT;
	size_t count;

	if (firmware_plan_set(fit->sysfs, &fit->plan, &count, &err) < 0) {
		log_warning("%s", err.text);
		screen_say(screen, _("Not all could be changed: %s\n"), err.text);
	}
	if (count)
		screen_say(screen,
			P_("%zu setting was changed; it counts from the next start on.\n",
				"%zu settings were changed; they count from the next start on.\n",
				count),
			count);
}

int wizard_firmware(struct screen *screen, struct fit *fit, bool ask, bool set, struct err *err)
{
	cleanup_free char *text = show_firmware(fit);
	char answer[SCREEN_ANSWER_MAX];
	int r = ask ? turn_page(screen, fit, text, err) : 0;

	if (r < 0)
		return r;
	if (text)
		screen_say(screen, "%s", text);
	if (ask && !set && fit_can_set(fit)) {
		r = screen_ask(
			screen, _("Change it from here now? (y: yes, Enter: no): "), answer, err);
		if (r < 0)
			return r;
		set = is_yes(answer);
	}
	if (set && fit_can_set(fit))
		set_firmware(screen, fit);
	if (!ask || (!fit_count(fit, FIRMWARE_STATE_UNKNOWN) &&
			    !fit_count(fit, FIRMWARE_STATE_DIFFERENT)))
		return 0;
	r = screen_ask(screen,
		_("Is the rest set in the firmware? (y: yes, Enter: later, q: quit): "), answer,
		err);
	if (r < 0)
		return r;
	if (strcasecmp(answer, "q") == 0)
		return canceled(err);
	fit->answer = is_yes(answer) ? FIT_ANSWER_SET : FIT_ANSWER_LATER;
	return 0;
}

int wizard_disk(struct screen *screen, const struct hw_disk_list *list,
	const struct choose_rules *rules, size_t *ret_index, struct err *err)
{
	char answer[SCREEN_ANSWER_MAX];
	int r;

	screen_say(screen, _("Disks of this PC:\n"));
	choose_table(screen, list, rules);
	for (;;) {
		struct err bad = ERR_INIT;
		enum choose_verdict verdict;
		uint64_t number;

		r = screen_ask(screen,
			_("Number of the disk to install on (r: look again, q: quit): "), answer,
			err);
		if (r < 0)
			return r;
		if (strcasecmp(answer, "q") == 0)
			return canceled(err);
		if (strcasecmp(answer, "r") == 0)
			return err_set(err, ERR_CONFIG, EAGAIN, "look for disks again");
		if (parse_u64(answer, 1, list->count, &number, &bad) < 0) {
			screen_say(screen, _("There is no disk with that number.\n"));
			continue;
		}
		verdict = choose_judge(&list->disks[number - 1], rules);
		if (!choose_is_usable(verdict)) {
			screen_say(screen, _("That disk can't be used: %s.\n"),
				choose_reason(verdict));
			continue;
		}
		*ret_index = (size_t)number - 1;
		return 0;
	}
}

int wizard_action(struct screen *screen, const char *name, enum wizard_action *ret, struct err *err)
{
	char answer[SCREEN_ANSWER_MAX];
	int r;

	if (name[0])
		screen_say(screen, _("\nThis disk holds the Nexus box %s.\n"), name);
	else
		screen_say(screen, _("\nThis disk holds a Nexus box.\n"));
	screen_say(
		screen, _("  1  Repair it: write the system anew, keep its data and its identity\n"
			  "  2  Erase everything on it and make a new box\n"
			  "  3  Back\n"));
	for (;;) {
		r = screen_ask(screen, _("1, 2 or 3: "), answer, err);
		if (r < 0)
			return r;
		if (strcmp(answer, "3") == 0)
			return err_set(err, ERR_CONFIG, EAGAIN, "another disk is wanted");
		if (strcmp(answer, "1") == 0 || strcmp(answer, "2") == 0) {
			*ret = answer[0] == '1' ? WIZARD_REPAIR : WIZARD_ERASE;
			return 0;
		}
	}
}

int wizard_confirm(struct screen *screen, const struct hw_disk *disk, struct err *err)
{
	char answer[SCREEN_ANSWER_MAX], word[64], size[24];
	int r;

	hw_word(disk, word);
	hw_disk_size_format(disk->size_bytes, size);
	screen_say(screen, _("\nEVERYTHING on this disk will be lost:\n"));
	screen_say(screen, "  %s  %s  %s  %s\n", disk->path, size, disk->model, disk->serial);
	if (disk->summary[0])
		screen_say(screen, "  %s\n", disk->summary);
	if (strlen(disk->serial) >= 4)
		screen_say(screen, _("To go on, type the last four letters or digits of its serial "
				     "number.\n"));
	else
		screen_say(screen, _("To go on, type this word: %s\n"), word);
	r = screen_ask(screen, _("Confirmation: "), answer, err);
	if (r < 0)
		return r;
	return hw_word_check(disk, answer, err);
}

int wizard_name(struct screen *screen, char ret_name[SEED_NAME_MAX + 1], struct err *err)
{
	char answer[SCREEN_ANSWER_MAX];
	int r;

	for (;;) {
		r = screen_ask(screen,
			_("Name of the box (a to z, 0 to 9, '-'; Enter: one is made): "), answer,
			err);
		if (r < 0)
			return r;
		for (char *c = answer; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!answer[0] || seed_name_is_good(answer)) {
			snprintf(ret_name, SEED_NAME_MAX + 1, "%.*s", SEED_NAME_MAX, answer);
			return 0;
		}
		screen_say(screen, _("That name can't be used.\n"));
	}
}

void wizard_wait(struct screen *screen, const char *prompt)
{
	char answer[SCREEN_ANSWER_MAX];
	struct err err = ERR_INIT;

	screen_forget_typed(screen);
	if (screen_can_ask(screen) && screen_ask(screen, prompt, answer, &err) < 0)
		screen_say(screen, "\n");
}
