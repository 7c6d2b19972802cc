#include "archive/check.h"

#include <stdio.h>

#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static bool arg_read_data;

static const struct verb_option options[] = {
	{.long_name = "read-data",
		.help = N_("read and check every byte that is stored, not only the lists"),
		.flag = &arg_read_data},
	{0},
};

struct checking {
	const struct common *common;
	struct common_display display;
	unsigned notes;
};

static void on_error(void *context, const char *what, const struct err *err)
{
	struct checking *job = context;

	common_tell(job->common, what, err);
}

static void on_note(void *context, const char *what, const char *text)
{
	struct checking *job = context;

	/* Left by an interrupted backup: harmless. */
	(void)what;
	(void)text;
	job->notes++;
}

static void on_tick(void *context)
{
	struct checking *job = context;

	common_display_tick(&job->display);
}

static int finish(struct checking *job, int errors)
{
	const struct common *common = job->common;

	common_display_end(&job->display);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "num_errors", errors);
		json_set_integer(json, "unused_packs", job->notes);
		common_print_json(json);
	} else if (!common->quiet) {
		if (job->notes)
			printf(P_("%u pack is used by nothing (left by an interrupted backup; "
				  "harmless).\n",
				       "%u packs are used by nothing (left by an interrupted "
				       "backup; harmless).\n",
				       job->notes),
				job->notes);
		if (errors)
			printf(P_("%d error was found.\n", "%d errors were found.\n", errors),
				errors);
		else
			printf(_("No errors were found.\n"));
	}
	return errors ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct checking job = {.common = common};
	const struct check_options check_options = {
		.read_data = arg_read_data,
		.stop = common->stop,
		.progress = &job.display.progress,
		.on_error = on_error,
		.on_note = on_note,
		.tick = on_tick,
		.context = &job,
	};
	struct err err = ERR_INIT;
	int r = common_open(common, NULL, COMMON_LOCK_EXCLUSIVE, &session);

	(void)argc;
	(void)argv;
	if (r)
		return r;
	common_display_start(&job.display, common);
	r = check_run(session.repository, &check_options, &err);
	return r < 0 ? common_fail(common, &err) : finish(&job, r);
}

const struct verb verb_check = {
	.name = "check",
	.arguments = "",
	.summary = N_("prove that the repository is whole"),
	.details = N_("Reads all snapshots, trees and lists, and finds out whether everything that "
		      "they name is\nthere. With --read-data every pack is read, and every blob "
		      "decrypted, unpacked and hashed.\n\n"
		      "Example: nexus-backup -r /data/backup/repo check --read-data"),
	.options = options,
	.run = run,
};
