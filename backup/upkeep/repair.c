#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "archive/repair/mend.h"
#include "archive/repair/rebuild.h"
#include "archive/repair/salvage.h"
#include "archive/upkeep/replace.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/file.h"
#include "base/i18n.h"

#define TAG "repaired"
#define PIECE (1u << 20)

static bool arg_read_all_packs, arg_dry_run, arg_forget;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "read-all-packs",
		.help = N_("index: read the lists of all packs, not only of unknown ones"),
		.flag = &arg_read_all_packs},
	{.long_name = "forget",
		.help = N_("snapshots: remove the damaged ones when mended ones are saved"),
		.flag = &arg_forget},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("change nothing, only tell what would be done"),
		.flag = &arg_dry_run},
	{0},
};

struct repairing {
	const struct common *common;
	struct common_session session;
	struct common_display display;
	size_t lost; /* blobs */
};

/* --- index --- */

static void on_pack_error(void *context, const char *pack, const struct err *err)
{
	struct repairing *job = context;

	common_display_pause(&job->display);
	common_tell(job->common, pack, err);
	common_display_resume(&job->display);
}

static void tell_index(const struct repairing *job, const struct rebuild_result *result)
{
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_bool(json, "dry_run", arg_dry_run);
		json_set_integer(json, "packs_read", (int64_t)result->read);
		json_set_integer(json, "packs_unreadable", (int64_t)result->unreadable);
		json_set_integer(json, "packs_missing", (int64_t)result->dropped);
		json_set_integer(json, "damaged_index_files", result->damaged_files);
		common_print_json(json);
		return;
	}
	if (job->common->quiet)
		return;
	printf(P_("%zu pack was read and entered.\n", "%zu packs were read and entered.\n",
		       result->read),
		result->read);
	printf(P_("%zu missing pack was taken out.\n", "%zu missing packs were taken out.\n",
		       result->dropped),
		result->dropped);
	if (result->damaged_files)
		printf(P_("%u damaged file of the index was replaced.\n",
			       "%u damaged files of the index were replaced.\n",
			       result->damaged_files),
			result->damaged_files);
	if (result->unreadable)
		printf(P_("%zu pack can't be read and stays out.\n",
			       "%zu packs can't be read and stay out.\n", result->unreadable),
			result->unreadable);
	if (arg_dry_run)
		printf(_("Nothing was changed.\n"));
}

static int repair_index(struct repairing *job, struct err *err)
{
	const struct rebuild_options rebuild_options = {
		.read_all_packs = arg_read_all_packs,
		.dry_run = arg_dry_run,
		.lock = job->session.lock,
		.progress = &job->display.progress,
		.stop = job->common->stop,
		.on_error = on_pack_error,
		.context = job,
	};
	struct rebuild_result result;
	int r = rebuild_run(job->session.repository, &rebuild_options, &result, err);

	common_display_end(&job->display);
	if (r >= 0)
		tell_index(job, &result);
	return r;
}

/* --- packs --- */

static void on_lost_blob(void *context, const struct id *blob, const struct err *err)
{
	struct repairing *job = context;
	char name[ID_TEXT_SIZE];

	job->lost++;
	id_format(blob, name);
	common_display_pause(&job->display);
	common_tell(job->common, name, err);
	common_display_resume(&job->display);
}

/* A copy of the pack as it is, into the current folder: somebody may read more of it one day. */
static int keep_copy(struct repository *repository, const char *name, struct err *err)
{
	cleanup_free uint8_t *data = malloc(PIECE);
	cleanup_free char *path = str_printf("pack-%s", name);
	cleanup_close int fd = -1;
	uint64_t size = 0;
	int r = store_size(repository_store(repository), STORE_PACK, name, &size, err);

	if (r == -ENOENT)
		return 0; /* it is gone as a whole */
	if (!data || !path)
		return err_oom(err);
	if (r >= 0)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r >= 0 && fd < 0)
		return err_errno(err, errno, "save a copy of the damaged pack as %s", path);
	for (uint64_t at = 0; r >= 0 && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? (size_t)(size - at) : PIECE;

		r = store_read(repository_store(repository), STORE_PACK, name, at, data, n, err);
		if (r >= 0)
			r = file_write_full(fd, data, n, path, err);
	}
	if (r >= 0 && fsync(fd) < 0)
		return err_errno(err, errno, "save a copy of the damaged pack as %s", path);
	return r;
}

