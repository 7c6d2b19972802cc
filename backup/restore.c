#include "archive/restore/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/select.h"
#include "backup/common/common.h"
#include "backup/verbs.h"
#include "base/i18n.h"

static struct str_list arg_includes, arg_excludes, arg_hosts, arg_tags, arg_paths;
static const char *arg_target;
static bool arg_verify;

static const struct verb_option options[] = {
	{.long_name = "target",
		.short_name = 't',
		.argument = N_("FOLDER"),
		.help = N_("where to restore to; made if missing"),
		.text = &arg_target},
	{.long_name = "include",
		.short_name = 'i',
		.argument = N_("PATTERN"),
		.help = N_("restore only what matches (may be given again)"),
		.list = &arg_includes},
	{.long_name = "exclude",
		.short_name = 'e',
		.argument = N_("PATTERN"),
		.help = N_("leave out what matches (may be given again)"),
		.list = &arg_excludes},
	{.long_name = "verify",
		.help = N_("read every restored file again and compare"),
		.flag = &arg_verify},
	{.long_name = "host",
		.short_name = 'H',
		.argument = N_("NAME"),
		.help = N_("for 'latest': of this host"),
		.list = &arg_hosts},
	{.long_name = "tag",
		.argument = N_("TAG"),
		.help = N_("for 'latest': with this tag"),
		.list = &arg_tags},
	{.long_name = "path",
		.argument = N_("PATH"),
		.help = N_("for 'latest': with this path"),
		.list = &arg_paths},
	{0},
};

struct restoring {
	const struct common *common;
	struct common_display display;
};

static void on_error(void *context, const char *path, const struct err *err)
{
	struct restoring *job = context;

	common_tell(job->common, path, err);
}

static void on_tick(void *context)
{
	struct restoring *job = context;

	common_display_tick(&job->display);
}

static int finish(const struct common *common, struct common_display *display)
{
	struct progress_view view;
	char size[32], time[32];

	common_display_end(display);
	progress_look(&display->progress, &clock_system, &view);
	common_format_bytes(view.bytes_done, size);
	clock_duration_format(view.elapsed_s * 1000000, time);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "seconds_elapsed", (int64_t)view.elapsed_s);
		json_set_integer(json, "total_files", (int64_t)view.files_total);
		json_set_integer(json, "files_restored", (int64_t)view.files_done);
		json_set_integer(json, "total_bytes", (int64_t)view.bytes_total);
		json_set_integer(json, "bytes_restored", (int64_t)view.bytes_done);
		json_set_integer(json, "error_count", (int64_t)view.errors);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(_("Restored %llu files, %s in %s.\n"), (unsigned long long)view.files_done,
			size, time);
		if (arg_verify && !view.errors)
			printf(_("All of it was read again and is right.\n"));
	}
	if (!view.errors)
		return EXIT_CODE_OK;
	if (!common->json)
		fprintf(stderr,
			P_("nexus-backup: %llu thing could not be restored.\n",
				"nexus-backup: %llu things could not be restored.\n", view.errors),
			(unsigned long long)view.errors);
	return EXIT_CODE_FAILED;
}

static int find_tree(
	struct repository *repository, const char *which, struct id *ret, struct err *err)
{
	const struct select_filter filter = {&arg_hosts, &arg_tags, &arg_paths};
	cleanup_select struct select_list list = {0};
	const struct snapshot *snapshot;
	cleanup_free char *folder = NULL;
	int r = select_load(repository, &list, err);

	if (r >= 0)
		r = select_find(&list, which, &filter, &snapshot, &folder, err);
	if (r >= 0)
		r = repository_load_index(repository, NULL, err);
	return r < 0 ? r : select_folder(repository, &snapshot->tree, folder, ret, err);
}

static int add_patterns(struct filter *filter, const struct str_list *list, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < list->count; i++)
		r = filter_add(filter, list->items[i], err);
	return r;
}

static int restore(const struct common *common, struct repository *repository, const char *which,
	struct err *err)
{
	cleanup_filter struct filter includes = {0}, excludes = {0};
	struct restoring job = {.common = common};
	struct restore_options restore_options = {
		.target = arg_target,
		.includes = &includes,
		.excludes = &excludes,
		.verify = arg_verify,
		.stop = common->stop,
		.progress = &job.display.progress,
		.on_error = on_error,
		.tick = on_tick,
		.context = &job,
	};
	struct id tree;
	int r = add_patterns(&includes, &arg_includes, err);

	if (r >= 0)
		r = add_patterns(&excludes, &arg_excludes, err);
	common_display_start(&job.display, common);
	if (r >= 0)
		r = find_tree(repository, which, &tree, err);
	if (r >= 0)
		r = restore_run(repository, &tree, &restore_options, err);
	return r < 0 ? r : finish(common, &job.display);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int r;

	(void)argc;
	if (!arg_target) {
		err_set(&err, ERR_CONFIG, EINVAL, "restore: say where to with --target");
		return common_fail(common, &err);
	}
	r = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (r)
		return r;
	r = restore(common, session.repository, argv[0], &err);
	return r < 0 ? common_fail(common, &err) : r;
}

const struct verb verb_restore = {
	.name = "restore",
	.arguments = N_("SNAPSHOT[:FOLDER]"),
	.summary = N_("bring back files from a snapshot"),
	.details = N_("SNAPSHOT is 'latest', an id, or the start of one; with ':FOLDER' only what "
		      "is below it,\nand without the folders above it. Files of the same name in "
		      "the target are replaced,\nothers are left alone. Nothing is written outside "
		      "of the target.\n\n"
		      "Example: nexus-backup -r /data/backup/repo restore latest:/home -t "
		      "/data/restore"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
