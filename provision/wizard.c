#include "provision/wizard.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "hw/word.h"
#include "provision/advice.h"
#include "provision/fit/show.h"
#include "qr/qr.h"

#define QR_PREFIX "NEXUS:" /* then box id and code, as the console reads them */

/* Asks a page that can be left in every direction that flags allow. */
static int ask(struct screen *screen, const struct page *page, struct page_answer *ret,
	enum page_act *ret_act, struct err *err)
{
	int r = screen_page(screen, page, ret, err);

	if (r >= 0)
		*ret_act = ret->act;
	return r;
}

static struct page a_page(const char *title)
{
	struct page page = page_make(title);

	page.can_go_back = page.can_quit = true;
	return page;
}

int wizard_language(struct screen *screen, enum page_act *ret_act, struct err *err)
{
	/* Each language says so in itself. */
	static const struct {
		const char *code, *name;
	} languages[] = {{"es", "Español"}, {"en", "English"}};
	cleanup_page struct page page = page_make("Idioma / Language");
	struct page_answer answer;
	int r;

	page.can_quit = true;
	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		page_offer(&page, false, "%s", languages[i].name);
		if (str_equal(i18n_language(), languages[i].code))
			page.chosen = i;
	}
	r = ask(screen, &page, &answer, ret_act, err);
	if (r >= 0 && answer.act == PAGE_NEXT)
		i18n_speak(languages[answer.choice].code);
	return r;
}

int wizard_fit(struct screen *screen, const struct fit *fit, const struct manifest *image,
	bool asking, enum page_act *ret_act, struct err *err)
{
	cleanup_page struct page page = a_page(_("Is this PC fit for a server?"));
	cleanup_free char *checks = show_checks(fit);
	struct page_answer answer;

	page_say(&page, _("PC: %s %s\n"), fit->machine.vendor, fit->machine.product);
	if (image)
		page_say(&page, _("Image: %s %s, version %s\n"), image->distribution, image->suite,
			image->version);
	page_say(&page, "%s", checks ? checks : "");
	if (fit_level(fit) == FIT_UNFIT)
		page_say(&page, "\n%s\n",
			_("This PC is not fit. It can be installed all the same."));
	if (asking)
		return ask(screen, &page, &answer, ret_act, err);
	screen_show(screen, &page);
	*ret_act = PAGE_NEXT;
	return 0;
}

/* Sets what can be set, and says how it went. */
static void set_firmware(struct fit *fit, char *ret_note, size_t room)
{
	struct err err = ERR_INIT;
	size_t count;

	if (firmware_plan_set(fit->sysfs, &fit->plan, &count, &err) < 0) {
		log_warning("%s", err.text);
		snprintf(ret_note, room, _("Not all could be changed: %s"), err.text);
	} else {
		snprintf(ret_note, room,
			P_("%zu setting was changed; it counts from the next start on.",
				"%zu settings were changed; they count from the next start on.",
				count),
			count);
	}
}

static int ask_firmware(struct screen *screen, struct fit *fit, const char *note,
	struct page_answer *ret, struct err *err)
{
	cleanup_page struct page page = a_page(_("What to set in the firmware"));
	cleanup_free char *text = show_firmware(fit);
	const bool can_set = fit_can_set(fit);

	page_say(&page, "%s", text ? text : "");
	snprintf(page.note, sizeof(page.note), "%s", note);
	if (fit_count(fit, FIRMWARE_STATE_UNKNOWN) || fit_count(fit, FIRMWARE_STATE_DIFFERENT)) {
		page_offer(&page, false, "%s", _("Later: go on"));
		page_offer(&page, false, "%s", _("All of it is set: go on"));
	}
	if (can_set)
		page_offer(&page, false, "%s", _("Change from here what can be changed"));
	return screen_page(screen, &page, ret, err);
}

int wizard_firmware(struct screen *screen, struct fit *fit, bool asking, bool set,
	enum page_act *ret_act, struct err *err)
{
	enum {
		LATER,
		ALL_SET,
		CHANGE
	};
	char note[200] = "";
	struct page_answer answer;
	int r;

