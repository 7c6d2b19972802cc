#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "store/front/cache_folders.h"

#define DAY_US (24 * 3600 * INT64_C(1000000))
#define DAYS_MAX 36500

static bool arg_cleanup, arg_no_size;
static const char *arg_max_age;

static const struct verb_option options[] = {
	{.long_name = "cleanup",
		.help = N_("remove the old ones, instead of listing all"),
		.flag = &arg_cleanup},
	{.long_name = "max-age",
		.argument = N_("DAYS"),
		.help = N_("old is what was not used for so many days (default: 30)"),
		.text = &arg_max_age},
	{.long_name = "no-size",
		.help = N_("don't add up how large they are"),
		.flag = &arg_no_size},
	{0},
};

static void print_json(const struct cache_folders *folders, int64_t before_us)
{
	struct json *list = json_array_new();

	for (size_t i = 0; i < folders->count; i++) {
		const struct cache_folder *folder = &folders->items[i];
		struct json *json = json_add_object(list);
		char time[CLOCK_RFC3339_SIZE];

		clock_rfc3339_format(folder->used_us / 1000000, 0, time);
		json_set_text(json, "repository", folder->id);
		json_set_text(json, "last_used", time);
		json_set_bool(json, "old", folder->used_us < before_us);
		if (!arg_no_size)
			json_set_integer(json, "size", (int64_t)folder->size_bytes);
	}
	common_print_json(list);
}

static void print_table(const struct cache_folders *folders, int64_t before_us, const char *place)
{
	for (size_t i = 0; i < folders->count; i++) {
		const struct cache_folder *folder = &folders->items[i];
		const struct node_time used = {.seconds = folder->used_us / 1000000};
		char time[32], size[32] = "";

		common_format_time(&used, time);
		if (!arg_no_size)
			common_format_bytes(folder->size_bytes, size);
		printf("%.10s  %s  %10s%s%s\n", folder->id, time, size,
			folder->used_us < before_us ? "  " : "",
			folder->used_us < before_us ? _("old") : "");
	}
	printf(P_("%zu cache in %s.\n", "%zu caches in %s.\n", folders->count), folders->count,
		place);
}

static int list(const struct common *common, const char *place, int64_t before_us)
{
	cleanup_cache_folders struct cache_folders folders = {0};
	struct err err = ERR_INIT;

	if (cache_folders_read(place, !arg_no_size, &folders, &err) < 0)
		return common_fail(common, &err);
	if (common->json)
		print_json(&folders, before_us);
	else if (!common->quiet)
		print_table(&folders, before_us, place);
	return EXIT_CODE_OK;
}

static int clean(const struct common *common, const char *place, int64_t before_us)
{
	struct err err = ERR_INIT;
	unsigned removed;

	if (cache_folders_remove(place, before_us, NULL, &removed, &err) < 0)
		return common_fail(common, &err);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "removed_caches", removed);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(P_("%u old cache was removed from %s.\n",
			       "%u old caches were removed from %s.\n", removed),
			removed, place);
	}
	return EXIT_CODE_OK;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_free char *place = NULL;
	struct err err = ERR_INIT;
	uint64_t days = 30;
	int64_t before_us;
	int r = place_cache_folder(&common->place, &place, &err);

	(void)argc;
	(void)argv;
	if (r >= 0 && !place)
		r = err_set(&err, ERR_CONFIG, EINVAL,
			"find cache: there is none; say where with --cache-dir");
	if (r >= 0 && arg_max_age && parse_u64(arg_max_age, 0, DAYS_MAX, &days, &err) < 0)
		r = err_wrap(&err, "read --max-age");
	if (r < 0)
		return common_fail(common, &err);
	before_us = (int64_t)clock_realtime_us(&clock_system) - (int64_t)days * DAY_US;
	return arg_cleanup ? clean(common, place, before_us) : list(common, place, before_us);
}

const struct verb verb_cache = {
	.name = "cache",
	.arguments = "",
	.summary = N_("list the caches of this machine, or remove old ones"),
	.details = N_("A repository behind a server has a cache here: its lists, snapshots and "
		      "folders. Each\nmay be deleted at any time. No repository is opened.\n\n"
		      "Example: nexus-backup cache --cleanup --max-age 60"),
	.options = options,
	.run = run,
};
