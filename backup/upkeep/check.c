#include "archive/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/upkeep/subset.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static bool arg_read_data, arg_with_cache;
static const char *arg_subset;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "read-data",
		.help = N_("read and check every byte that is stored, not only the lists"),
		.flag = &arg_read_data},
	{.long_name = "read-data-subset",
		.argument = N_("PART"),
		.help = N_("the same for a part of it: 1/7, a share (2.5%) or a size (10G)"),
		.text = &arg_subset},
	{.long_name = "with-cache",
		.help = N_("believe what the cache has; otherwise all is read where it is stored"),
		.flag = &arg_with_cache},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

struct checking {
	const struct common *common;
	struct common_display display;
	struct subset subset;
	int count; /* of the ids */
	char **ids; /* borrowed: snapshots that are named */
	size_t chosen, there; /* snapshots, if some are to be checked alone */
	unsigned notes, packs_read;
};

static void on_error(void *context, const char *what, const struct err *err)
{
	struct checking *job = context;

	common_display_pause(&job->display);
	common_tell(job->common, what, err);
	common_display_resume(&job->display);
}

static void on_note(void *context, const char *what, const char *text)
{
	struct checking *job = context;

	/* Left by an interrupted backup: harmless. */
	(void)what;
	(void)text;
	job->notes++;
}

static bool wants(
	void *context, const struct id *pack, uint64_t size_bytes, const struct check_packs *all)
{
	struct checking *job = context;
	bool wanted = !arg_subset || subset_has(&job->subset, pack, all->count, all->bytes);

	(void)size_bytes;
	job->packs_read += wanted;
	return wanted;
}

static int choose(void *context, const struct select_list *list, bool *chosen, struct err *err)
{
	struct checking *job = context;
	cleanup_choose struct choose found = {0};
	int r = choose_snapshots(list, &arg_choose, job->count, job->ids, &found, err);

	for (size_t i = 0; r >= 0 && i < found.count; i++)
		chosen[found.items[i] - list->items] = true;
	job->chosen = found.count;
	job->there = list->count;
	return r;
}

/* RESTIC_HOST counts, as everywhere. */
static bool is_filtered(const struct checking *job)
{
	const char *host = getenv("RESTIC_HOST");

	return job->count || arg_choose.hosts.count || arg_choose.tags.count ||
	       arg_choose.paths.count || (host && *host);
}

static void print_json(const struct checking *job, int errors)
{
	struct json *json = json_object_new();

	json_set_text(json, "message_type", "summary");
	json_set_integer(json, "num_errors", errors);
	json_set_integer(json, "unused_packs", job->notes);
	if (arg_read_data || arg_subset)
		json_set_integer(json, "packs_read", job->packs_read);
	if (is_filtered(job)) {
		json_set_integer(json, "snapshots_checked", (int64_t)job->chosen);
		json_set_integer(json, "snapshots_there", (int64_t)job->there);
	}
	common_print_json(json);
}

static void print(const struct checking *job, int errors)
{
	if (job->notes)
		printf(P_("%u pack is used by nothing (left by an interrupted backup; "
			  "harmless).\n",
			       "%u packs are used by nothing (left by an interrupted "
			       "backup; harmless).\n",
			       job->notes),
			job->notes);
	if (arg_subset || (arg_read_data && is_filtered(job)))
		printf(P_("%u pack was read.\n", "%u packs were read.\n", job->packs_read),
			job->packs_read);
	if (is_filtered(job))
		printf(P_("Only %zu of %zu snapshot was checked.\n",
			       "Only %zu of %zu snapshots were checked.\n", job->there),
			job->chosen, job->there);
	if (errors)
		printf(P_("%d error was found.\n", "%d errors were found.\n", errors), errors);
	else
		printf(_("No errors were found.\n"));
}

static int finish(struct checking *job, int errors)
{
	if (job->common->json)
		print_json(job, errors);
	else if (!job->common->quiet)
		print(job, errors);
	return errors ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

static int run(int argc, char **argv, void *context)
{
	struct common common = *(const struct common *)context;
	cleanup_common_session struct common_session session = {0};
	struct checking job = {.common = &common, .count = argc, .ids = argv};
	const struct check_options check_options = {
		.read_data = arg_read_data || arg_subset,
		.wants = wants,
		.choose = is_filtered(&job) ? choose : NULL,
		.stop = common.stop,
		.progress = &job.display.progress,
		.on_error = on_error,
		.on_note = on_note,
		.context = &job,
	};
	struct err err = ERR_INIT;
	int r = 0;

	if (arg_read_data && arg_subset)
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"check: --read-data and --read-data-subset do not go together");
	else if (arg_subset)
		r = subset_parse(arg_subset, &job.subset, &err);
	if (r < 0)
		return common_fail(&common, &err);
	common.fresh_cache = !arg_with_cache;
	r = common_open(&common, NULL, COMMON_LOCK_EXCLUSIVE, &session);
	if (r)
		return r;
	common_display_start(&job.display, &common);
	r = check_run(session.repository, &check_options, &err);
	common_display_end(&job.display);
	return r < 0 ? common_fail(&common, &err) : finish(&job, r);
}

const struct verb verb_check = {
	.name = "check",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("prove that the repository is whole"),
	.details = N_("Reads all snapshots, trees and lists, and finds out whether everything that "
		      "they name is\nthere. With --read-data every pack is read, and every blob "
		      "decrypted, unpacked and hashed.\nWith SNAPSHOTs, --host, --tag or "
		      "--path only these snapshots are gone through, and only\nthe packs that "
		      "they use are read.\n\n"
		      "Example: nexus-backup -r /data/backup/repo check --read-data"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