	if (!asking) {
		cleanup_page struct page page = a_page(_("What to set in the firmware"));
		cleanup_free char *text = show_firmware(fit);

		page_say(&page, "%s", text ? text : "");
		screen_show(screen, &page);
	}
	if (set && fit_can_set(fit))
		set_firmware(fit, note, sizeof(note));
	if (!asking) {
		if (note[0])
			screen_say(screen, "%s\n", note);
		*ret_act = PAGE_NEXT;
		return 0;
	}
	for (;;) {
		r = ask_firmware(screen, fit, note, &answer, err);
		if (r < 0)
			return r;
		if (answer.act != PAGE_NEXT || answer.choice != CHANGE)
			break;
		set_firmware(fit, note, sizeof(note));
	}
	*ret_act = answer.act;
	if (answer.act == PAGE_NEXT && (fit_count(fit, FIRMWARE_STATE_UNKNOWN) ||
					       fit_count(fit, FIRMWARE_STATE_DIFFERENT)))
		fit->answer = answer.choice == ALL_SET ? FIT_ANSWER_SET : FIT_ANSWER_LATER;
	return 0;
}

int wizard_disk(struct screen *screen, const struct hw_disk_list *list,
	const struct choose_rules *rules, size_t *ret_index, enum page_act *ret_act,
	struct err *err)
{
	cleanup_page struct page page = a_page(_("Which disk becomes the box?"));
	size_t shown[HW_DISK_MAX];
	struct page_answer answer;
	size_t count = 0;
	int r;

	page.can_look_again = true;
	/* The stick is not even offered. */
	for (size_t i = 0; i < list->count && count < HW_DISK_MAX; i++)
		if (choose_judge(&list->disks[i], rules) != CHOOSE_IS_SOURCE) {
			choose_offer(&page, &list->disks[i], rules);
			shown[count++] = i;
		}
	if (!count)
		page_say(&page, "%s\n", _("No disk was found."));
	while (page.chosen + 1 < page.count && !page_can_pick(&page, page.chosen))
		page.chosen++;
	r = ask(screen, &page, &answer, ret_act, err);
	if (r < 0)
		return r;
	/* Without a disk to choose, going on is looking again. */
	if (answer.act == PAGE_NEXT && !count)
		*ret_act = PAGE_AGAIN;
	else if (answer.act == PAGE_NEXT)
		*ret_index = shown[answer.choice];
	return 0;
}

int wizard_box(struct screen *screen, const struct target_box *box, enum wizard_action *ret,
	enum page_act *ret_act, struct err *err)
{
	cleanup_page struct page page = a_page(_("This disk holds a Nexus box"));
	struct page_answer answer;
	int r;

	if (box->name[0])
		page_say(&page, _("The box is called %s.\n"), box->name);
	if (!box->bootable)
		page_say(&page, "%s\n",
			_("It does not start: its system is missing or incomplete."));
	if (box->unreadable[0])
		page_say(&page, _("It can't be repaired: %s.\n"), box->unreadable);
	page_offer(&page, !box->readable, "%s",
		_("Repair it, keep the data\nWrites the system anew; data, identity and adoption "
		  "stay."));
	page_offer(&page, false, "%s", _("Erase everything on it and make a new box"));
	page.chosen = box->readable ? WIZARD_REPAIR : WIZARD_ERASE;
	r = ask(screen, &page, &answer, ret_act, err);
	if (r >= 0 && answer.act == PAGE_NEXT)
		*ret = answer.choice == 0 ? WIZARD_REPAIR : WIZARD_ERASE;
	return r;
}

static void say_disk(struct page *page, const struct hw_disk *disk)
{
	char size[24];

	hw_disk_size_format(disk->size_bytes, size);
	page_say(page, "  /dev/%s  %s  %s  %s\n", disk->name, size, disk->model, disk->serial);
	if (disk->summary[0])
		page_say(page, "  %s\n", disk->summary);
}

int wizard_confirm(
	struct screen *screen, const struct hw_disk *disk, enum page_act *ret_act, struct err *err)
{
	cleanup_page struct page page = a_page(_("EVERYTHING on this disk will be lost"));
	struct page_answer answer;
	struct err wrong = ERR_INIT;
	char word[64];
	int r;

	hw_word(disk, word);
	say_disk(&page, disk);
	if (strlen(disk->serial) >= 4)
		page_say(&page, "\n%s\n",
			_("To go on, type the last four letters or digits of its serial number."));
	else
		page_say(&page, _("\nTo go on, type this word: %s\n"), word);
	snprintf(page.prompt, sizeof(page.prompt), "%s", _("Confirmation"));
	for (;;) {
		r = ask(screen, &page, &answer, ret_act, err);
		if (r < 0 || answer.act != PAGE_NEXT)
			return r;
		if (hw_word_check(disk, answer.text, &wrong) >= 0)
			return 0;
		snprintf(page.note, sizeof(page.note), "%s",
			_("The confirmation does not match; nothing was changed."));
	}
}

