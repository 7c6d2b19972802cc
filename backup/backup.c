#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/cut/cutter.h"
#include "archive/save.h"
#include "archive/select.h"
#include "archive/target.h"
#include "archive/upkeep/group.h"
#include "backup/common/common.h"
#include "backup/parent.h"
#include "backup/sources.h"
#include "backup/verbs.h"
#include "base/i18n.h"
#include "base/parse.h"

#define CHECKPOINT_US (5 * 60 * 1000000ull)
#define CHECKPOINT_MAX_US (7 * 24 * 3600 * 1000000ull)

static struct str_list arg_excludes, arg_iexcludes, arg_exclude_files, arg_iexclude_files,
	arg_exclude_if_present, arg_files_from, arg_files_from_verbatim, arg_files_from_raw,
	arg_tags;
static const char *arg_larger_than, *arg_host, *arg_time, *arg_parent, *arg_stdin_filename,
	*arg_compression, *arg_page_chunks, *arg_checkpoint;
static const char *arg_group_by = "host,paths";
static bool arg_exclude_caches, arg_one_file_system, arg_force, arg_ignore_inode, arg_ignore_ctime,
	arg_with_atime, arg_skip_if_unchanged, arg_stdin, arg_no_scan, arg_dry_run;

static const struct verb_option options[] = {
	{.long_name = "exclude",
		.short_name = 'e',
		.argument = N_("PATTERN"),
		.help = N_("leave out what matches (may be given again)"),
		.list = &arg_excludes},
	{.long_name = "iexclude",
		.argument = N_("PATTERN"),
		.help = N_("the same, great and small letters alike"),
		.list = &arg_iexcludes},
	{.long_name = "exclude-file",
		.argument = N_("FILE"),
		.help = N_("the same as --exclude, a pattern a line"),
		.list = &arg_exclude_files},
	{.long_name = "iexclude-file",
		.argument = N_("FILE"),
		.help = N_("the same as --iexclude, a pattern a line"),
		.list = &arg_iexclude_files},
	{.long_name = "exclude-caches",
		.help = N_("leave out what is in folders marked with a CACHEDIR.TAG"),
		.flag = &arg_exclude_caches},
	{.long_name = "exclude-if-present",
		.argument = N_("NAME[:HEADER]"),
		.help = N_(
			"leave out what is in folders that have a file NAME (may be given again)"),
		.list = &arg_exclude_if_present},
	{.long_name = "exclude-larger-than",
		.argument = N_("SIZE"),
		.help = N_("leave out files larger than this (suffixes K, M, G, T)"),
		.text = &arg_larger_than},
	{.long_name = "files-from",
		.argument = N_("FILE"),
		.help = N_("back up what FILE lists, a pattern a line (may be given again)"),
		.list = &arg_files_from},
	{.long_name = "files-from-verbatim",
		.argument = N_("FILE"),
		.help = N_("the same, a path a line"),
		.list = &arg_files_from_verbatim},
	{.long_name = "files-from-raw",
		.argument = N_("FILE"),
		.help = N_("the same, each path ending with a NUL"),
		.list = &arg_files_from_raw},
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
		.help = N_("name of the host, instead of this one's (or RESTIC_HOST)"),
		.text = &arg_host},
	{.long_name = "time",
		.argument = N_("TIME"),
		.help = N_("time of the snapshot, as '2026-11-22 08:41:00' (default: now)"),
		.text = &arg_time},
	{.long_name = "parent",
		.argument = N_("SNAPSHOT"),
		.help = N_("compare with this snapshot, not the last one of its group"),
		.text = &arg_parent},
	{.long_name = "group-by",
		.short_name = 'g',
		.argument = N_("WORDS"),
		.help = N_("what makes that group: host, paths, tags (default: host,paths)"),
		.text = &arg_group_by},
	{.long_name = "force",
		.short_name = 'f',
		.help = N_("read every file again"),
		.flag = &arg_force},
	{.long_name = "ignore-inode",
		.help = N_("inode and change time do not make a file changed"),
		.flag = &arg_ignore_inode},
	{.long_name = "ignore-ctime",
		.help = N_("the change time does not make a file changed"),
		.flag = &arg_ignore_ctime},
	{.long_name = "with-atime",
		.help = N_("store the times of the last access too"),
		.flag = &arg_with_atime},
	{.long_name = "skip-if-unchanged",
		.help = N_("make no snapshot if nothing changed"),
		.flag = &arg_skip_if_unchanged},
	{.long_name = "checkpoint",
		.argument = N_("DURATION"),
		.help = N_("how often to note what is stored, for going on after an interruption; "
			   "0: never (default: 5min)"),
		.text = &arg_checkpoint},
	{.long_name = "stdin",
		.help = N_("save what comes from the standard input, as a file"),
		.flag = &arg_stdin},
	{.long_name = "stdin-filename",
		.argument = N_("PATH"),
		.help = N_("name of that file (default: stdin)"),
		.text = &arg_stdin_filename},
	{.long_name = "no-scan",
		.help = N_("do not count first; there is no estimate then"),
		.flag = &arg_no_scan},
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("store nothing, only tell what would be stored"),
		.flag = &arg_dry_run},
	{.long_name = "compression",
		.argument = N_("MODE"),
		.help = N_("auto (default), off, fastest, better or max (or RESTIC_COMPRESSION)"),
		.text = &arg_compression},
	{.long_name = "page-chunks",
		.argument = N_("MODE"),
		.help = N_("how to cut databases and disk images: auto (default), off, or a size, "
			   "16K to 1M (or NEXUS_PAGE_CHUNKS)"),
		.text = &arg_page_chunks},
	{0},
};

