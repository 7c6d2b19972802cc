#include "provision/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/verb.h"
#include "hw/word.h"
#include "provision/advice.h"
#include "provision/choose.h"
#include "provision/fit/judge.h"
#include "provision/fit/show.h"
#include "provision/install.h"
#include "provision/report.h"
#include "provision/wizard.h"
#include "stick/seed.h"

#define SEED_FILE "install.conf"
#define SEED_FILE_MAX (64u << 10)

struct session {
	const struct session_options *options;
	struct screen *screen;
	struct fit fit;
	struct layout layout;
	struct choose_rules rules;
	struct source source;
	struct seed seed;
	struct copy copy;
	struct hw_disk_list disks;
	bool unattended;
};

/* What was decided about a target. */
struct plan {
	struct target target;
	enum target_state state;
	struct target_box box;
	bool repair, done_before;
	char name[SEED_NAME_MAX + 1];
};

static void cleanup_session_fn(struct session *s)
{
	source_done(&s->source);
	seed_done(&s->seed);
	copy_done(&s->copy);
	hw_disk_list_done(&s->disks);
}

static void cleanup_plan_fn(struct plan *plan)
{
	target_done(&plan->target);
}

/* --- Telling --- */

static void say_machine(struct session *s)
{
	const struct hw_machine *m = &s->fit.machine;
	struct screen *screen = s->screen;

	screen_say(screen, _("\nNexus installer %s\n"), NEXUS_VERSION);
	screen_say(screen, _("PC: %s %s\n"), m->vendor, m->product);
}

static void say_image(struct session *s)
{
	const struct manifest *m = &s->source.manifest;

	screen_say(
		s->screen, _("Image: %s %s, version %s\n"), m->distribution, m->suite, m->version);
}

static bool still_reads(int fd)
{
	void *block = NULL;
	bool reads = false;

	if (posix_memalign(&block, COPY_BLOCK, COPY_BLOCK) == 0)
		reads = pread(fd, block, COPY_BLOCK, 0) == (ssize_t)COPY_BLOCK;
	free(block);
	return reads;
}

static void say_failure(struct session *s, const struct err *err, bool touched)
{
	const char *advice = advice_for(err, touched);

	log_error("%s", err->text);
	screen_say(s->screen, _("\nERROR: %s\n"), err->text);
	if (advice[0])
		screen_say(s->screen, "%s\n", advice);
	screen_beep(s->screen, false);
}

static void say_failed_install(
	struct session *s, struct install *in, const struct err *err, bool stick_reads)
{
	say_failure(s, err, in->touched);
	if (!stick_reads)
		screen_say(s->screen, _("The stick can't be read any more. Was it pulled out? Plug "
					"it in and start again "
					"from it; if it fails again, use another stick.\n"));
	if (in->touched && !still_reads(in->target->fd))
		screen_say(s->screen, _("The disk does not answer any more; it may be broken.\n"));
	if (in->touched)
		screen_say(s->screen,
			_("The disk %s is NOT finished and does not boot. Run the installer "
			  "again.\n"),
			in->target->disk.path);
	else
		screen_say(s->screen, _("Nothing was changed on the disk %s.\n"),
			in->target->disk.path);
}

static void say_success(struct session *s, const struct install *in)
{
	struct screen *screen = s->screen;
	double seconds = 0;

	for (size_t i = 0; i < in->step_count; i++)
		seconds += in->steps[i].seconds;
	screen_say(screen, _("\nDONE in %.0f s. The box %s is on %s.\n"), seconds, in->box.name,
		in->target->disk.path);
	if (in->box.code[0]) {
		screen_say(screen, _("Its adoption code:\n"));
		screen_code(screen, in->box.code);
		screen_say(screen, _("Write it down. It is also on the screen of the box until it "
				     "is adopted.\n"));
	}
	screen_beep(screen, true);
}

/* --- Opening --- */

static int seed_load(struct session *s, struct err *err)
{
	cleanup_free char *image = source_mtools_image(&s->source, "nexus-seed");
	cleanup_free char *text = NULL;
	const char *name = SEED_FILE;
	struct err missing = ERR_INIT;
	size_t size = 0;
	int r;

	seed_done(&s->seed);
	r = seed_defaults(&s->seed, err);
	if (r < 0)
		return r;
	if (s->options->seed) {
		name = s->options->seed;
		r = file_read(AT_FDCWD, name, SEED_FILE_MAX, &text, &size, err);
	} else if (image) {
		r = seed_file_read(image, SEED_FILE, SEED_FILE_MAX, &text, &size, &missing);
		if (r < 0 && r != -ENOENT)
			*err = missing;
		r = r == -ENOENT ? 0 : r;
	}
	if (r >= 0 && text)
		r = seed_parse(text, size, name, &s->seed, err);
	return r;
}

