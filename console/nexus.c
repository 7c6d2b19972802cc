/* nexus: the operator's console. */
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "base/i18n.h"
#include "base/log.h"
#include "base/verb.h"
#include "console/console.h"
#include "console/verbs.h"

static struct console arg_console;

static const struct verb_option common_options[] = {
	{.long_name = "home",
		.argument = N_("DIR"),
		.help = N_("folder of key and inventory (or set NEXUS_HOME)"),
		.text = &arg_console.home_path},
	{.long_name = "json", .help = N_("print JSON on stdout"), .flag = &arg_console.json},
	{.long_name = "no-input",
		.help = N_("never ask; fail where an answer would be needed"),
		.flag = &arg_console.no_input},
	{.long_name = "timeout",
		.argument = N_("DURATION"),
		.help = N_("how long to wait for a login and for an answer, e.g. 30s"),
		.text = &arg_console.timeout},
	{.long_name = "verbose",
		.short_name = 'v',
		.help = N_("show the technical reason of a failure"),
		.flag = &arg_console.verbose},
	{0},
};

static const struct verb fleet_verbs[] = {
	{.name = "adopt",
		.arguments = N_("ADDRESS[:PORT]"),
		.summary = N_("make a box yours with the code on its screen"),
		.details = N_("The code is asked for, or read from stdin or --code-file. It proves "
			      "that the machine\nat this address is the one whose screen you read; "
			      "the box then accepts this\nconsole's key and no other."),
		.options = verb_adopt_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_adopt},
	{.name = "status",
		.arguments = N_("[BOX...]"),
		.summary = N_("ask all boxes, or some, how they are"),
		.details = N_("Exit status: 0 all answered, 3 some did, 4 none could be reached."),
		.options = verb_status_options,
		.max_arguments = -1,
		.run = verb_status},
	{.name = "backup",
		.arguments = N_("BOX"),
		.summary = N_("run a backup on a box now and follow it"),
		.options = verb_job_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_job_backup},
	{.name = "restore",
		.arguments = N_("BOX"),
		.summary = N_("bring files back on a box, into a folder of their own"),
		.options = verb_job_restore_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_job_restore},
	{.name = "check",
		.arguments = N_("BOX"),
		.summary = N_("check the backup repository of a box"),
		.options = verb_job_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_job_check},
	{.name = "update",
		.arguments = N_("BOX BUNDLE"),
		.summary = N_("install a new system on a box, beside the one that runs"),
		.details =
			N_("BUNDLE is a file here, which is sent; an http or https address, "
			   "which the box fetches; or\nbox:/PATH, a file that is on the box. What "
			   "is sent or fetched already is not moved again\nafter an interruption. "
			   "The box restarts into it in the hours of its settings, goes back\nto "
			   "the system before if the new one does not prove itself, and tells "
			   "both in its status."),
		.options = verb_update_options,
		.min_arguments = 2,
		.max_arguments = 2,
		.run = verb_update},
	{.name = "jobs",
		.arguments = N_("BOX"),
		.summary = N_("list the latest jobs of a box"),
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_job_list},
	{.name = "log",
		.arguments = N_("BOX"),
		.summary = N_("show the end of a box's journal"),
		.options = verb_job_log_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_job_log},
	{.name = "shell",
		.arguments = N_("BOX [-- COMMAND...]"),
		.summary = N_("open a shell on a box, or run one command there"),
		.details = N_("The exit status is the command's. One argument is taken as shell "
			      "text, several as a\ncommand with its arguments. Enter ~ . ends a "
			      "connection that hangs."),
		.min_arguments = 1,
		.max_arguments = -1,
		.run = verb_shell},
	{.name = "list",
		.arguments = "",
		.summary = N_("list the boxes in the inventory, without asking them"),
		.run = verb_box_list},
	{.name = "rename",
		.arguments = N_("BOX NAME"),
		.summary = N_("give a box another name in this console"),
		.min_arguments = 2,
		.max_arguments = 2,
		.run = verb_box_rename},
	{.name = "move",
		.arguments = N_("BOX ADDRESS[:PORT]"),
		.summary = N_("say that a box has another address now"),
		.min_arguments = 2,
		.max_arguments = 2,
		.run = verb_box_move},
	{.name = "forget",
		.arguments = N_("BOX"),
		.summary = N_("take a box out of the inventory"),
		.options = verb_box_forget_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_box_forget},
	{.name = "export",
		.arguments = "",
		.summary = N_("print the inventory for ssh or Ansible"),
		.options = verb_box_export_options,
		.run = verb_box_export},
	{0},
};

