#include "archive/restore/restore.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/common/patterns.h"
#include "backup/show/pick.h"
#include "backup/verbs.h"
#include "base/i18n.h"

static struct pattern_arguments arg_includes, arg_excludes;
static struct str_list arg_xattr_includes, arg_xattr_excludes;
static struct choose_arguments arg_choose;
static const char *arg_target, *arg_overwrite = "always";
static bool arg_delete, arg_sparse, arg_verify, arg_dry_run, arg_by_name, arg_no_space_check;

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
		.list = &arg_includes.plain},
	{.long_name = "iinclude",
		.argument = N_("PATTERN"),
		.help = N_("the same, great and small letters alike"),
		.list = &arg_includes.folded},
	{.long_name = "include-file",
		.argument = N_("FILE"),
		.help = N_("the same as --include, a pattern a line"),
		.list = &arg_includes.files},
	{.long_name = "iinclude-file",
		.argument = N_("FILE"),
		.help = N_("the same as --iinclude, a pattern a line"),
		.list = &arg_includes.folded_files},
	PATTERNS_EXCLUDE(arg_excludes),
	{.long_name = "include-xattr",
		.argument = N_("PATTERN"),
		.help = N_("only attributes whose name matches (may be given again)"),
		.list = &arg_xattr_includes},
	{.long_name = "exclude-xattr",
		.argument = N_("PATTERN"),
		.help = N_("all attributes but those whose name matches (may be given again)"),
		.list = &arg_xattr_excludes},
	{.long_name = "ownership-by-name",
		.help = N_("give files to whom the names say, not the numbers"),
		.flag = &arg_by_name},
	{.long_name = "overwrite",
		.argument = N_("WHEN"),
		.help = N_("files that are there: always (default), if-changed, if-newer, never"),
		.text = &arg_overwrite},
	{.long_name = "delete",
		.help = N_("remove from restored folders what the snapshot has not"),
		.flag = &arg_delete},
	{.long_name = "sparse",
		.help = N_("leave holes for zeros; this is always done"),
		.flag = &arg_sparse},
	{.long_name = "verify",
		.help = N_("read every restored file again and compare"),
		.flag = &arg_verify},
	{.long_name = "dry-run",
		.help = N_("write nothing, only tell how much would be"),
		.flag = &arg_dry_run},
	{.long_name = "no-space-check",
		.help = N_("begin even if the target is too small for all of it"),
		.flag = &arg_no_space_check},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct restoring {
	const struct common *common;
	struct common_display display;
};

static void on_error(void *context, const char *path, const struct err *err)
{
	struct restoring *job = context;

	common_display_pause(&job->display);
	common_tell(job->common, path, err);
	common_display_resume(&job->display);
}

/* A warning; --json has its errors only. */
static void on_tight(void *context, uint64_t needed_bytes, uint64_t free_bytes)
{
	struct restoring *job = context;
	char needed[32], room[32];

	if (job->common->json)
		return;
	common_format_bytes(needed_bytes, needed);
	common_format_bytes(free_bytes, room);
	common_display_pause(&job->display);
	fprintf(stderr, _("Space may run out: up to %s are needed, there is room for %s.\n"),
		needed, room);
	common_display_resume(&job->display);
}

static void set_integer(struct json *json, const char *key, uint64_t value)
{
	if (value)
		json_set_integer(json, key, (int64_t)value);
}

static void print_json(const struct progress_view *view, const struct restore_counts *counts)
{
	struct json *json = json_object_new();

	json_set_text(json, "message_type", "summary");
	set_integer(json, "seconds_elapsed", view->elapsed_s);
	json_set_integer(json, "total_files", (int64_t)counts->restored);
	json_set_integer(json, "files_restored", (int64_t)counts->restored);
	set_integer(json, "files_skipped", counts->skipped);
	set_integer(json, "files_deleted", counts->deleted);
	set_integer(json, "total_bytes", counts->restored_bytes);
	set_integer(json, "bytes_restored", counts->restored_bytes);
	set_integer(json, "bytes_skipped", counts->skipped_bytes);
	set_integer(json, "error_count", view->errors);
	common_print_json(json);
}

static void print(const struct progress_view *view, const struct restore_counts *counts)
{
	char size[32], skipped[32], time[32];

	common_format_bytes(counts->restored_bytes, size);
	common_format_bytes(counts->skipped_bytes, skipped);
	clock_duration_format(view->elapsed_s * 1000000, time);
	if (arg_dry_run)
		printf(_("Would restore %llu files and folders, %s.\n"),
			(unsigned long long)counts->restored, size);
	else
		printf(_("Restored %llu files and folders, %s in %s.\n"),
			(unsigned long long)counts->restored, size, time);
	if (counts->skipped)
		printf(_("Left as they were: %llu, %s.\n"), (unsigned long long)counts->skipped,
			skipped);
	if (counts->deleted)
		printf(arg_dry_run ? _("Would remove: %llu.\n") : _("Removed: %llu.\n"),
			(unsigned long long)counts->deleted);
	if (arg_verify && !view->errors && !arg_dry_run)
		printf(_("All of it was read again and is right.\n"));
}

