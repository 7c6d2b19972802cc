#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/save.h"
#include "archive/select.h"
#include "archive/target.h"
#include "backup/common/common.h"
#include "backup/verbs.h"
#include "base/i18n.h"

static struct str_list arg_excludes, arg_exclude_files, arg_tags;
static const char *arg_host, *arg_parent, *arg_compression;
static bool arg_one_file_system, arg_force, arg_dry_run;

static const struct verb_option options[] = {
	{.long_name = "exclude",
		.short_name = 'e',
		.argument = N_("PATTERN"),
		.help = N_("leave out what matches (may be given again)"),
		.list = &arg_excludes},
	{.long_name = "exclude-file",
		.argument = N_("FILE"),
		.help = N_("the same, a pattern a line"),
		.list = &arg_exclude_files},
	{.long_name = "one-file-system",
		.short_name = 'x',
		.help = N_("do not cross into other file systems"),
		.flag = &arg_one_file_system},
	{.long_name = "tag",
		.argument = N_("TAG"),
		.help = N_("mark the snapshot (may be given again)"),
		.list = &arg_tags},
	{.long_name = "host",
		.short_name = 'H',
		.argument = N_("NAME"),
		.help = N_("name of the host, instead of this one's"),
		.text = &arg_host},
	{.long_name = "parent",
		.argument = N_("SNAPSHOT"),
		.help = N_("compare with this snapshot, not the last one of the same paths"),
		.text = &arg_parent},
	{.long_name = "force",
		.short_name = 'f',
		.help = N_("read every file again"),
		.flag = &arg_force},
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("store nothing, only tell what would be stored"),
		.flag = &arg_dry_run},
	{.long_name = "compression",
		.argument = N_("MODE"),
		.help = N_("auto (default), off, fastest or max"),
		.text = &arg_compression},
	{0},
};

/* What is being done, for the callbacks. */
struct backing_up {
	const struct common *common;
	struct common_display display;
};

static void on_error(void *context, const char *path, const struct err *err)
{
	struct backing_up *job = context;

	common_tell(job->common, path, err);
}

static void on_tick(void *context)
{
	struct backing_up *job = context;

	common_display_tick(&job->display);
}

static int read_compression(struct repository_options *ret, struct err *err)
{
	if (!arg_compression || strcmp(arg_compression, "auto") == 0)
		return 0;
	if (strcmp(arg_compression, "off") == 0)
		ret->no_compression = true;
	else if (strcmp(arg_compression, "fastest") == 0)
		ret->level = 1;
	else if (strcmp(arg_compression, "max") == 0)
		ret->level = 12;
	else
		return err_set(err, ERR_CONFIG, EINVAL,
			"read --compression %s: auto, off, fastest or max", arg_compression);
	return 0;
}

static int read_excludes(struct filter *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arg_excludes.count; i++)
		r = filter_add(ret, arg_excludes.items[i], err);
	for (size_t i = 0; r >= 0 && i < arg_exclude_files.count; i++)
		r = filter_add_file(ret, arg_exclude_files.items[i], err);
	return r;
}

/* --tag a,b is two tags. */
static int read_tags(struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arg_tags.count; i++) {
		cleanup_free char *copy = strdup(arg_tags.items[i]);
		char *save = NULL;

		if (!copy)
			return err_oom(err);
		for (char *tag = strtok_r(copy, ",", &save); r >= 0 && tag;
			tag = strtok_r(NULL, ",", &save))
			r = str_list_add(ret, str_strip(tag), err);
	}
	return r;
}

static int read_paths(
	int argc, char **argv, struct str_list *ret, struct str_list *ret_absolute, struct err *err)
{
	cleanup_free char *here = getcwd(NULL, 0);
	int r = 0;

	if (!here)
		return err_errno(err, errno, "find the current folder");
	for (int i = 0; r >= 0 && i < argc; i++) {
		cleanup_free char *path = target_clean_path(argv[i], here);

		r = path ? str_list_add(ret_absolute, path, err) : err_oom(err);
		if (r >= 0)
			r = str_list_add(ret, argv[i], err);
	}
	return r;
}

static int find_parent(const struct select_list *list, const char *host,
	const struct str_list *absolute, const struct snapshot **ret, struct err *err)
{
	cleanup_free char *folder = NULL;

	*ret = NULL;
	if (arg_force)
		return 0;
	if (arg_parent)
		return select_find(list, arg_parent, NULL, ret, &folder, err);
	*ret = select_parent(list, host, absolute);
	return 0;
}

static void print_summary_json(const struct snapshot *snapshot, const struct progress_view *view)
{
	const struct snapshot_summary *s = &snapshot->summary;
	struct json *json = json_object_new();
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{"files_new", s->files_new},
		{"files_changed", s->files_changed},
		{"files_unmodified", s->files_unmodified},
		{"dirs_new", s->dirs_new},
		{"dirs_changed", s->dirs_changed},
		{"dirs_unmodified", s->dirs_unmodified},
		{"data_blobs", s->data_blobs},
		{"tree_blobs", s->tree_blobs},
		{"data_added", s->data_added},
		{"data_added_packed", s->data_added_packed},
		{"total_files_processed", s->total_files_processed},
		{"total_bytes_processed", s->total_bytes_processed},
		{"total_duration", view->elapsed_s},
		{"error_count", view->errors},
	};
	char id[ID_TEXT_SIZE];

	json_set_text(json, "message_type", "summary");
	if (arg_dry_run)
		json_set_bool(json, "dry_run", true);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_set_integer(json, numbers[i].key, (int64_t)numbers[i].value);
	if (!arg_dry_run) {
		id_format(&snapshot->id, id);
		json_set_text(json, "snapshot_id", id);
	}
	common_print_json(json);
}