static const struct verb_program fleet_program = {
	.name = CONSOLE_PROGRAM " fleet",
	.summary = N_("Look after the boxes: adopt them, see how they are, back them up, log in."),
	.version = NEXUS_VERSION,
	.options = common_options,
	.verbs = fleet_verbs,
	.epilogue = N_("Exit status: 0 done, 1 failed, 2 wrong usage, 3 partly failed, 4 box not "
		       "reachable,\n5 refused: wrong code, other host key, not adopted by us."),
};

static const struct verb_option usb_options[] = {
	{.long_name = "json", .help = N_("print JSON on stdout"), .flag = &arg_console.json},
	{.long_name = "no-input",
		.help = N_("never ask; fail where an answer would be needed"),
		.flag = &arg_console.no_input},
	{0},
};

static const struct verb usb_verbs[] = {
	{.name = "list",
		.arguments = "",
		.summary = N_("list the disks that could become a stick"),
		.run = verb_usb_list},
	{.name = "write",
		.arguments = N_("IMAGE"),
		.summary = N_("make a stick that installs, or a file of one"),
		.details = N_("The image is held against SHA256SUMS beside it and its signature. "
			      "Without --to the disks that\ncan be carried away are listed and one "
			      "is asked for; what is not blank is only erased after\nits word was "
			      "typed. What was written is read back. Until the end the stick does "
			      "not look\nbootable. A disk needs root; a file does not."),
		.options = verb_usb_write_options,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_usb_write},
	{.name = "check",
		.arguments = N_("STICK"),
		.summary = N_("check a stick, or the image of one, piece by piece"),
		.details = N_("Each piece is held against the list in the stick itself; what a "
			      "Windows PC writes beside the\nfiles of a stick is no damage. Exit "
			      "status: 0 all good, 1 damaged."),
		.min_arguments = 1,
		.max_arguments = 1,
		.run = verb_usb_check},
	{0},
};

static const struct verb_program usb_program = {
	.name = CONSOLE_PROGRAM " usb",
	.summary = N_("Make the USB sticks that install boxes, and check them."),
	.version = NEXUS_VERSION,
	.options = usb_options,
	.verbs = usb_verbs,
	.epilogue = N_("Exit status: 0 done, 1 failed, 2 wrong usage."),
};

static int run_fleet(int argc, char **argv, void *context)
{
	struct console *console = context;
	int status = verb_main(&fleet_program, argc, argv, console);

	console_done(console);
	return status;
}

/* main hands "fleet" with all that follows, and "update", on to its own table; here come only odd
 * orders like "nexus -- fleet". */
static int help_fleet(int argc, char **argv, void *context)
{
	char help[] = "--help", *again[] = {argv[0], help, NULL};

	(void)argc;
	return run_fleet(2, again, context);
}

static int help_usb(int argc, char **argv, void *context)
{
	char help[] = "--help", *again[] = {argv[0], help, NULL};

	(void)argc;
	return verb_main(&usb_program, 2, again, context);
}

static const struct verb top_verbs[] = {
	{.name = "fleet",
		.arguments = N_("COMMAND [ARGUMENT...]"),
		.summary = N_("look after the boxes"),
		.max_arguments = -1,
		.run = help_fleet},
	{.name = "update",
		.arguments = N_("BOX BUNDLE"),
		.summary = N_("the same as 'nexus fleet update'"),
		.max_arguments = -1,
		.run = help_fleet},
	{.name = "usb",
		.arguments = N_("COMMAND [ARGUMENT...]"),
		.summary = N_("make the USB sticks that install boxes"),
		.max_arguments = -1,
		.run = help_usb},
	{0},
};

static const struct verb_program top_program = {
	.name = CONSOLE_PROGRAM,
	.summary = N_("The operator's console of Nexus servers."),
	.version = NEXUS_VERSION,
	.verbs = top_verbs,
	.epilogue = N_("Begin with 'nexus fleet adopt ADDRESS', go on with 'nexus fleet status'."),
};

int main(int argc, char **argv)
{
	i18n_init();
	log_init(CONSOLE_PROGRAM, LOG_LEVEL_WARNING);
	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && strcmp(argv[1], "fleet") == 0)
		return run_fleet(argc - 1, argv + 1, &arg_console);
	if (argc > 1 && strcmp(argv[1], "update") == 0)
		return run_fleet(argc, argv, &arg_console);
	if (argc > 1 && strcmp(argv[1], "usb") == 0)
		return verb_main(&usb_program, argc - 1, argv + 1, &arg_console);
	return verb_main(&top_program, argc, argv, &arg_console);
}
