#include "provision/interview.h"

#include <errno.h>
#include <string.h>

#include "base/i18n.h"
#include "base/str.h"
#include "hw/word.h"
#include "provision/fit/judge.h"
#include "provision/report.h"
#include "provision/wizard.h"

/* How a step ends: as its page says, or without one. */
enum step_end {
	STEP_NEXT = PAGE_NEXT,
	STEP_BACK = PAGE_BACK,
	STEP_AGAIN = PAGE_AGAIN,
	STEP_QUIT = PAGE_QUIT,
	STEP_PASSED, /* nothing to ask: go on in the same direction */
	STEP_FINISHED, /* nothing more to ask at all */
};

enum step_id {
	STEP_LANGUAGE,
	STEP_FIT,
	STEP_FIRMWARE,
	STEP_DISK,
	STEP_EXAMINE,
	STEP_BOX,
	STEP_CONFIRM,
	STEP_NAME,
	STEP_READY,
	STEP_COUNT,
};

bool interview_asks(const struct interview *in)
{
	return !in->unattended && screen_can_ask(in->screen);
}

/* --- This PC --- */

void interview_judge(struct interview *in)
{
	in->fit->now_s = (int64_t)(clock_realtime_us(in->screen->clock) / 1000000);
	in->fit->build_s = in->source->manifest.build_epoch;
	if (in->rules->live && !in->options->facts)
		fit_started_from_usb(in->fit);
	fit_forget_disks(in->fit);
	choose_survey(in->options->target, in->rules, in->fit);
	judge_pc(in->fit);
}

static int language(struct interview *in, enum step_end *ret, struct err *err)
{
	enum page_act act;
	int r;

	if (!interview_asks(in) || in->options->language)
		return 0;
	r = wizard_language(in->screen, &act, err);
	*ret = (enum step_end)act;
	return r;
}

static int fit(struct interview *in, enum step_end *ret, struct err *err)
{
	enum page_act act;
	int r;

	interview_judge(in);
	r = wizard_fit(in->screen, in->fit, in->source->path ? &in->source->manifest : NULL,
		interview_asks(in), &act, err);
	*ret = (enum step_end)act;
	return r;
}

static int firmware(struct interview *in, enum step_end *ret, struct err *err)
{
	const bool set = in->options->set_firmware || (in->unattended && in->seed->set_firmware);
	enum page_act act;
	int r;

	r = wizard_firmware(
		in->screen, in->fit, interview_asks(in), set && !in->options->dry_run, &act, err);
	*ret = (enum step_end)act;
	return r;
}

int interview_fit(struct interview *in, struct err *err)
{
	enum step_end end = STEP_PASSED;
	int r = fit(in, &end, err);

	if (r >= 0 && end != STEP_QUIT)
		r = firmware(in, &end, err);
	if (r >= 0 && end == STEP_QUIT)
		return err_set(err, ERR_CONFIG, ECANCELED, "canceled by the person");
	return r;
}

/* --- The disk --- */

/* A disk that was named must be usable. */
static int check_named(struct interview *in, const struct hw_disk *disk, struct err *err)
{
	enum choose_verdict verdict = choose_judge(disk, in->rules);
	struct layout layout = *in->layout;

	if (verdict == CHOOSE_TOO_SMALL && layout_fit(&layout, disk->size_bytes, err) < 0)
		return err_wrap(err, "use %s", disk->path);
	if (!choose_is_usable(verdict))
		return err_set(
			err, ERR_CONFIG, EINVAL, "use %s: %s", disk->path, choose_reason(verdict));
	return 0;
}

static void show_disks(struct interview *in)
{
	cleanup_page struct page page = page_make(_("Disks of this PC"));

	for (size_t i = 0; i < in->disks.count; i++)
		choose_offer(&page, &in->disks.disks[i], in->rules);
	if (!in->disks.count)
		page_say(&page, "%s\n", _("No disk was found."));
	screen_show(in->screen, &page);
}

