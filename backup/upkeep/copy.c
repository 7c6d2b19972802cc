#include "archive/upkeep/copy.h"

#include <stdio.h>

#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/common/from.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"
#include "store/local.h"

static struct from_arguments arg_from = FROM_ARGUMENTS_INIT;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	FROM_OPTIONS(arg_from),
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct copying {
	const struct common *common;
	struct common_display display;
	size_t copied, there;
};

static void on_copied(void *context, const struct snapshot *snapshot, const struct id *id)
{
	struct copying *job = context;
	char old_name[ID_TEXT_SIZE], name[ID_TEXT_SIZE];

	if (!id) {
		job->there++;
		return;
	}
	job->copied++;
	id_format(&snapshot->id, old_name);
	id_format(id, name);
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "copied");
		json_set_text(json, "source_snapshot_id", old_name);
		json_set_text(json, "snapshot_id", name);
		common_print_json(json);
	} else if (!job->common->quiet) {
		common_display_pause(&job->display);
		printf(_("Snapshot %.8s is copied as %.8s.\n"), old_name, name);
		common_display_resume(&job->display);
	}
}

static int copy(struct copying *job, struct common_session *from, struct common_session *to,
	int argc, char **argv, struct err *err)
{
	cleanup_select struct select_list list = {0}, there = {0};
	cleanup_choose struct choose chosen = {0};
	const struct copy_options copy_options = {
		.from_lock = from->lock,
		.to_lock = to->lock,
		.there = &there,
		.anew = common_compression(job->common),
		.progress = &job->display.progress,
		.stop = job->common->stop,
		.on_copied = on_copied,
		.context = job,
	};
	int r = store_tidy(repository_store(to->repository), err);

	if (r >= 0)
		r = select_load(from->repository, &list, err);

	if (r >= 0)
		r = select_load(to->repository, &there, err);
	if (r >= 0)
		r = choose_snapshots(&list, &arg_choose, argc, argv, &chosen, err);
	if (r >= 0)
		r = copy_run(from->repository, to->repository, chosen.items, chosen.count,
			&copy_options, err);
	if (r >= 0 && list.damaged) {
		*err = list.err;
		r = err_wrap(err, "copy: all but damaged snapshots are copied");
	}
	return r;
}

static void finish(struct copying *job)
{
	struct progress_view view;

	progress_look(&job->display.progress, &clock_system, &view);
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "snapshots_copied", (int64_t)job->copied);
		json_set_integer(json, "snapshots_there", (int64_t)job->there);
		json_set_integer(json, "blobs_copied", (int64_t)view.files_done);
		json_set_integer(json, "bytes_copied", (int64_t)view.bytes_done);
		common_print_json(json);
	} else if (!job->common->quiet) {
		char size[32];

		common_format_bytes(view.bytes_done, size);
		printf(P_("%zu snapshot copied", "%zu snapshots copied", job->copied), job->copied);
		printf(P_(", %zu was there already; %s.\n", ", %zu were there already; %s.\n",
			       job->there),
			job->there, size);
	}
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session from = {0}, to = {0};
	struct copying job = {.common = common};
	struct common other;
	struct err err = ERR_INIT;
	int r, code;

	if (from_common(common, &arg_from, &other, &err) < 0)
		return common_fail(common, &err);
	code = common_open(&other, NULL, COMMON_LOCK_SHARED, &from);
	if (!code)
		code = common_open_to_change(common, COMMON_LOCK_SHARED, false, &to);
	if (code)
		return code;
	common_display_start(&job.display, common);
	common_display_watch(&job.display, to.repository);
	r = copy(&job, &from, &to, argc, argv, &err);
	common_display_end(&job.display);
	if (r >= 0)
		finish(&job);
	return r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
}

const struct verb verb_copy = {
	.name = "copy",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("copy snapshots from another repository into this one"),
	.details = N_("Copies all snapshots, or those that are chosen, with what they need and is "
		      "not here yet.\nWhat was copied before is not copied again. Files are only "
		      "stored once for both when this\nrepository was made with 'init "
		      "--copy-chunker-params'.\n\n"
		      "Example: nexus-backup -r /mnt/second copy --from-repo /data/backup/repo"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
