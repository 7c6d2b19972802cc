#include "archive/check.h"

#include <errno.h>
#include <stdio.h>

#include "backup/common/common.h"
#include "backup/upkeep/subset.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static bool arg_read_data;
static const char *arg_subset;

static const struct verb_option options[] = {
	{.long_name = "read-data",
		.help = N_("read and check every byte that is stored, not only the lists"),
		.flag = &arg_read_data},
	{.long_name = "read-data-subset",
		.argument = N_("PART"),
		.help = N_("the same for a part of it: 1/7, a share (2.5%) or a size (10G)"),
		.text = &arg_subset},
	{0},
};

struct checking {
	const struct common *common;
	struct common_display display;
	struct subset subset;
	unsigned notes, packs_read;
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

static bool wants(void *context, const struct id *pack, uint64_t size_bytes)
{
	struct checking *job = context;
	struct progress_view view;
	bool wanted;

	(void)size_bytes;
	progress_look(&job->display.progress, &clock_system, &view);
	wanted = !arg_subset || subset_has(&job->subset, pack, view.files_total, view.bytes_total);
	job->packs_read += wanted;
	return wanted;
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
		if (arg_read_data || arg_subset)
			json_set_integer(json, "packs_read", job->packs_read);
		common_print_json(json);
	} else if (!common->quiet) {
		if (job->notes)
			printf(P_("%u pack is used by nothing (left by an interrupted backup; "
				  "harmless).\n",
				       "%u packs are used by nothing (left by an interrupted "
				       "backup; harmless).\n",
				       job->notes),
				job->notes);
		if (arg_subset)
			printf(P_("%u pack was read.\n", "%u packs were read.\n", job->packs_read),
				job->packs_read);
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
		.read_data = arg_read_data || arg_subset,
		.wants = wants,
		.stop = common->stop,
		.progress = &job.display.progress,
		.on_error = on_error,
		.on_note = on_note,
		.tick = on_tick,
		.context = &job,
	};
	struct err err = ERR_INIT;
	int r = 0;

	(void)argc;
	(void)argv;
	if (arg_read_data && arg_subset)
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"check: --read-data and --read-data-subset do not go together");
	else if (arg_subset)
		r = subset_parse(arg_subset, &job.subset, &err);
	if (r < 0)
		return common_fail(common, &err);
	r = common_open(common, NULL, COMMON_LOCK_EXCLUSIVE, &session);
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