static dev_t device_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

/* A damaged install.conf falls back to questions; where nobody can answer it is the end. */
static int seed_settle(struct session *s, struct err *err)
{
	int r;

	r = seed_load(s, err);
	if (r >= 0) {
		s->unattended = s->options->yes || s->seed.unattended;
		return 0;
	}
	if (s->options->yes || s->options->seed || !screen_can_ask(s->screen))
		return r;
	say_failure(s, err, false);
	screen_say(s->screen, _("install.conf on the stick is not used; nothing was changed.\n"));
	seed_done(&s->seed);
	return seed_defaults(&s->seed, err);
}

static int open_all(struct session *s, struct err *err)
{
	const char *path = s->options->source ? s->options->source : SESSION_LIVE_DISK;
	int r;

	r = copy_init(&s->copy, NULL, err);
	if (r >= 0)
		r = source_open(path, &s->source, err);
	if (r < 0)
		return r;
	s->copy.progress = screen_bar_add;
	s->copy.context = s->screen;
	s->rules.source = s->source.device;
	say_image(s);
	r = seed_settle(s, err);
	if (r >= 0)
		r = volume_private(err);
	return r;
}

/* --- The first page --- */

static void judge(struct session *s)
{
	s->fit.now_s = (int64_t)(clock_realtime_us(s->screen->clock) / 1000000);
	s->fit.build_s = s->source.manifest.build_epoch;
	if (s->rules.live && !s->options->facts)
		fit_started_from_usb(&s->fit);
	choose_survey(s->options->target, &s->rules, &s->fit);
	judge_pc(&s->fit);
}

static int first_page(struct session *s, struct err *err)
{
	const bool ask = !s->unattended && screen_can_ask(s->screen);
	const bool set = s->options->set_firmware || (s->unattended && s->seed.set_firmware);
	int r;

	judge(s);
	r = wizard_fit(s->screen, &s->fit, ask, err);
	if (r >= 0)
		r = wizard_firmware(s->screen, &s->fit, ask, set && !s->options->dry_run, err);
	return r;
}

/* The page alone; 1 if the PC is not fit. */
static int show_page(struct session *s, struct err *err)
{
	cleanup_json struct json *root = NULL;
	cleanup_free char *text = NULL;
	int r = 0;

	if (!s->options->json) {
		say_machine(s);
		r = first_page(s, err);
	} else {
		judge(s);
		root = json_object_new();
		json_set_text(root, "schema", "nexus.fit/1");
		show_json(&s->fit, root);
		r = json_finish(root, &text, err);
		if (r >= 0)
			screen_say(s->screen, "%s\n", text);
	}
	return r < 0 ? r : fit_level(&s->fit) == FIT_UNFIT;
}

/* --- Deciding --- */

/* Erasing what is on a disk takes a person's word, typed now or written before. */
static int confirm_erase(struct session *s, const struct hw_disk *disk, struct err *err)
{
	if (s->options->confirm)
		return hw_word_check(disk, s->options->confirm, err);
	if (s->unattended && strcmp(s->seed.confirm, "ERASE") == 0)
		return 0;
	if (s->unattended || !screen_can_ask(s->screen))
		return err_set(err, ERR_DENIED, EPERM,
			"erase %s: it is not blank (%s) and nothing confirms that it may be erased",
			disk->path, disk->summary);
	return wizard_confirm(s->screen, disk, err);
}

static int was_done_before(struct session *s, struct plan *plan, struct err *err)
{
	cleanup_str_list struct str_list boxes = {0};
	int r;

	r = report_read_boxes(&s->source, &boxes, err);
	if (r < 0)
		return r;
	plan->done_before = plan->box.box_id[0] && str_list_has(&boxes, plan->box.box_id);
	return 0;
}

/* A box of ours: repair keeps the data, anything else must be confirmed. */
static int decide_box(struct session *s, struct plan *plan, struct err *err)
{
	const bool erase_said =
		s->options->confirm || (s->unattended && strcmp(s->seed.confirm, "ERASE") == 0);
	enum wizard_action action = erase_said ? WIZARD_ERASE : WIZARD_REPAIR;
	int r;

	if (s->unattended && !s->options->repair) {
		/* A stick left in after its work must not do it again at the next start. */
		r = was_done_before(s, plan, err);
		if (r < 0 || plan->done_before)
			return r;
	}
	if (!plan->box.readable && (s->options->repair || (s->unattended && !erase_said)))
		return err_set(err, ERR_CORRUPT, EUCLEAN,
			"repair %s: its data partition can't be read; it can only be erased",
			plan->target.disk.path);
	if (s->options->repair) {
		action = WIZARD_REPAIR;
	} else if (!plan->box.readable) {
		action = WIZARD_ERASE;
	} else if (!s->unattended && !s->options->confirm) {
		r = screen_can_ask(s->screen)
			    ? wizard_action(s->screen, plan->box.name, &action, err)
			    : 0;
		if (r < 0)
			return r;
	}
	plan->repair = action == WIZARD_REPAIR;
	return plan->repair ? 0 : confirm_erase(s, &plan->target.disk, err);
}