static int finish(const struct common *common, struct common_display *display,
	const struct restore_counts *counts)
{
	struct progress_view view;

	progress_look(&display->progress, &clock_system, &view);
	if (common->json)
		print_json(&view, counts);
	else if (!common->quiet)
		print(&view, counts);
	if (!view.errors)
		return EXIT_CODE_OK;
	if (!common->json)
		fprintf(stderr,
			P_("nexus-backup: %llu thing could not be restored.\n",
				"nexus-backup: %llu things could not be restored.\n", view.errors),
			(unsigned long long)view.errors);
	return EXIT_CODE_FAILED;
}

/* One that is anchored fits no name, as names of attributes begin with no slash. */
static int add_xattr_patterns(const struct str_list *patterns, struct filter *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < patterns->count; i++)
		if (patterns->items[i][patterns->items[i][0] == '!'] != '/')
			r = filter_add(ret, patterns->items[i], err);
	return r;
}

static int read_rules(struct filter *includes, struct filter *excludes, struct owners **owners,
	struct apply_rules *ret, struct err *err)
{
	int r;

	if (arg_xattr_includes.count && arg_xattr_excludes.count)
		return err_set(err, ERR_CONFIG, EINVAL,
			"restore: --include-xattr and --exclude-xattr do not go together");
	r = add_xattr_patterns(&arg_xattr_includes, includes, err);
	if (r >= 0)
		r = add_xattr_patterns(&arg_xattr_excludes, excludes, err);
	if (r >= 0 && arg_by_name)
		r = owners_new(owners, err);
	if (r < 0)
		return r;
	*ret = (struct apply_rules){
		.xattr_includes = arg_xattr_includes.count ? includes : NULL,
		.xattr_excludes = arg_xattr_excludes.count ? excludes : NULL,
		.owners = *owners,
	};
	return 0;
}

/* A slip of the hand must not empty the whole machine. */
static int check_delete(const struct restore_options *restore_options, struct err *err)
{
	cleanup_free char *target = realpath(arg_target, NULL);

	if (!arg_delete || !target || strcmp(target, "/") != 0 ||
		!filter_is_empty(restore_options->includes) ||
		!filter_is_empty(restore_options->excludes))
		return 0;
	return err_set(err, ERR_CONFIG, EINVAL,
		"restore: --target / with --delete needs --include or --exclude");
}

static int restore(const struct common *common, const char *which,
	const struct restore_options *restore_options, struct err *err)
{
	struct restore_options own = *restore_options;
	cleanup_common_session struct common_session session = {0};
	struct restoring job = {.common = common};
	struct restore_counts counts = {0};
	cleanup_pick struct pick pick = {0};
	int r = common_open(common, NULL, COMMON_LOCK_SHARED, &session);

	if (r)
		return r;
	common_display_start(&job.display, common);
	own.progress = &job.display.progress;
	own.on_error = on_error;
	own.on_tight = on_tight;
	own.context = &job;
	progress_enter(&job.display.progress, PROGRESS_INDEX);
	r = pick_one(session.repository, which, &arg_choose, &pick, err);
	progress_enter(&job.display.progress, PROGRESS_WORKING);
	if (r >= 0)
		r = restore_run(session.repository, &pick.tree, &own, &counts, err);
	common_display_end(&job.display);
	return r < 0 ? r : finish(common, &job.display, &counts);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_filter struct filter includes = {0}, excludes = {0}, xattr_includes = {0},
				     xattr_excludes = {0};
	cleanup_owners struct owners *owners = NULL;
	struct apply_rules rules;
	struct restore_options restore_options = {
		.target = arg_target,
		.includes = &includes,
		.excludes = &excludes,
		.rules = &rules,
		.delete_others = arg_delete,
		.dry_run = arg_dry_run,
		.verify = arg_verify,
		.no_space_check = arg_no_space_check,
		.stop = common->stop,
	};
	struct err err = ERR_INIT;
	int r = arg_target
			? 0
			: err_set(&err, ERR_CONFIG, EINVAL, "restore: say where to with --target");

	(void)argc;
	if (r >= 0)
		r = restore_overwrite_parse(arg_overwrite, &restore_options.overwrite, &err);
	if (r >= 0)
		r = patterns_read(&arg_includes, &includes, &err);
	if (r >= 0)
		r = patterns_read(&arg_excludes, &excludes, &err);
	if (r >= 0)
		r = read_rules(&xattr_includes, &xattr_excludes, &owners, &rules, &err);
	if (r >= 0)
		r = check_delete(&restore_options, &err);
	if (r >= 0)
		r = restore(common, argv[0], &restore_options, &err);
	return r < 0 ? common_fail(common, &err) : r;
}

const struct verb verb_restore = {
	.name = "restore",
	.arguments = N_("SNAPSHOT[:FOLDER]"),
	.summary = N_("bring back files from a snapshot"),
	.details = N_("SNAPSHOT is 'latest', an id, or the start of one; with ':FOLDER' only what "
		      "is below it,\nand without the folders above it. A file that is there "
		      "already is compared, and only\nwhat differs is written: so an interrupted "
		      "restore goes on where it was. Nothing is\nwritten outside of the "
		      "target.\n\n"
		      "Example: nexus-backup -r /data/backup/repo restore latest:/home -t "
		      "/data/restore"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