/* What is being done, for the callbacks. */
struct backing_up {
	const struct common *common;
	struct common_display display;
	unsigned missing; /* named, but not there */
	struct save_resumed resumed;
};

static void on_error(void *context, const char *path, const struct err *err)
{
	struct backing_up *job = context;

	common_tell(job->common, path, err);
}

/* What harms nothing but costs time. */
static void on_note(void *context, const struct err *err)
{
	struct backing_up *job = context;
	struct json *json;

	if (job->common->json) {
		json = json_object_new();
		json_set_text(json, "message_type", "note");
		json_set_text(json, "text", err->text);
		common_print_json(json);
		return;
	}
	common_display_clear(&job->display);
	fprintf(stderr, _("nexus-backup: note: %s; the backup goes on without it.\n"), err->text);
}

static void on_tick(void *context)
{
	struct backing_up *job = context;

	common_display_tick(&job->display);
}

static int read_compression(struct repository_options *ret, struct err *err)
{
	static const struct {
		const char *mode;
		int level; /* zstd's; 0: the default */
	} modes[] = {{"auto", 0}, {"off", 0}, {"fastest", 1}, {"better", 6}, {"max", 12}};
	const char *mode = arg_compression ? arg_compression : getenv("RESTIC_COMPRESSION");

	if (!mode || !*mode)
		return 0;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(mode, modes[i].mode) != 0)
			continue;
		ret->level = modes[i].level;
		ret->no_compression = strcmp(mode, "off") == 0;
		return 0;
	}
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --compression %s: auto, off, fastest, better or max", mode);
}

static int read_page_chunks(struct cutter_options *ret, struct err *err)
{
	const char *mode = arg_page_chunks ? arg_page_chunks : getenv("NEXUS_PAGE_CHUNKS");

	if (!mode || !*mode)
		return 0;
	return cutter_options_parse(mode, ret, err) < 0 ? err_wrap(err, "read --page-chunks") : 0;
}

static int read_checkpoint(
	const struct common *common, char **ret_folder, uint64_t *ret_us, struct err *err)
{
	const char *given = arg_checkpoint ? arg_checkpoint : getenv("NEXUS_BACKUP_CHECKPOINT");
	int r;

	*ret_us = CHECKPOINT_US;
	if (given && *given) {
		r = parse_duration(given, 0, CHECKPOINT_MAX_US, ret_us, err);
		if (r < 0)
			return err_wrap(err, "read --checkpoint");
	}
	return place_cache_folder(&common->place, ret_folder, err);
}

static int read_excludes(struct filter *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < arg_excludes.count; i++)
		r = filter_add(ret, arg_excludes.items[i], err);
	for (size_t i = 0; r >= 0 && i < arg_iexcludes.count; i++)
		r = filter_add_folded(ret, arg_iexcludes.items[i], err);
	for (size_t i = 0; r >= 0 && i < arg_exclude_files.count; i++)
		r = filter_add_file(ret, arg_exclude_files.items[i], false, err);
	for (size_t i = 0; r >= 0 && i < arg_iexclude_files.count; i++)
		r = filter_add_file(ret, arg_iexclude_files.items[i], true, err);
	return r;
}

static int read_reject(struct reject *ret, struct err *err)
{
	int r = arg_exclude_caches ? reject_add_tag(ret, REJECT_CACHES, err) : 0;

	for (size_t i = 0; r >= 0 && i < arg_exclude_if_present.count; i++)
		r = reject_add_tag(ret, arg_exclude_if_present.items[i], err);
	if (r >= 0 && arg_larger_than) {
		r = parse_size(arg_larger_than, 1, INT64_MAX, &ret->larger_than, err);
		if (r < 0)
			return err_wrap(err, "read --exclude-larger-than");
	}
	return r;
}