static int decide(struct session *s, const struct hw_disk *disk, struct plan *plan, struct err *err)
{
	int r;

	r = target_open(disk, &s->layout, &plan->target, err);
	if (r >= 0)
		r = target_examine(&plan->target, SESSION_RUN_DIR, &plan->state, &plan->box, err);
	if (r < 0)
		return r;
	if (s->options->repair && plan->state != TARGET_BOX)
		return err_set(
			err, ERR_CONFIG, EINVAL, "repair %s: there is no box on it", disk->path);
	switch (plan->state) {
	case TARGET_BLANK:
	case TARGET_UNFINISHED:
		break;
	case TARGET_BOX:
		r = decide_box(s, plan, err);
		break;
	case TARGET_OTHER:
		r = confirm_erase(s, disk, err);
		break;
	}
	if (r < 0)
		return r;
	if (s->options->name || s->seed.name[0] || s->unattended || plan->repair ||
		!screen_can_ask(s->screen)) {
		snprintf(plan->name, sizeof(plan->name), "%s",
			s->options->name ? s->options->name : s->seed.name);
		return 0;
	}
	return wizard_name(s->screen, plan->name, err);
}

/* A disk that was named must be usable. */
static int check_named(struct session *s, const struct hw_disk *disk, struct err *err)
{
	enum choose_verdict verdict = choose_judge(disk, &s->rules);

	if (verdict == CHOOSE_TOO_SMALL && layout_fit(&s->layout, disk->size_bytes, err) < 0)
		return err_wrap(err, "use %s", disk->path);
	if (!choose_is_usable(verdict))
		return err_set(
			err, ERR_CONFIG, EINVAL, "use %s: %s", disk->path, choose_reason(verdict));
	return 0;
}

static int pick(struct session *s, size_t *ret, struct err *err)
{
	const char *named = s->options->target;
	int r;

	if (!named && s->unattended && strcmp(s->seed.disk, "auto") != 0)
		named = s->seed.disk;
	hw_disk_list_done(&s->disks);
	r = choose_list(named, &s->disks, err);
	if (r < 0)
		return r;
	if (named) {
		*ret = 0;
		return check_named(s, &s->disks.disks[0], err);
	}
	if (s->unattended) {
		choose_table(s->screen, &s->disks, &s->rules);
		return choose_auto(&s->disks, &s->rules, ret, err);
	}
	return wizard_disk(s->screen, &s->disks, &s->rules, ret, err);
}

/* --- Doing --- */

static void after_install(
	struct session *s, struct install *in, const struct err *failure, bool stick_reads)
{
	struct err err = ERR_INIT;

	if (s->options->dry_run)
		return;
	if (!failure && in->machine->uefi && !str_equal(in->target->disk.transport, "loop") &&
		install_boot_entry(in, &err) < 0) {
		log_warning("%s", err.text);
		screen_say(s->screen, _("The firmware took no boot entry. That does no harm: it "
					"finds the disk by "
					"itself.\n"));
	}
	err = ERR_INIT;
	if (stick_reads && report_write(in, failure, &err) < 0) {
		log_warning("%s", err.text);
		screen_say(s->screen, _("The report could not be written to the stick.\n"));
	}
}

static int perform(struct session *s, struct plan *plan, struct err *err)
{
	struct install in = {
		.screen = s->screen,
		.clock = s->screen->clock,
		.run_dir = SESSION_RUN_DIR,
		.source = &s->source,
		.target = &plan->target,
		.copy = &s->copy,
		.known = plan->repair ? &plan->box : NULL,
		.name = plan->name,
		.machine = &s->fit.machine,
		.fit = &s->fit,
	};
	bool stick_reads;
	int r;

	screen_say(s->screen,
		plan->repair ? _("\nRepairing the box on %s\n") : _("\nInstalling on %s\n"),
		plan->target.disk.path);
	r = install_check(&in, err);
	if (r >= 0 && s->options->dry_run) {
		screen_say(s->screen, _("Dry run: the stick is good; nothing was changed on %s.\n"),
			plan->target.disk.path);
		return 0;
	}
	if (r >= 0)
		r = install_run(&in, err);
	stick_reads = r >= 0 || still_reads(s->source.fd);
	if (r < 0)
		say_failed_install(s, &in, err, stick_reads);
	after_install(s, &in, r < 0 ? err : NULL, stick_reads);
	if (r >= 0)
		say_success(s, &in);
	return r;
}