static int repair_packs(struct repairing *job, int argc, char **argv, struct err *err)
{
	cleanup_buf struct buf ids = BUF_INIT(64u << 20);
	const struct salvage_options salvage_options = {
		.lock = job->session.lock,
		.progress = &job->display.progress,
		.stop = job->common->stop,
		.on_lost = on_lost_blob,
		.context = job,
	};
	struct id id;
	int r = 0;

	if (!argc)
		return err_set(err, ERR_CONFIG, EINVAL, "repair packs: say which, by their ids");
	for (int i = 0; r >= 0 && i < argc; i++) {
		if (!id_parse(argv[i], &id))
			return err_set(err, ERR_CONFIG, EINVAL,
				"repair pack %s: that is not a whole id", argv[i]);
		r = buf_add(&ids, &id, sizeof(id), err);
		if (r >= 0)
			r = keep_copy(job->session.repository, argv[i], err);
	}
	if (r >= 0)
		r = salvage_run(job->session.repository, (const struct id *)(const void *)ids.data,
			(size_t)argc, &salvage_options, err);
	common_display_end(&job->display);
	if (r < 0)
		return r;
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "packs_repaired", argc);
		json_set_integer(json, "blobs_lost", (int64_t)job->lost);
		common_print_json(json);
	} else if (!job->common->quiet) {
		printf(P_("%zu blob is lost. Copies of the damaged packs are in this folder.\n",
			       "%zu blobs are lost. Copies of the damaged packs are in this "
			       "folder.\n",
			       job->lost),
			job->lost);
	}
	return 0;
}

/* --- snapshots --- */

static void on_lost_path(void *context, const char *path, const char *how)
{
	struct repairing *job = context;
	cleanup_free char *clean = strdup(path);

	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "change");
		json_set_text(json, "path", path);
		json_set_text(json, "change", how);
		common_print_json(json);
	} else if (clean && !job->common->quiet) {
		str_sanitize(clean);
		common_display_pause(&job->display);
		printf("  %s: %s\n", clean, _(how));
		common_display_resume(&job->display);
	}
}

static void tell_snapshot(
	struct repairing *job, const struct snapshot *snapshot, const struct id *new_id)
{
	char old_name[ID_TEXT_SIZE], name[ID_TEXT_SIZE];

	id_format(&snapshot->id, old_name);
	if (new_id)
		id_format(new_id, name);
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", new_id ? "changed" : "removed");
		json_set_text(json, "old_snapshot_id", old_name);
		json_set_text(json, "new_snapshot_id", new_id ? name : NULL);
		common_print_json(json);
	} else if (!job->common->quiet) {
		common_display_pause(&job->display);
		if (new_id)
			printf(_("Snapshot %.8s is mended as %.8s.\n"), old_name, name);
		else
			printf(_("Of snapshot %.8s nothing is left; it was removed.\n"), old_name);
		common_display_resume(&job->display);
	}
}

static int save_mended(struct repairing *job, const struct select_list *list,
	const struct snapshot *snapshot, const struct id *tree, struct err *err)
{
	cleanup_snapshot struct snapshot changed = {0};
	struct repository *repository = job->session.repository;
	struct id id;
	int r = repository_flush(repository, repository_codec(repository), err);

	if (r >= 0)
		r = replace_copy(snapshot, &changed, err);
	if (r >= 0 && !arg_forget && !str_list_has(&changed.tags, TAG))
		r = str_list_add(&changed.tags, TAG, err);
	changed.tree = *tree;
	if (r >= 0)
		r = replace_snapshot(repository, list, snapshot, &changed, !arg_forget, &id, err);
	if (r >= 0)
		tell_snapshot(job, snapshot, &id);
	return r;
}

