#include "archive/read/diff.h"

#include <stdio.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/show/pick.h"
#include "backup/show/show.h"
#include "base/i18n.h"

static bool arg_metadata;

static const struct verb_option options[] = {
	{.long_name = "metadata",
		.help = N_("tell what differs in mode, owner or times alone, too"),
		.flag = &arg_metadata},
	{0},
};

struct comparing {
	const struct common *common;
	char **names; /* as given */
	struct pick old, new;
};

static void on_change(void *context, const char *marks, const char *path)
{
	const struct comparing *job = context;
	cleanup_free char *text = NULL;
	struct json *json;

	if (job->common->json) {
		json = json_object_new();
		json_set_text(json, "message_type", "change");
		json_set_text(json, "path", path);
		json_set_text(json, "modifier", marks);
		common_print_json(json);
		return;
	}
	text = strdup(path);
	if (!text)
		return;
	str_sanitize(text);
	printf("%-5s%s\n", marks, text);
}

static void print_side_json(struct json *json, const char *key, const struct diff_side *side)
{
	struct json *object = json_set_object(json, key);

	json_set_integer(object, "files", (int64_t)side->files);
	json_set_integer(object, "dirs", (int64_t)side->dirs);
	json_set_integer(object, "others", (int64_t)side->others);
	json_set_integer(object, "data_blobs", (int64_t)side->data_blobs);
	json_set_integer(object, "tree_blobs", (int64_t)side->tree_blobs);
	json_set_integer(object, "bytes", (int64_t)side->bytes);
}

static void print_stats_json(const struct comparing *job, const struct diff_stats *stats)
{
	struct json *json = json_object_new();

	json_set_text(json, "message_type", "statistics");
	json_set_text(json, "source_snapshot", job->names[0]);
	json_set_text(json, "target_snapshot", job->names[1]);
	json_set_integer(json, "changed_files", (int64_t)stats->changed_files);
	print_side_json(json, "added", &stats->added);
	print_side_json(json, "removed", &stats->removed);
	common_print_json(json);
}

static void print_stats(const struct diff_stats *stats)
{
	const struct diff_side *added = &stats->added, *removed = &stats->removed;
	char more[32], less[32];

	common_format_bytes(added->bytes, more);
	common_format_bytes(removed->bytes, less);
	printf(_("\nFiles:      %llu new, %llu gone, %llu changed\n"),
		(unsigned long long)added->files, (unsigned long long)removed->files,
		(unsigned long long)stats->changed_files);
	printf(_("Folders:    %llu new, %llu gone\n"), (unsigned long long)added->dirs,
		(unsigned long long)removed->dirs);
	printf(_("Others:     %llu new, %llu gone\n"), (unsigned long long)added->others,
		(unsigned long long)removed->others);
	printf(_("Data blobs: %llu new, %llu gone\n"), (unsigned long long)added->data_blobs,
		(unsigned long long)removed->data_blobs);
	printf(_("Tree blobs: %llu new, %llu gone\n"), (unsigned long long)added->tree_blobs,
		(unsigned long long)removed->tree_blobs);
	printf(_("  Added:    %s\n  Gone:     %s\n"), more, less);
}

static int compare(
	struct comparing *job, struct repository *repository, char **argv, struct err *err)
{
	struct choose_arguments none = {0};
	const struct diff_options diff_options = {
		.metadata = arg_metadata,
		.stop = job->common->stop,
		.change = on_change,
		.context = job,
	};
	char old[ID_TEXT_SIZE], new[ID_TEXT_SIZE];
	struct diff_stats stats;
	struct id new_tree;
	int r = pick_one(repository, argv[0], &none, &job->old, err);

	if (r >= 0)
		r = select_find(
			&job->old.list, argv[1], NULL, &job->new.snapshot, &job->new.folder, err);
	if (r >= 0)
		r = select_folder(
			repository, &job->new.snapshot->tree, job->new.folder, &new_tree, err);
	if (r < 0)
		return r;
	id_format(&job->old.snapshot->id, old);
	id_format(&job->new.snapshot->id, new);
	if (!job->common->json && !job->common->quiet)
		printf(_("From snapshot %.8s to %.8s:\n\n"), old, new);
	r = diff_run(repository, &job->old.tree, &new_tree, &diff_options, &stats, err);
	if (r < 0)
		return r;
	if (job->common->json)
		print_stats_json(job, &stats);
	else if (!job->common->quiet)
		print_stats(&stats);
	return 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct comparing job = {.common = common, .names = argv};
	struct err err = ERR_INIT;
	int code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	int r;

	(void)argc;
	if (code)
		return code;
	r = compare(&job, session.repository, argv, &err);
	pick_done(&job.old);
	pick_done(&job.new);
	return r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
}

const struct verb verb_diff = {
	.name = "diff",
	.arguments = N_("SNAPSHOT[:FOLDER] SNAPSHOT[:FOLDER]"),
	.summary = N_("tell what differs between two snapshots"),
	.details = N_("Marks: + new, - gone, M other content, T another type, U other mode, owner "
		      "or times (with\n--metadata), ? behind M: other content although nothing "
		      "else says that the file was changed.\n\n"
		      "Example: nexus-backup -r /data/backup/repo diff 1a2b3c4d latest"),
	.options = options,
	.min_arguments = 2,
	.max_arguments = 2,
	.run = run,
};