/* "2026-11-22 08:41:00" of here, or as RFC 3339. */
static int read_time(struct node_time *ret, struct err *err)
{
	struct tm tm = {.tm_isdst = -1};
	const char *end;

	if (!arg_time || strcmp(arg_time, "now") == 0)
		return 0;
	end = strptime(arg_time, "%Y-%m-%d %H:%M:%S", &tm);
	if (end && !*end) {
		ret->seconds = mktime(&tm);
		return 0;
	}
	if (clock_rfc3339_parse(arg_time, &ret->seconds, &ret->nanoseconds, NULL, err) >= 0)
		return 0;
	return err_set(err, ERR_CONFIG, EINVAL, "read --time %s: as 2026-11-22 08:41:00", arg_time);
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

static int read_paths(const struct common *common, int argc, char **argv, struct str_list *ret,
	unsigned *ret_missing, struct err *err)
{
	const struct sources_files files = {
		&arg_files_from, &arg_files_from_verbatim, &arg_files_from_raw};

	if (!arg_stdin)
		return sources_read(common, argc, argv, &files, ret, ret_missing, err);
	if (argc || arg_files_from.count || arg_files_from_verbatim.count ||
		arg_files_from_raw.count)
		return err_set(err, ERR_CONFIG, EINVAL,
			"back up: --stdin goes with no path and no --files-from");
	return 0;
}

/* The name under which the standard input is stored: absolute and clean. */
static int read_stream_name(char **ret, struct err *err)
{
	const char *name = arg_stdin_filename ? arg_stdin_filename : "stdin";

	if (!arg_stdin) {
		if (arg_stdin_filename)
			return err_set(err, ERR_CONFIG, EINVAL,
				"back up: --stdin-filename goes with --stdin");
		return 0;
	}
	*ret = target_clean_path(name, "/");
	if (!*ret)
		return err_oom(err);
	if (strcmp(*ret, "/") == 0 || strlen(*ret) >= PATH_MAX)
		return err_set(
			err, ERR_CONFIG, EINVAL, "read --stdin-filename %s: no file name", name);
	return 0;
}

static int find_parent(const struct select_list *list, const struct save_options *save_options,
	const struct snapshot **ret, struct err *err)
{
	cleanup_free char *folder = NULL;
	unsigned by;
	int r = group_by_parse(arg_group_by, &by, err);

	*ret = NULL;
	if (r < 0 || arg_force || arg_stdin)
		return r;
	if (arg_parent)
		return select_find(list, arg_parent, NULL, ret, &folder, err);
	return parent_find(list, save_options, by, ret, err);
}

static void print_time(struct json *json, const char *key, const struct node_time *time)
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339_format(time->seconds, time->nanoseconds, text);
	json_set_text(json, key, text);
}

static void print_summary_json(const struct backing_up *job, const struct snapshot *snapshot,
	const struct progress_view *view)
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
		{"files_resumed", job->resumed.files},
		{"bytes_resumed", job->resumed.bytes},
		{"total_duration", view->elapsed_s},
		{"error_count", view->errors},
	};
	char id[ID_TEXT_SIZE];

	json_set_text(json, "message_type", "summary");
	if (arg_dry_run)
		json_set_bool(json, "dry_run", true);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_set_integer(json, numbers[i].key, (int64_t)numbers[i].value);
	print_time(json, "backup_start", &s->backup_start);
	print_time(json, "backup_end", &s->backup_end);
	if (!id_is_zero(&snapshot->id)) {
		id_format(&snapshot->id, id);
		json_set_text(json, "snapshot_id", id);
	}
	common_print_json(json);
}

static void print_summary(const struct backing_up *job, const struct snapshot *snapshot,
	const struct progress_view *view)
{
	const struct snapshot_summary *s = &snapshot->summary;
	char added[32], packed[32], total[32], resumed[32], time[32], id[ID_TEXT_SIZE];

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
	if (job->resumed.files || job->resumed.bytes) {
		common_format_bytes(job->resumed.bytes, resumed);
		printf(_("Resumed: %llu files, %s of an interrupted run were not read again\n"),
			(unsigned long long)job->resumed.files, resumed);
	}
	printf(_("Added:   %s (%s stored)\n"), added, packed);
	printf(_("Done:    %llu files, %s in %s\n"), (unsigned long long)s->total_files_processed,
		total, time);
	if (!id_is_zero(&snapshot->id))
		printf(_("Snapshot %.8s is saved.\n"), id);
	else if (arg_dry_run)
		printf(_("Nothing was stored.\n"));
	else
		printf(_("Nothing changed: no snapshot was made.\n"));
}