static int mend_one(struct repairing *job, struct mend *mend, const struct select_list *list,
	const struct snapshot *snapshot, struct err *err)
{
	char name[ID_TEXT_SIZE];
	struct id tree;
	int r = job->session.lock ? lock_refresh(job->session.lock, err) : 0;

	if (r >= 0)
		r = mend_tree(mend, &snapshot->tree, &tree, err);
	if (r < 0)
		return r;
	if (r)
		return save_mended(job, list, snapshot, &tree, err);
	id_format(&snapshot->id, name);
	r = store_remove(repository_store(job->session.repository), STORE_SNAPSHOT, name, err);
	if (r >= 0)
		tell_snapshot(job, snapshot, NULL);
	return r;
}

static int look(struct repairing *job, struct mend *mend, struct choose *chosen, size_t *damaged,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < chosen->count; i++) {
		char name[ID_TEXT_SIZE];

		r = job->session.lock ? lock_refresh(job->session.lock, err) : 0;
		if (r >= 0)
			r = mend_look(mend, &chosen->items[i]->tree, err);
		if (r <= 0)
			continue;
		id_format(&chosen->items[i]->id, name);
		if (!job->common->json && !job->common->quiet) {
			common_display_pause(&job->display);
			printf(_("Snapshot %.8s is damaged.\n"), name);
			common_display_resume(&job->display);
		}
		chosen->items[(*damaged)++] = chosen->items[i];
	}
	return r;
}

static int repair_snapshots(struct repairing *job, int argc, char **argv, struct err *err)
{
	struct repository *repository = job->session.repository;
	cleanup_select struct select_list list = {0};
	cleanup_choose struct choose chosen = {0};
	cleanup_mend struct mend mend = {0};
	size_t damaged = 0;
	int r = select_load(repository, &list, err);

	if (r >= 0)
		r = choose_snapshots(&list, &arg_choose, argc, argv, &chosen, err);
	if (r >= 0)
		r = repository_load_index(repository, NULL, err);
	if (r >= 0)
		r = mend_init(&mend, repository, err);
	mend.stop = job->common->stop;
	mend.on_lost = on_lost_path;
	mend.context = job;
	if (r >= 0)
		r = look(job, &mend, &chosen, &damaged, err);
	for (size_t i = 0; r >= 0 && i < damaged && !arg_dry_run; i++)
		r = mend_one(job, &mend, &list, chosen.items[i], err);
	common_display_end(&job->display);
	if (r < 0)
		return r;
	if (job->common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_bool(json, "dry_run", arg_dry_run);
		json_set_integer(json, "damaged_snapshots", (int64_t)damaged);
		common_print_json(json);
	} else if (!job->common->quiet) {
		printf(P_("%zu snapshot was damaged.\n", "%zu snapshots were damaged.\n", damaged),
			damaged);
		if (arg_dry_run)
			printf(_("Nothing was changed.\n"));
	}
	if (!list.damaged)
		return 0;
	*err = list.err;
	return err_wrap(err, "repair snapshots: damaged files of snapshots stay as they are");
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	struct repairing job = {.common = common};
	struct err err = ERR_INIT;
	int r, code;

	if (strcmp(argv[0], "index") != 0 && strcmp(argv[0], "snapshots") != 0 &&
		strcmp(argv[0], "packs") != 0) {
		err_set(&err, ERR_CONFIG, EINVAL, "repair: it takes index, snapshots or packs");
		return common_fail(common, &err);
	}
	code = common_open_to_change(common, COMMON_LOCK_EXCLUSIVE, arg_dry_run, &job.session);
	if (code)
		return code;
	common_display_start(&job.display, common);
	if (argv[0][0] == 'i')
		r = repair_index(&job, &err);
	else if (argv[0][0] == 's')
		r = repair_snapshots(&job, argc - 1, argv + 1, &err);
	else
		r = repair_packs(&job, argc - 1, argv + 1, &err);
	common_display_end(&job.display);
	common_close(&job.session);
	return r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
}

const struct verb verb_repair = {
	.name = "repair",
	.arguments = N_("index|packs|snapshots"),
	.summary = N_("make a damaged repository whole again"),
	.details =
		N_("index makes the index match the packs that are there. packs saves what can be "
		   "read of\ndamaged packs and removes them; a copy stays in the current folder. "
		   "snapshots saves\nsnapshots again without what is lost, marked 'repaired'. In "
		   "this order, then check; make a\ncopy of the repository first.\n\n"
		   "Example: nexus-backup -r /data/backup/repo repair index"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = -1,
	.run = run,
};