int wizard_name(struct screen *screen, char ret_name[SEED_NAME_MAX + 1], enum page_act *ret_act,
	struct err *err)
{
	cleanup_page struct page page = a_page(_("Name of the box"));
	struct page_answer answer;
	int r;

	page_say(&page, "%s\n",
		_("The letters a to z, the digits 0 to 9, and '-' inside. Without a name one is "
		  "made."));
	snprintf(page.prompt, sizeof(page.prompt), "%s", _("Name"));
	for (;;) {
		r = ask(screen, &page, &answer, ret_act, err);
		if (r < 0 || answer.act != PAGE_NEXT)
			return r;
		for (char *c = answer.text; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!answer.text[0] || seed_name_is_good(answer.text)) {
			snprintf(ret_name, SEED_NAME_MAX + 1, "%.*s", SEED_NAME_MAX, answer.text);
			return 0;
		}
		snprintf(page.note, sizeof(page.note), "%s", _("That name can't be used."));
	}
}

int wizard_ready(struct screen *screen, const struct hw_disk *disk, const struct target_box *known,
	const char *name, enum page_act *ret_act, struct err *err)
{
	cleanup_page struct page page = a_page(_("Ready"));
	struct page_answer answer;

	if (known)
		page_say(&page,
			_("The system of the box %s is written anew on this disk; its data "
			  "stays:\n"),
			known->name);
	else if (name[0])
		page_say(&page, _("The box %s is made on this disk:\n"), name);
	else
		page_say(&page, "%s\n", _("A box is made on this disk:"));
	say_disk(&page, disk);
	page_say(&page, "\n%s\n",
		_("It takes a few minutes. Do not switch the PC off, and leave the stick in."));
	return ask(screen, &page, &answer, ret_act, err);
}

struct page wizard_failure(const struct err *failure, bool touched, const char *more)
{
	struct page page = page_make(_("It did not work"));
	const char *advice = advice_for(failure, touched);

	page_say(&page, _("ERROR: %s\n"), failure->text);
	if (advice[0])
		page_say(&page, "%s\n", advice);
	page_say(&page, "%s", more);
	return page;
}

/* Box and code as a picture for a phone; none if it can't be made. */
static void add_picture(struct page *page, const struct box *box)
{
	cleanup_buf struct buf picture = BUF_INIT(PAGE_TEXT_MAX);
	cleanup_free char *text = str_printf(QR_PREFIX "%s:%s", box->id, box->code);
	struct err err = ERR_INIT;

	for (char *c = text; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (text && qr_blocks(text, &picture, &err) >= 0)
		page->picture = buf_take_text(&picture);
}

struct page wizard_success(const struct install *in, const char *more)
{
	struct page page = page_make(_("The box is ready"));
	double seconds = 0;

	for (size_t i = 0; i < in->step_count; i++)
		seconds += in->steps[i].seconds;
	page_say(&page, _("DONE in %.0f s. The box %s is on %s.\n"), seconds, in->box.name,
		in->target->disk.path);
	if (in->box.code[0]) {
		page_say(&page, _("Its adoption code:\n"));
		page_say(&page, "\n          %s\n\n", in->box.code);
		page_say(&page, _("Write it down. It is also on the screen of the box until it is "
				  "adopted.\n"));
		snprintf(page.code, sizeof(page.code), "%s", in->box.code);
		add_picture(&page, &in->box);
	}
	page_say(&page, "%s", more);
	return page;
}

void wizard_tell(struct screen *screen, const struct page *page, bool wait)
{
	struct page_answer answer;
	struct err err = ERR_INIT;

	if (!wait || !screen_can_ask(screen))
		screen_show(screen, page);
	else if (screen_page(screen, page, &answer, &err) < 0)
		log_debug("%s", err.text);
}

void wizard_wait(struct screen *screen, const char *prompt)
{
	char answer[PAGE_ANSWER_MAX];
	struct err err = ERR_INIT;

	screen_forget_typed(screen);
	if (screen_can_ask(screen) && screen_ask(screen, prompt, answer, &err) < 0)
		screen_say(screen, "\n");
}
