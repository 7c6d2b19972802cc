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
#include "provision/fit/show.h"
#include "provision/install.h"
#include "provision/interview.h"
#include "provision/report.h"
#include "provision/wizard.h"
#include "stick/seed.h"

#define SEED_FILE "install.conf"
#define SEED_FILE_MAX (64u << 10)

struct session {
	const struct options *options;
	struct screen *screen;
	struct fit fit;
	struct layout layout;
	struct choose_rules rules;
	struct source source;
	struct seed seed;
	struct copy copy;
	struct interview interview;
};

static void cleanup_session_fn(struct session *s)
{
	interview_done(&s->interview);
	source_done(&s->source);
	seed_done(&s->seed);
	copy_done(&s->copy);
}

/* --- Telling --- */

static bool still_reads(int fd)
{
	void *block = NULL;
	bool reads = false;

	if (posix_memalign(&block, COPY_BLOCK, COPY_BLOCK) == 0)
		reads = pread(fd, block, COPY_BLOCK, 0) == (ssize_t)COPY_BLOCK;
	free(block);
	return reads;
}

/* Tells what went wrong; more as wizard_failure takes it. */
static void tell_failure(
	struct session *s, const struct err *err, bool touched, const char *more, bool wait)
{
	cleanup_page struct page page = wizard_failure(err, touched, more);

	log_error("%s", err->text);
	screen_beep(s->screen, false);
	wizard_tell(s->screen, &page, wait);
}

