/* nexus-install: makes a PC a Nexus box from a USB stick. */
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/str.h"
#include "base/verb.h"
#include "provision/disk/layout.h"
#include "provision/options.h"
#include "provision/session.h"
#include "stick/seed.h"

static struct options arg_options = {.layout = LAYOUT_FILE};
static bool arg_consoles;

static const struct verb_option options[] = {
	{.long_name = "list",
		.short_name = 'l',
		.help = N_("Show the disks of this PC and what may be done with them."),
		.flag = &arg_options.list},
	{.long_name = "json",
		.help = N_("With --list or --fit: as JSON."),
		.flag = &arg_options.json},
	{.long_name = "target",
		.short_name = 't',
		.argument = N_("DISK"),
		.help = N_("Install on this disk."),
		.text = &arg_options.target},
	{.long_name = "source",
		.short_name = 's',
		.argument = N_("STICK"),
		.help = N_("Install from this device or image file, not from the running stick."),
		.text = &arg_options.source},
	{.long_name = "confirm",
		.argument = N_("WORD"),
		.help = N_("What would be typed to erase a disk that is not blank."),
		.text = &arg_options.confirm},
	{.long_name = "repair",
		.help = N_("Write the system of a box anew and keep its data."),
		.flag = &arg_options.repair},
	{.long_name = "yes",
		.short_name = 'y',
		.help = N_("Ask nothing, as with Unattended=yes in install.conf."),
		.flag = &arg_options.yes},
	{.long_name = "name",
		.argument = N_("NAME"),
		.help = N_("Name of the box."),
		.text = &arg_options.name},
	{.long_name = "fit",
		.help = N_("Show whether this PC is fit and what to set in its firmware."),
		.flag = &arg_options.fit},
	{.long_name = "set-firmware",
		.help = N_("Change the firmware's settings that can be changed from here."),
		.flag = &arg_options.set_firmware},
	{.long_name = "language",
		.argument = N_("LANGUAGE"),
		.help = N_("Speak es or en, and do not ask for the language."),
		.text = &arg_options.language},
	{.long_name = "plain",
		.help = N_("Ask line by line, as at a dumb terminal, not with whole pages."),
		.flag = &arg_options.plain},
	{.long_name = "facts",
		.argument = N_("FOLDER"),
		.help = N_("Read what this PC is from FOLDER/sys, proc, dev and smart."),
		.text = &arg_options.facts},
	{.long_name = "notes",
		.argument = N_("FILE"),
		.help = N_("Look the firmware's notes up in this compiled hwdb."),
		.text = &arg_options.notes},
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("Check the stick and the disk, change nothing."),
		.flag = &arg_options.dry_run},
	{.long_name = "seed",
		.argument = N_("FILE"),
		.help = N_("Read install.conf from here, not from the stick."),
		.text = &arg_options.seed},
	{.long_name = "layout",
		.argument = N_("FILE"),
		.help = N_("Read the partitions from here."),
		.text = &arg_options.layout},
	{.long_name = "consoles",
		.help = N_("Speak on every console of the kernel, screen and serial line alike."),
		.flag = &arg_consoles},
	{.long_name = "power-off",
		.help = N_("Power off when the work is done."),
		.flag = &arg_options.power_off},
	{0},
};

static int run(int argc, char **argv, void *context)
{
	struct screen screen;
	int status;

	(void)argc;
	(void)argv;
	(void)context;
	if (arg_options.name && !seed_name_is_good(arg_options.name)) {
		fprintf(stderr,
			_("nexus-install: a name has only a to z, 0 to 9 and '-' inside, at most "
			  "%d\n"),
			SEED_NAME_MAX);
		return VERB_EXIT_USAGE;
	}
	if (arg_options.language && !str_equal(arg_options.language, "es") &&
		!str_equal(arg_options.language, "en")) {
		fprintf(stderr, _("nexus-install: a language is es or en\n"));
		return VERB_EXIT_USAGE;
	}
	if (arg_options.language)
		i18n_speak(arg_options.language);
	if (geteuid() != 0) {
		fprintf(stderr, _("nexus-install: only root can do this; try sudo\n"));
		return VERB_EXIT_FAILED;
	}
	screen_open(&screen, arg_consoles, &clock_system);
	status = session_run(&arg_options, &screen);
	screen_close(&screen);
	return status;
}

static const struct verb verbs[] = {
	{.name = "", .arguments = "", .summary = "", .options = NULL, .run = run},
	{0},
};

static const struct verb_program program = {
	.name = "nexus-install",
	.summary = N_("Makes this PC a Nexus box from a USB stick."),
	.version = NEXUS_VERSION,
	.options = options,
	.verbs = verbs,
	.epilogue =
		N_("Without options it asks what it must know. A disk that is not blank is only\n"
		   "erased after a typed confirmation.\n"),
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	/* The FAT file systems are our own; mtools' doubts about disk geometry are no help. */
	setenv("MTOOLS_SKIP_CHECK", "1", 1);
	return verb_start(&program, argc, argv, NULL);
}