static int disk(struct interview *in, enum step_end *ret, struct err *err)
{
	const char *named = in->options->target;
	enum page_act act;
	int r;

	if (!named && in->unattended && strcmp(in->seed->disk, "auto") != 0)
		named = in->seed->disk;
	target_done(&in->target);
	hw_disk_list_done(&in->disks);
	r = choose_list(named, in->rules, &in->disks, err);
	if (r < 0)
		return r;
	in->disk = 0;
	if (named)
		return check_named(in, &in->disks.disks[0], err);
	if (!interview_asks(in)) {
		show_disks(in);
		return choose_auto(&in->disks, in->rules, &in->disk, err);
	}
	r = wizard_disk(in->screen, &in->disks, in->rules, &in->disk, &act, err);
	*ret = (enum step_end)act;
	return r;
}

static int examine(struct interview *in, enum step_end *ret, struct err *err)
{
	const struct hw_disk *chosen = &in->disks.disks[in->disk];
	int r;

	(void)ret;
	if (in->backwards)
		return 0;
	target_done(&in->target);
	r = target_open(chosen, in->layout, &in->target, err);
	if (r >= 0)
		r = target_examine(&in->target, INTERVIEW_RUN_DIR, &in->state, &in->box, err);
	return r;
}

/* --- What to do with it --- */

static bool is_erase_said(const struct interview *in)
{
	return in->options->confirm || (in->unattended && strcmp(in->seed->confirm, "ERASE") == 0);
}

static bool is_repair_said(const struct interview *in)
{
	return in->options->repair || (in->unattended && seed_repair(in->seed) == SEED_REPAIR_YES);
}

/* A stick left in after its work must not do it again at the next start. Work that was cut has to
 * be done again, though: by a repair, whatever install.conf says, for the box may have data. */
static int look_back(struct interview *in, bool *ret_cut, struct err *err)
{
	cleanup_report_boxes struct report_boxes boxes = {0};
	bool listed;
	int r;

	*ret_cut = false;
	if (!in->unattended || in->options->repair || !in->box.box_id[0])
		return 0;
	r = report_read_boxes(in->source, &boxes, err);
	if (r < 0)
		return r;
	listed = str_list_has(is_repair_said(in) ? &boxes.repaired : &boxes.made, in->box.box_id);
	in->done_before = listed && in->box.bootable;
	*ret_cut = listed && !in->box.bootable;
	return 0;
}

/* Where nobody is asked: repair, erase, or a refusal. */
static int decide_box(struct interview *in, bool cut, struct err *err)
{
	const char *path = in->target.disk.path;
	const bool never = in->unattended && seed_repair(in->seed) == SEED_REPAIR_NO;

	in->repair = cut || is_repair_said(in) || !is_erase_said(in);
	if (in->repair && never && !cut)
		return err_set(err, ERR_DENIED, EPERM,
			"erase %s: it holds a box, Repair=no keeps it from being repaired, and "
			"nothing confirms that it may be erased",
			path);
	if (in->repair && !in->box.readable)
		return err_set(err, ERR_CORRUPT, EUCLEAN,
			"repair %s: its data partition can't be read; it can only be erased (%s)",
			path, in->box.unreadable);
	return 0;
}

static int box(struct interview *in, enum step_end *ret, struct err *err)
{
	enum wizard_action action;
	enum page_act act;
	bool cut;
	int r;

	in->repair = in->done_before = false;
	if (is_repair_said(in) && in->state != TARGET_BOX)
		return err_set(err, ERR_CONFIG, EINVAL, "repair %s: there is no box on it",
			in->target.disk.path);
	if (in->state != TARGET_BOX)
		return 0;
	r = look_back(in, &cut, err);
	if (r >= 0 && in->done_before)
		*ret = STEP_FINISHED;
	if (r < 0 || in->done_before)
		return r;
	if (!interview_asks(in) || is_repair_said(in) || is_erase_said(in))
		return decide_box(in, cut, err);
	r = wizard_box(in->screen, &in->box, &action, &act, err);
	*ret = (enum step_end)act;
	in->repair = r >= 0 && act == PAGE_NEXT && action == WIZARD_REPAIR;
	return r;
}