/* What is to be said after a failed installation besides its cause; owned. */
static char *say_damage(const struct install *in, bool stick_reads, const char *report)
{
	const char *stick = stick_reads ? ""
					: _("The stick can't be read any more. Was it pulled out? "
					    "Plug it in and start again "
					    "from it; if it fails again, use another stick.\n");
	const char *path = in->target->disk.path;

	if (!in->touched)
		return str_printf(
			_("%sNothing was changed on the disk %s.\n%s"), stick, path, report);
	return str_printf(_("%s%sThe disk %s is NOT finished and does not boot. Run the installer "
			    "again.\n%s%s"),
		stick,
		still_reads(in->target->fd)
			? ""
			: _("The disk does not answer any more; it may be broken.\n"),
		path, in->known ? _("The data of the box is as it was.\n") : "", report);
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

/* From here on a person is asked: by whole pages, where there is a terminal for them. */
static void attend(struct session *s)
{
	s->interview.unattended = false;
	if (!s->options->plain)
		screen_raise(s->screen);
}

/* A damaged install.conf falls back to questions; where nobody can answer it is the end. */
static int seed_settle(struct session *s, struct err *err)
{
	int r;

	r = seed_load(s, err);
	if (r >= 0) {
		s->interview.unattended = s->options->yes || s->seed.unattended;
		if (interview_asks(&s->interview))
			attend(s);
		return 0;
	}
	if (s->options->yes || s->options->seed || !screen_can_ask(s->screen))
		return r;
	attend(s);
	tell_failure(s, err, false,
		_("install.conf on the stick is not used; nothing was changed.\n"), true);
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
	r = seed_settle(s, err);
	if (r >= 0)
		r = volume_private(err);
	return r;
}

/* The first pages alone; 1 if the PC is not fit. */
static int show_fit(struct session *s, struct err *err)
{
	cleanup_json struct json *root = NULL;
	cleanup_free char *text = NULL;
	int r = 0;

	if (!s->options->json) {
		if (screen_can_ask(s->screen))
			attend(s);
		r = interview_fit(&s->interview, err);
	} else {
		interview_judge(&s->interview);
		root = json_object_new();
		json_set_text(root, "schema", "nexus.fit/1");
		show_json(&s->fit, root);
		r = json_finish(root, &text, err);
		if (r >= 0)
			screen_say(s->screen, "%s\n", text);
	}
	return r < 0 ? r : fit_level(&s->fit) == FIT_UNFIT;
}

/* --- Doing --- */

/* What an installation, or its report, is about. */
static struct install make_install(struct session *s)
{
	struct interview *known = &s->interview;

	return (struct install){
		.screen = s->screen,
		.clock = s->screen->clock,
		.run_dir = INTERVIEW_RUN_DIR,
		.source = &s->source,
		.target = known->target.fd >= 0 ? &known->target : NULL,
		.copy = &s->copy,
		.known = known->repair ? &known->box : NULL,
		.name = known->name,
		.machine = &s->fit.machine,
		.fit = &s->fit,
	};
}

/* Leaves the report on the stick; returns what is to be said of that. */
static const char *leave_report(
	struct session *s, const struct install *in, const struct err *failure)
{
	struct err err = ERR_INIT;

	if (s->options->dry_run || s->source.fd < 0)
		return "";
	if (report_write(in, failure, &err) >= 0)
		return _("The report is on the stick: report.txt.\n");
	log_warning("%s", err.text);
	return _("The report could not be written to the stick.\n");
}

/* Enters the disk into the firmware's list; returns what is to be said of that. */
static const char *enter_boot_list(const struct install *in)
{
	struct err err = ERR_INIT;

	if (!in->machine->uefi || str_equal(in->target->disk.transport, "loop") ||
		install_boot_entry(in, &err) >= 0)
		return "";
	log_warning("%s", err.text);
	return _("The firmware took no boot entry. That does no harm: it finds the disk by "
		 "itself.\n");
}

static bool powers_off(const struct session *s)
{
	return s->options->power_off && !s->options->dry_run;
}

static void end_well(struct session *s, const struct install *in)
{
	const char *entry = enter_boot_list(in);
	const char *report = leave_report(s, in, NULL);
	const bool wait = interview_asks(&s->interview) || (powers_off(s) && !s->seed.power_off);
	cleanup_free char *more = str_printf("%s%s%s", entry, report,
		powers_off(s) && wait ? _("\nTake out the stick and press Enter to power off.\n")
				      : "");
	cleanup_page struct page page = wizard_success(in, more ? more : "");

	screen_beep(s->screen, true);
	wizard_tell(s->screen, &page, wait);
}

static int perform(struct session *s, struct err *err)
{
	struct install in = make_install(s);
	cleanup_free char *title =
		str_printf(in.known ? _("Repairing the box on %s") : _("Installing on %s"),
			in.target->disk.path);
	cleanup_free char *more = NULL;
	bool stick_reads;
	int r;

	screen_title(s->screen, title ? title : "");
	r = install_check(&in, err);
	if (r >= 0 && s->options->dry_run) {
		screen_say(s->screen, _("Dry run: the stick is good; nothing was changed on %s.\n"),
			in.target->disk.path);
		return 0;
	}
	if (r >= 0)
		r = install_run(&in, err);
	if (r >= 0) {
		end_well(s, &in);
		return 0;
	}
	stick_reads = still_reads(s->source.fd);
	more = say_damage(&in, stick_reads, stick_reads ? leave_report(s, &in, err) : "");
	tell_failure(s, err, in.touched, more ? more : "", !s->interview.unattended);
	return r;
}

static void systemctl(struct session *s, const char *verb)
{
	struct err err = ERR_INIT;

	if (proc_run_ok((const char *const[]){"systemctl", verb, NULL}, NULL, NULL, &err) < 0)
		tell_failure(s, &err, false, "", false);
}

/* After the work: nothing more, or off, or, where a stick stayed in, on without it. */
static void leave(struct session *s)
{
	if (s->interview.done_before)
		screen_say(s->screen, _("\nThis stick has already made this box.\n"));
	if (!powers_off(s))
		return;
	if (s->interview.done_before) {
		wizard_wait(
			s->screen, _("Take out the stick and press Enter to start the PC again. "));
		if (screen_can_ask(s->screen))
			systemctl(s, "reboot");
		return;
	}
	if (s->seed.power_off || screen_can_ask(s->screen)) {
		screen_say(s->screen, _("Powering off. Take out the stick.\n"));
		systemctl(s, "poweroff");
	}
}

/* 1: asked and answered, but what was wanted did not work. */
static int once(struct session *s, struct err *err)
{
	int r;

	*err = ERR_INIT;
	r = interview_run(&s->interview, err);
	if (r >= 0 && !s->interview.done_before)
		r = perform(s, err) < 0 ? 1 : 0;
	return r;
}

static void tell_quit(struct session *s, const struct err *err)
{
	cleanup_page struct page page = page_make(_("Nothing was changed."));

	if (err->code != ECANCELED) {
		tell_failure(s, err, false, _("Nothing was changed.\n"), powers_off(s));
		return;
	}
	if (powers_off(s))
		page_say(&page, "%s\n", _("Press Enter to power off."));
	wizard_tell(s->screen, &page, powers_off(s));
}

/* Asks again after a failed installation, for as long as somebody is there to answer. */
static int attended(struct session *s, struct err *err)
{
	int r = once(s, err);

	while (r > 0 && screen_can_ask(s->screen) && !s->options->target) {
		s->interview.disk_first = true;
		r = once(s, err);
	}
	if (r < 0) {
		tell_quit(s, err);
		if (s->options->power_off)
			systemctl(s, "poweroff");
	} else if (r == 0) {
		leave(s);
	}
	return r;
}

/* When it can't be done unattended, the report says why, and the technician who comes to look is
 * asked. */
static int unattended(struct session *s, struct err *err)
{
	int r = once(s, err);

	if (r < 0) {
		const struct install in = make_install(s);

		tell_failure(s, err, false, _("Nothing was changed.\n"), false);
		screen_say(s->screen, "%s", leave_report(s, &in, err));
	}
	if (r == 0)
		leave(s);
	if (r == 0 || !s->options->power_off || !screen_can_ask(s->screen))
		return r;
	wizard_wait(s->screen, _("Press Enter to go on with questions. "));
	attend(s);
	return attended(s, err);
}

static int list_disks(struct session *s, struct err *err)
{
	cleanup_page struct page page = page_make(_("Disks of this PC"));
	cleanup_hw_disk_list struct hw_disk_list disks = {0};
	cleanup_free char *text = NULL;
	int r;

	r = choose_list(s->options->target, &s->rules, &disks, err);
	if (r >= 0 && s->options->json)
		r = choose_json(&disks, &s->rules, &text, err);
	if (r < 0)
		return r;
	if (text) {
		screen_say(s->screen, "%s\n", text);
		return 0;
	}
	for (size_t i = 0; i < disks.count; i++)
		choose_offer(&page, &disks.disks[i], &s->rules);
	if (!disks.count)
		page_say(&page, "%s\n", _("No disk was found."));
	screen_show(s->screen, &page);
	return 0;
}

/* All that is not --list or --fit. */
static int install(struct session *s, struct err *err)
{
	int r;

	screen_say(s->screen, _("\nNexus installer %s\n"), NEXUS_VERSION);
	r = open_all(s, err);
	if (r >= 0)
		return s->interview.unattended ? unattended(s, err) : attended(s, err);
	interview_judge(&s->interview);
	if (s->source.fd >= 0) {
		const struct install in = make_install(s);

		tell_failure(s, err, false, leave_report(s, &in, err), s->options->power_off);
	} else {
		tell_failure(s, err, false, "", s->options->power_off);
	}
	if (s->options->power_off)
		systemctl(s, "poweroff");
	return r;
}

int session_run(const struct options *options, struct screen *screen)
{
	__attribute__((cleanup(cleanup_session_fn))) struct session s = {
		.options = options,
		.screen = screen,
		.source = SOURCE_INIT,
		.interview = INTERVIEW_INIT,
	};
	struct err err = ERR_INIT;
	int r;

	s.interview.options = options;
	s.interview.screen = screen;
	s.interview.fit = &s.fit;
	s.interview.layout = &s.layout;
	s.interview.rules = &s.rules;
	s.interview.source = &s.source;
	s.interview.seed = &s.seed;
	s.rules.live = device_of(SESSION_LIVE_DISK);
	s.rules.facts = options->facts;
	fit_read(options->facts, options->notes, &s.fit);
	r = layout_read(options->layout, &s.layout, &err);
	s.rules.bytes_needed = r >= 0 ? layout_bytes_needed(&s.layout) : 0;
	if (options->source)
		s.rules.source = device_of(options->source);
	if (r >= 0 && !options->list && !options->fit)
		return install(&s, &err) == 0 ? VERB_EXIT_OK : VERB_EXIT_FAILED;
	if (r >= 0)
		r = options->list ? list_disks(&s, &err) : show_fit(&s, &err);
	if (r == -ECANCELED)
		tell_quit(&s, &err);
	else if (r < 0)
		tell_failure(&s, &err, false, "", false);
	return r == 0 ? VERB_EXIT_OK : VERB_EXIT_FAILED;
}
