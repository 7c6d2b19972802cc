#include "archive/read/stats.h"

#include <stdio.h>

#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/show/show.h"
#include "base/i18n.h"

static const char *arg_mode = "restore-size";
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "mode",
		.argument = N_("MODE"),
		.help = N_("restore-size (default), files-by-contents, blobs-per-file, raw-data"),
		.text = &arg_mode},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

static double ratio(const struct stats *stats)
{
	return stats->compressed_bytes
		       ? (double)stats->compressed_plain_bytes / (double)stats->compressed_bytes
		       : 0;
}

static double part(uint64_t some, uint64_t all)
{
	return all ? (double)some / (double)all * 100 : 0;
}

static void set_number(struct json *json, const char *key, double value)
{
	if (value != 0)
		json_set_number(json, key, value);
}

static void set_integer(struct json *json, const char *key, uint64_t value)
{
	if (value)
		json_set_integer(json, key, (int64_t)value);
}

static void print_json(const struct stats *stats)
{
	struct json *json = json_object_new();

	json_set_integer(json, "total_size", (int64_t)stats->bytes);
	set_integer(json, "total_uncompressed_size", stats->plain_bytes);
	set_number(json, "compression_ratio", ratio(stats));
	set_number(json, "compression_progress",
		part(stats->compressed_plain_bytes, stats->plain_bytes));
	if (stats->plain_bytes)
		set_number(json, "compression_space_saving",
			100 - part(stats->bytes, stats->plain_bytes));
	set_integer(json, "total_file_count", stats->files);
	set_integer(json, "total_blob_count", stats->blobs);
	json_set_integer(json, "snapshots_count", stats->snapshots);
	common_print_json(json);
}

static void print(const struct stats *stats)
{
	char size[32], plain[32];

	common_format_bytes(stats->bytes, size);
	common_format_bytes(stats->plain_bytes, plain);
	printf(_("Snapshots:    %u\n"), stats->snapshots);
	if (stats->files)
		printf(_("Files:        %llu\n"), (unsigned long long)stats->files);
	if (stats->blobs)
		printf(_("Blobs:        %llu\n"), (unsigned long long)stats->blobs);
	printf(_("Size:         %s\n"), size);
	if (!stats->plain_bytes)
		return;
	printf(_("Uncompressed: %s\n"), plain);
	printf(_("Compressed:   %.2f %% of it, to 1/%.2f; %.2f %% saved\n"),
		part(stats->compressed_plain_bytes, stats->plain_bytes), ratio(stats),
		100 - part(stats->bytes, stats->plain_bytes));
}

static int count(const struct common *common, struct repository *repository, int argc, char **argv,
	enum stats_mode mode, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_choose struct choose choose = {0};
	cleanup_stats struct stats stats = {0};
	int r = select_load(repository, &list, err);
	if (r >= 0)
		r = choose_snapshots(&list, &arg_choose, argc, argv, &choose, err);
	if (r >= 0)
		r = repository_load_index(repository, NULL, err);
	if (r >= 0)
		r = stats_init(&stats, repository, mode, err);
	stats.stop = common->stop;
	for (size_t i = 0; r >= 0 && i < choose.count; i++)
		r = stats_add(&stats, &choose.items[i]->tree, err);
	if (r < 0)
		return r;
	stats_finish(&stats);
	if (common->json)
		print_json(&stats);
	else
		print(&stats);
	return 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	enum stats_mode mode;
	int code;

	if (stats_mode_parse(arg_mode, &mode, &err) < 0)
		return common_fail(common, &err);
	code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);
	if (code)
		return code;
	if (count(common, session.repository, argc, argv, mode, &err) < 0)
		return common_fail(common, &err);
	return EXIT_CODE_OK;
}

const struct verb verb_stats = {
	.name = "stats",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("tell how much snapshots hold"),
	.details = N_("Of all snapshots, or of those named. --mode says what is counted: what a "
		      "restore would\nwrite (restore-size), files of the same content once "
		      "(files-by-contents), the blobs of each\npath once (blobs-per-file), or what "
		      "is stored for them (raw-data).\n\n"
		      "Example: nexus-backup -r /data/backup/repo stats --mode raw-data"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