/* Erasing what is on a disk takes a person's word, typed now or written before. */
static int confirm(struct interview *in, enum step_end *ret, struct err *err)
{
	const struct hw_disk *chosen = &in->target.disk;
	enum page_act act;
	int r;

	if (in->repair || in->state == TARGET_BLANK || in->state == TARGET_UNFINISHED)
		return 0;
	if (in->options->confirm)
		return hw_word_check(chosen, in->options->confirm, err);
	if (is_erase_said(in))
		return 0;
	if (!interview_asks(in))
		return err_set(err, ERR_DENIED, EPERM,
			"erase %s: it is not blank (%s) and nothing confirms that it may be erased",
			chosen->path, chosen->summary);
	r = wizard_confirm(in->screen, chosen, &act, err);
	*ret = (enum step_end)act;
	return r;
}

static int name(struct interview *in, enum step_end *ret, struct err *err)
{
	const char *said = in->options->name ? in->options->name : in->seed->name;
	enum page_act act;
	int r;

	if (said[0] || in->repair || !interview_asks(in)) {
		snprintf(in->name, sizeof(in->name), "%.*s", SEED_NAME_MAX,
			in->repair ? in->box.name : said);
		return 0;
	}
	r = wizard_name(in->screen, in->name, &act, err);
	*ret = (enum step_end)act;
	return r;
}

static int ready(struct interview *in, enum step_end *ret, struct err *err)
{
	enum page_act act;
	int r;

	if (!interview_asks(in))
		return 0;
	r = wizard_ready(
		in->screen, &in->target.disk, in->repair ? &in->box : NULL, in->name, &act, err);
	*ret = (enum step_end)act;
	return r;
}

/* --- All of it --- */

static int (*const steps[STEP_COUNT])(struct interview *, enum step_end *, struct err *) = {
	[STEP_LANGUAGE] = language,
	[STEP_FIT] = fit,
	[STEP_FIRMWARE] = firmware,
	[STEP_DISK] = disk,
	[STEP_EXAMINE] = examine,
	[STEP_BOX] = box,
	[STEP_CONFIRM] = confirm,
	[STEP_NAME] = name,
	[STEP_READY] = ready,
};

/* Shows what is in the way; true if the person may try again. */
static bool meet(struct interview *in, const struct err *failure)
{
	cleanup_page struct page page = wizard_failure(failure, false, _("Nothing was changed.\n"));

	if (!interview_asks(in) || failure->code == ENOTTY || in->options->target)
		return false;
	screen_beep(in->screen, false);
	wizard_tell(in->screen, &page, true);
	return screen_can_ask(in->screen);
}

/* Where the next step is. */
static size_t follow(struct interview *in, size_t at, enum step_end end)
{
	if (end == STEP_FINISHED)
		return STEP_COUNT;
	if (end != STEP_PASSED)
		in->backwards = end == STEP_BACK;
	if (end == STEP_AGAIN)
		return at;
	/* There is nothing before the first page that is asked. */
	if (in->backwards && at == 0)
		in->backwards = false;
	return in->backwards ? at - 1 : at + 1;
}

int interview_run(struct interview *in, struct err *err)
{
	size_t at = in->disk_first ? STEP_DISK : STEP_LANGUAGE;
	int r;

	in->backwards = false;
	while (at < STEP_COUNT) {
		enum step_end end = STEP_PASSED;

		*err = ERR_INIT;
		r = steps[at](in, &end, err);
		if (r < 0 && !meet(in, err))
			return r;
		if (r < 0) {
			in->backwards = false;
			at = STEP_DISK;
			continue;
		}
		if (end == STEP_QUIT)
			return err_set(err, ERR_CONFIG, ECANCELED, "canceled by the person");
		at = follow(in, at, end);
	}
	return 0;
}

void interview_done(struct interview *in)
{
	target_done(&in->target);
	hw_disk_list_done(&in->disks);
}