static void print_summary(const struct snapshot *snapshot, const struct progress_view *view)
{
	const struct snapshot_summary *s = &snapshot->summary;
	char added[32], packed[32], total[32], time[32], id[ID_TEXT_SIZE];

	common_format_bytes(s->data_added, added);
	common_format_bytes(s->data_added_packed, packed);
	common_format_bytes(s->total_bytes_processed, total);
	clock_duration_format(view->elapsed_s * 1000000, time);
	id_format(&snapshot->id, id);
	printf(_("Files:   %llu new, %llu changed, %llu unchanged\n"),
		(unsigned long long)s->files_new, (unsigned long long)s->files_changed,
		(unsigned long long)s->files_unmodified);
	printf(_("Folders: %llu new, %llu changed, %llu unchanged\n"),
		(unsigned long long)s->dirs_new, (unsigned long long)s->dirs_changed,
		(unsigned long long)s->dirs_unmodified);
	printf(_("Added:   %s (%s stored)\n"), added, packed);
	printf(_("Done:    %llu files, %s in %s\n"), (unsigned long long)s->total_files_processed,
		total, time);
	if (!arg_dry_run)
		printf(_("Snapshot %.8s is saved.\n"), id);
	else
		printf(_("Nothing was stored.\n"));
}

static int finish(const struct common *common, struct common_display *display,
	const struct snapshot *snapshot)
{
	struct progress_view view;

	common_display_end(display);
	progress_look(&display->progress, &clock_system, &view);
	if (common->json)
		print_summary_json(snapshot, &view);
	else if (!common->quiet)
		print_summary(snapshot, &view);
	if (!view.errors)
		return EXIT_CODE_OK;
	if (!common->json)
		fprintf(stderr,
			P_("nexus-backup: %llu thing could not be read; the snapshot is without "
			   "it.\n",
				"nexus-backup: %llu things could not be read; the snapshot is "
				"without them.\n",
				view.errors),
			(unsigned long long)view.errors);
	return EXIT_CODE_INCOMPLETE;
}

/* Snapshots are listed before the index is read, so that all they need is in it. */
static int load(struct common_session *session, struct select_list *list, struct err *err)
{
	int r = store_tidy(repository_store(session->repository), err);

	if (r >= 0)
		r = select_load(session->repository, list, err);
	return r < 0 ? r : repository_load_index(session->repository, NULL, err);
}

static int save(const struct common *common, struct common_session *session,
	struct save_options *save_options, const struct str_list *absolute, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	struct backing_up job = {.common = common};
	struct save_options own;
	int r;

	common_display_start(&job.display, common);
	r = load(session, &list, err);
	if (r >= 0)
		r = find_parent(
			&list, save_options->hostname, absolute, &save_options->parent, err);
	if (r < 0)
		return r;
	own = *save_options;
	own.count_first = common->json || job.display.terminal;
	own.progress = &job.display.progress;
	own.on_error = on_error;
	own.tick = on_tick;
	own.context = &job;
	r = save_run(session->repository, session->lock, &own, &snapshot, err);
	if (r < 0)
		return r;
	return finish(common, &job.display, &snapshot);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	cleanup_str_list struct str_list paths = {0}, absolute = {0}, tags = {0};
	cleanup_filter struct filter excludes = {0};
	struct repository_options repository_options = {.dry_run = arg_dry_run};
	char hostname[256] = "localhost";
	struct save_options save_options = {
		.paths = &paths,
		.excludes = &excludes,
		.exclude_texts = &excludes.patterns,
		.tags = &tags,
		.hostname = arg_host ? arg_host : hostname,
		.program_version = "nexus-backup " NEXUS_VERSION,
		.one_file_system = arg_one_file_system,
		.dry_run = arg_dry_run,
		.stop = common->stop,
	};
	struct err err = ERR_INIT;
	int r = read_compression(&repository_options, &err), code;

	if (r >= 0)
		r = read_excludes(&excludes, &err);
	if (r >= 0)
		r = read_tags(&tags, &err);
	if (r >= 0)
		r = read_paths(argc, argv, &paths, &absolute, &err);
	if (r < 0)
		return common_fail(common, &err);
	(void)gethostname(hostname, sizeof(hostname) - 1);
	code = common_open(common, &repository_options, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	r = save(common, &session, &save_options, &absolute, &err);
	return r < 0 ? common_fail(common, &err) : r;
}

const struct verb verb_backup = {
	.name = "backup",
	.arguments = N_("PATH..."),
	.summary = N_("save folders and files as a new snapshot"),
	.details = N_("Stores what is new or changed since the last snapshot of the same paths, "
		      "and then the\nsnapshot itself. When it is interrupted, what was stored "
		      "stays and is not stored again.\nWhat can't be read is told and left out; "
		      "the exit status is then 3.\n\n"
		      "Patterns are matched against whole paths: '*.tmp' leaves out files of that "
		      "kind anywhere,\n'/home/*/cache' such folders, '**' stands for any number of "
		      "folders, '!' takes back.\n\n"
		      "Example: nexus-backup -r /data/backup/repo backup /etc /home --exclude "
		      "'*.tmp'"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