static void systemctl(struct session *s, const char *verb)
{
	struct err err = ERR_INIT;

	if (proc_run_ok((const char *const[]){"systemctl", verb, NULL}, NULL, NULL, &err) < 0)
		say_failure(s, &err, false);
}

static void end_well(struct session *s, const struct plan *plan)
{
	if (plan->done_before)
		screen_say(s->screen, _("\nThis stick has already made this box.\n"));
	if (!s->options->power_off || s->options->dry_run)
		return;
	if (plan->done_before) {
		wizard_wait(
			s->screen, _("Take out the stick and press Enter to start the PC again. "));
		if (screen_can_ask(s->screen))
			systemctl(s, "reboot");
		return;
	}
	if (!s->unattended || !s->seed.power_off)
		wizard_wait(s->screen, _("Take out the stick and press Enter to power off. "));
	if (s->seed.power_off || screen_can_ask(s->screen)) {
		screen_say(s->screen, _("Powering off. Take out the stick.\n"));
		systemctl(s, "poweroff");
	}
}

static int once(struct session *s, struct err *err)
{
	__attribute__((cleanup(cleanup_plan_fn))) struct plan plan = {.target = TARGET_INIT};
	size_t index;
	int r;

	*err = ERR_INIT;
	r = pick(s, &index, err);
	if (r >= 0)
		r = decide(s, &s->disks.disks[index], &plan, err);
	if (r < 0) {
		if (r != -EAGAIN && r != -ECANCELED)
			say_failure(s, err, false);
		if (r != -EAGAIN)
			screen_say(s->screen, _("Nothing was changed.\n"));
		return r;
	}
	r = plan.done_before ? 0 : perform(s, &plan, err);
	if (r >= 0)
		end_well(s, &plan);
	return r;
}

/* Asks again after a mistake, for as long as somebody is there to answer. */
static int attended(struct session *s, struct err *err)
{
	for (;;) {
		int r = once(s, err);

		if (r >= 0 || !screen_can_ask(s->screen))
			return r;
		if (r == -EAGAIN && !s->options->target)
			continue;
		if (r == -ECANCELED && s->options->power_off) {
			wizard_wait(s->screen, _("Press Enter to power off. "));
			systemctl(s, "poweroff");
		}
		if (r == -ECANCELED || r == -ENOTTY || s->options->target)
			return r;
		wizard_wait(s->screen, _("Press Enter to begin again. "));
	}
}

/* When it can't be done unattended, the technician who comes to look is asked. */
static int unattended(struct session *s, struct err *err)
{
	int r = once(s, err);

	if (r >= 0 || !s->options->power_off || !screen_can_ask(s->screen))
		return r;
	wizard_wait(s->screen, _("Press Enter to go on with questions. "));
	s->unattended = false;
	return attended(s, err);
}

static int list_disks(struct session *s, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	r = choose_list(s->options->target, &s->disks, err);
	if (r >= 0 && s->options->json)
		r = choose_json(&s->disks, &s->rules, &text, err);
	if (r < 0)
		return r;
	if (text)
		screen_say(s->screen, "%s\n", text);
	else
		choose_table(s->screen, &s->disks, &s->rules);
	return 0;
}

int session_run(const struct session_options *options, struct screen *screen)
{
	__attribute__((cleanup(cleanup_session_fn))) struct session s = {
		.options = options, .screen = screen, .source = SOURCE_INIT};
	struct err err = ERR_INIT;
	int r;

	s.rules.live = device_of(SESSION_LIVE_DISK);
	fit_read(options->facts, options->notes, &s.fit);
	r = layout_read(options->layout, &s.layout, &err);
	s.rules.bytes_needed = r >= 0 ? layout_bytes_needed(&s.layout) : 0;
	if (options->source)
		s.rules.source = device_of(options->source);
	if (r >= 0 && options->list) {
		r = list_disks(&s, &err);
	} else if (r >= 0 && options->fit) {
		r = show_page(&s, &err);
		if (r > 0)
			return VERB_EXIT_FAILED;
	} else if (r >= 0) {
		say_machine(&s);
		r = open_all(&s, &err);
		if (r >= 0)
			r = first_page(&s, &err);
		if (r >= 0) {
			r = s.unattended ? unattended(&s, &err) : attended(&s, &err);
			return r < 0 ? VERB_EXIT_FAILED : VERB_EXIT_OK;
		}
	}
	if (r == -ECANCELED)
		screen_say(screen, _("Nothing was changed.\n"));
	else if (r < 0)
		say_failure(&s, &err, false);
	if (r < 0 && options->power_off) {
		wizard_wait(screen, _("Press Enter to power off. "));
		systemctl(&s, "poweroff");
	}
	return r < 0 ? VERB_EXIT_FAILED : VERB_EXIT_OK;
}
