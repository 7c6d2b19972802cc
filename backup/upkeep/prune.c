#include "backup/upkeep/prune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/upkeep/upkeep.h"
#include "base/parse.h"
#include "repo/pack.h"

static bool arg_dry_run;
static struct prune_arguments arg_options;

static const struct verb_option options[] = {
	PRUNE_OPTIONS(arg_options),
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("change nothing, only tell what would be done"),
		.flag = &arg_dry_run},
	{0},
};

/* "5%", "unlimited" or bytes. */
static int read_max_unused(const char *text, struct plan_limits *ret, struct err *err)
{
	size_t size = strlen(text);
	char *end = NULL;

	ret->unused_percent = -1;
	ret->unused_bytes = UINT64_MAX;
	if (strcmp(text, "unlimited") == 0)
		return 0;
	if (!size || text[size - 1] != '%')
		return parse_size(text, 0, INT64_MAX, &ret->unused_bytes, err);
	ret->unused_percent = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : -1;
	if (end != text + size - 1 || !(ret->unused_percent >= 0 && ret->unused_percent < 100))
		return err_set(err, ERR_CONFIG, EINVAL,
			"\"%s\" is no percentage from 0%% to below 100%%", text);
	return 0;
}

int prune_read_options(
	const struct prune_arguments *arguments, struct prune_options *ret, struct err *err)
{
	bool dry_run = ret->dry_run;
	int r = 0;

	prune_options_init(ret);
	ret->dry_run = dry_run;
	if (arguments->max_unused) {
		r = read_max_unused(arguments->max_unused, &ret->limits, err);
		if (r < 0)
			return err_wrap(err, "read --max-unused");
	}
	if (arguments->max_repack_size) {
		r = parse_size(
			arguments->max_repack_size, 0, INT64_MAX, &ret->limits.repack_bytes, err);
		if (r < 0)
			return err_wrap(err, "read --max-repack-size");
	}
	if (arguments->repack_small)
		ret->limits.small_bytes = PACK_SIZE / 5 * 4;
	if (arguments->repack_smaller_than) {
		r = parse_size(arguments->repack_smaller_than, 0, INT64_MAX,
			&ret->limits.small_bytes, err);
		if (r < 0)
			return err_wrap(err, "read --repack-smaller-than");
	}
	ret->limits.trees_only = arguments->repack_cacheable_only;
	ret->limits.compress_data = arguments->repack_uncompressed;
	if (arguments->repack_uncompressed && arguments->repack_cacheable_only)
		return err_set(err, ERR_CONFIG, EINVAL,
			"prune: --repack-uncompressed and --repack-cacheable-only exclude each "
			"other");
	return 0;
}

struct pruning {
	const struct common *common;
	struct common_display display;
	bool planned, dry_run;
	struct plan_totals totals;
	size_t unindexed_packs;
	uint64_t unindexed_bytes;
};

static void on_plan(void *context, const struct plan_totals *totals, size_t unindexed_packs,
	uint64_t unindexed_bytes)
{
	struct pruning *job = context;

	job->planned = true;
	job->totals = *totals;
	job->unindexed_packs = unindexed_packs;
	job->unindexed_bytes = unindexed_bytes;
}

static void print_json(const struct pruning *job)
{
	const struct plan_totals *t = &job->totals;
	uint64_t freed = t->freed_bytes + t->removed_bytes;
	struct json *json = json_object_new();
	const struct {
		const char *key;
		uint64_t value;
	} numbers[] = {
		{"repack_blobs", t->repack_blobs},
		{"repack_bytes", t->repack_bytes},
		{"repack_freed_blobs", t->freed_blobs},
		{"repack_freed_bytes", t->freed_bytes},
		{"removed_blobs", t->removed_blobs},
		{"removed_bytes", t->removed_bytes},
		{"unindexed_packs", job->unindexed_packs},
		{"unindexed_bytes", job->unindexed_bytes},
		{"total_freed_bytes", freed + job->unindexed_bytes},
		{"used_blobs", t->used_blobs},
		{"remaining_blobs",
			t->used_blobs + t->unused_blobs - t->freed_blobs - t->removed_blobs},
		{"remaining_bytes", t->used_bytes + t->unused_bytes - freed},
		{"remaining_unused_bytes", t->unused_bytes - freed},
		{"packs_keep", t->kept_packs},
		{"packs_repack", t->repack_packs},
		{"packs_delete", t->removed_packs},
	};

	json_set_text(json, "message_type", "summary");
	json_set_bool(json, "dry_run", job->dry_run);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		json_set_integer(json, numbers[i].key, (int64_t)numbers[i].value);
	common_print_json(json);
}

