#include "provision/wizard.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/parse.h"
#include "base/str.h"

static int canceled(struct err *err)
{
	return err_set(err, ERR_CONFIG, ECANCELED, "canceled by the person");
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

	choose_word(disk, word);
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
	return choose_confirm(disk, answer, err);
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