static int finish(struct backing_up *job, const struct snapshot *snapshot)
{
	const struct common *common = job->common;
	struct common_display *display = &job->display;
	struct progress_view view;

	common_display_end(display);
	progress_look(&display->progress, &clock_system, &view);
	view.errors += job->missing;
	if (common->json)
		print_summary_json(job, snapshot, &view);
	else if (!common->quiet)
		print_summary(job, snapshot, &view);
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

static int save(struct common_session *session, struct backing_up *job,
	struct save_options *save_options, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	int r;

	common_display_start(&job->display, job->common);
	r = load(session, &list, err);
	if (r >= 0)
		r = find_parent(&list, save_options, &save_options->parent, err);
	if (r < 0)
		return r;
	save_options->count_first =
		!arg_no_scan && !arg_stdin && (job->common->json || job->display.terminal);
	save_options->progress = &job->display.progress;
	save_options->on_error = on_error;
	save_options->on_note = on_note;
	save_options->resumed = &job->resumed;
	save_options->tick = on_tick;
	save_options->context = job;
	r = save_run(session->repository, session->lock, save_options, &snapshot, err);
	return r < 0 ? r : finish(job, &snapshot);
}

/* What the options name; owned. */
struct request {
	struct str_list paths, tags;
	struct filter excludes;
	struct reject reject;
	char *stream_path, *checkpoint_folder;
	char hostname[256];
};

static void cleanup_request_fn(struct request *request)
{
	str_list_done(&request->paths);
	str_list_done(&request->tags);
	filter_done(&request->excludes);
	reject_done(&request->reject);
	free(request->stream_path);
	free(request->checkpoint_folder);
}
#define cleanup_request __attribute__((cleanup(cleanup_request_fn)))

static int read_request(int argc, char **argv, struct backing_up *job, struct request *ret,
	struct save_options *ret_options, struct err *err)
{
	const char *host = arg_host ? arg_host : getenv("RESTIC_HOST");
	int r = read_excludes(&ret->excludes, err);

	if (r >= 0)
		r = read_reject(&ret->reject, err);
	if (r >= 0)
		r = read_tags(&ret->tags, err);
	if (r >= 0)
		r = read_stream_name(&ret->stream_path, err);
	if (r >= 0)
		r = read_time(&ret_options->time, err);
	if (r >= 0)
		r = read_page_chunks(&ret_options->cuts, err);
	if (r >= 0)
		r = read_checkpoint(
			job->common, &ret->checkpoint_folder, &ret_options->checkpoint_us, err);
	if (r >= 0)
		r = read_paths(job->common, argc, argv, &ret->paths, &job->missing, err);
	if (r < 0)
		return r;
	snprintf(ret->hostname, sizeof(ret->hostname), "localhost");
	if (host && *host)
		snprintf(ret->hostname, sizeof(ret->hostname), "%s", host);
	else
		(void)gethostname(ret->hostname, sizeof(ret->hostname) - 1);
	ret_options->checkpoint_folder = ret->checkpoint_folder;
	ret_options->ignore_checkpoint = arg_force;
	ret_options->stream_path = ret->stream_path;
	ret_options->stream_fd = STDIN_FILENO;
	return 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	cleanup_request struct request request = {0};
	struct backing_up job = {.common = common};
	struct repository_options repository_options = {.dry_run = arg_dry_run};
	struct save_options save_options = {
		.paths = &request.paths,
		.excludes = &request.excludes,
		.reject = &request.reject,
		.exclude_texts = &arg_excludes,
		.tags = &request.tags,
		.hostname = request.hostname,
		.program_version = "nexus-backup " NEXUS_VERSION,
		.one_file_system = arg_one_file_system,
		.with_atime = arg_with_atime,
		.ignore_inode = arg_ignore_inode,
		.ignore_ctime = arg_ignore_ctime,
		.skip_if_unchanged = arg_skip_if_unchanged,
		.dry_run = arg_dry_run,
		.stop = common->stop,
	};
	struct err err = ERR_INIT;
	int r = read_compression(&repository_options, &err), code;

	if (r >= 0)
		r = read_request(argc, argv, &job, &request, &save_options, &err);
	if (r < 0)
		return common_fail(common, &err);
	code = common_open(common, &repository_options, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	r = save(&session, &job, &save_options, &err);
	return r < 0 ? common_fail(common, &err) : r;
}

const struct verb verb_backup = {
	.name = "backup",
	.arguments = N_("[PATH...]"),
	.summary = N_("save folders and files as a new snapshot"),
	.details =
		N_("Stores what is new or changed since the last snapshot of the same paths, "
		   "and then the\nsnapshot itself. When it is interrupted, the next one goes on at "
		   "its last checkpoint, also\nwithin a file; with --no-cache there are none. What "
		   "can't be read is told and left out; the\nexit status is then 3.\n\n"
		   "Patterns are matched against whole paths: '*.tmp' leaves out files of that "
		   "kind anywhere,\n'/home/*/cache' such folders, '**' stands for any number of "
		   "folders, '!' takes back.\n\n"
		   "Example: nexus-backup -r /data/backup/repo backup /etc /home --exclude "
		   "'*.tmp'"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