static void print_row(const char *what, uint64_t blobs, uint64_t bytes)
{
	char size[32];

	common_format_bytes(bytes, size);
	printf(P_("%s: %llu blob, %s\n", "%s: %llu blobs, %s\n", blobs), what,
		(unsigned long long)blobs, size);
}

static void print_text(const struct pruning *job)
{
	const struct plan_totals *t = &job->totals;
	uint64_t freed = t->freed_bytes + t->removed_bytes;
	char size[32], unused[32];

	print_row(_("Packed anew"), t->repack_blobs, t->repack_bytes);
	print_row(_("Freed by that"), t->freed_blobs, t->freed_bytes);
	print_row(_("Removed"), t->removed_blobs, t->removed_bytes);
	common_format_bytes(job->unindexed_bytes, size);
	if (job->unindexed_packs)
		printf(P_("Left by an interrupted run: %zu pack, %s\n",
			       "Left by an interrupted run: %zu packs, %s\n", job->unindexed_packs),
			job->unindexed_packs, size);
	print_row(_("Remaining"),
		t->used_blobs + t->unused_blobs - t->freed_blobs - t->removed_blobs,
		t->used_bytes + t->unused_bytes - freed);
	common_format_bytes(freed + job->unindexed_bytes, size);
	common_format_bytes(t->unused_bytes - freed, unused);
	printf(job->dry_run ? _("%s would be freed; %s unused would remain.\n")
			    : _("%s freed; %s unused remain.\n"),
		size, unused);
}

int prune_now(const struct common *common, struct common_session *session,
	const struct prune_options *prune_options, const struct select_list *list)
{
	struct prune_options own = *prune_options;
	struct pruning job = {.common = common, .dry_run = own.dry_run};
	struct err err = ERR_INIT;
	int r;

	common_display_start(&job.display, common);
	own.lock = session->lock;
	own.snapshots = list;
	own.progress = &job.display.progress;
	own.stop = common->stop;
	own.on_plan = on_plan;
	own.context = &job;
	r = prune_run(session->repository, &own, &err);
	common_display_end(&job.display);
	if (r < 0)
		return common_fail(common, &err);
	if (common->json)
		print_json(&job);
	else if (!common->quiet)
		print_text(&job);
	return EXIT_CODE_OK;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct prune_options prune_options = {.dry_run = arg_dry_run};
	struct err err = ERR_INIT;
	int code;

	(void)argc;
	(void)argv;
	if (prune_read_options(&arg_options, &prune_options, &err) < 0)
		return common_fail(common, &err);
	code = common_open_to_change(common, COMMON_LOCK_EXCLUSIVE, arg_dry_run, &session);
	return code ? code : prune_now(common, &session, &prune_options, NULL);
}

const struct verb verb_prune = {
	.name = "prune",
	.arguments = "",
	.summary = N_("remove what no snapshot needs any more"),
	.details = N_("Packs of which nothing is needed are removed; of others so many are packed "
		      "anew that what\nstays unused is not more than the limit. Nothing is removed "
		      "when anything that is needed is\nmissing. An interrupted run loses nothing, "
		      "and the next one goes on.\n\n"
		      "Example: nexus-backup -r /data/backup/repo prune --max-unused 10%"),
	.options = options,
	.run = run,
};
