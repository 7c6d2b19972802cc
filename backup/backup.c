#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "archive/save.h"
#include "archive/select.h"
#include "backup/backup_options.h"
#include "backup/common/common.h"
#include "backup/parent.h"
#include "backup/verbs.h"
#include "base/i18n.h"
#include "base/proc.h"

/* What is being done, for the callbacks. */
struct backing_up {
	const struct common *common;
	struct common_display display;
	const struct backup_request *request;
	struct proc_child command; /* owned; where the stream comes from, if it does */
	struct save_resumed resumed;
};

static void on_error(void *context, const char *path, const struct err *err)
{
	struct backing_up *job = context;

	common_display_pause(&job->display);
	common_tell(job->common, path, err);
	common_display_resume(&job->display);
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
	common_display_pause(&job->display);
	fprintf(stderr, _("nexus-backup: note: %s; the backup goes on without it.\n"), err->text);
	common_display_resume(&job->display);
}

/* The whole of it came; but a command that fails has not said all. */
static int on_stream_end(void *context, struct err *err)
{
	struct backing_up *job = context;
	int r = proc_end(&job->command, job->common->stop, err);

	if (r >= 0 || r == -ECANCELED)
		return r;
	/* Who interrupts us at a terminal interrupts it too. */
	if (*job->common->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "back up: interrupted");
	return err_wrap(err, "back up: no snapshot was made");
}

static int find_parent(const struct select_list *list, const struct backup_request *request,
	const struct snapshot **ret, struct err *err)
{
	cleanup_free char *folder = NULL;

	*ret = NULL;
	if (request->without_parent)
		return 0;
	if (request->parent)
		return select_find(list, request->parent, NULL, ret, &folder, err);
	return parent_find(list, &request->save, request->group_by, ret, err);
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
	if (job->request->save.dry_run)
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
	else if (job->request->save.dry_run)
		printf(_("Nothing was stored.\n"));
	else
		printf(_("Nothing changed: no snapshot was made.\n"));
}

static int finish(struct backing_up *job, const struct snapshot *snapshot)
{
	const struct common *common = job->common;
	struct progress_view view;

	progress_look(&job->display.progress, &clock_system, &view);
	view.errors += job->request->missing;
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
	struct backup_request *request, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	struct save_options *options = &request->save;
	int r;

	progress_enter(&job->display.progress, PROGRESS_INDEX);
	r = load(session, &list, err);
	progress_enter(&job->display.progress, PROGRESS_WORKING);
	if (r >= 0)
		r = find_parent(&list, request, &options->parent, err);
	if (r < 0)
		return r;
	common_display_watch(&job->display, session->repository);
	options->count_first = options->count_first && (job->common->json || job->display.terminal);
	options->stop = job->common->stop;
	options->progress = &job->display.progress;
	options->on_error = on_error;
	options->on_note = on_note;
	options->resumed = &job->resumed;
	options->context = job;
	r = save_run(session->repository, session->lock, options, &snapshot, err);
	common_display_end(&job->display);
	return r < 0 ? r : finish(job, &snapshot);
}

/* The command is started when the repository is open, and decides whether there is a snapshot. */
static int save_command(struct common_session *session, struct backing_up *job,
	struct backup_request *request, struct err *err)
{
	struct err failed = ERR_INIT;
	int r = proc_open(request->command, &job->command, err);

	if (r < 0)
		return err_wrap(err, "back up");
	request->save.stream_fd = job->command.out;
	request->save.on_stream_end = on_stream_end;
	r = save(session, job, request, err);
	/* Why it failed says more than that nothing came. */
	if (r == -ENODATA && job->command.pid > 0 && on_stream_end(job, &failed) < 0)
		*err = failed;
	proc_child_done(&job->command);
	return r;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	cleanup_backup_request struct backup_request request = {0};
	struct backing_up job = {.common = common, .request = &request, .command = PROC_CHILD_INIT};
	struct repository_options repository_options = {0};
	struct err err = ERR_INIT;
	int r = backup_options_read(common, argc, argv, &request, &err), code;

	if (r < 0)
		return common_fail(common, &err);
	repository_options.dry_run = request.save.dry_run;
	code = common_open(common, &repository_options, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	common_display_start(&job.display, common);
	if (request.command)
		r = save_command(&session, &job, &request, &err);
	else
		r = save(&session, &job, &request, &err);
	common_display_end(&job.display);
	if ((r == -EINTR || r == -ECANCELED) && *common->stop)
		err_set(&err, ERR_SYSTEM, ECANCELED, "back up: interrupted");
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
	.options = backup_options,
	.max_arguments = -1,
	.run = run,
};
