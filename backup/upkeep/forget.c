#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/upkeep/group.h"
#include "archive/upkeep/retain.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/upkeep/prune.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static const char *arg_keep[RETAIN_UNITS], *arg_within[RETAIN_UNITS], *arg_group_by;
static struct str_list arg_keep_tags;
static struct choose_arguments arg_choose;
static bool arg_prune, arg_dry_run, arg_compact, arg_remove_all;
static struct prune_arguments arg_prune_options;

#define KEEP(name, letter, unit, what)                                                             \
	{                                                                                          \
		.long_name = (name), .short_name = (letter), .argument = N_("N"), .help = (what),  \
		.text = &arg_keep[unit]                                                            \
	}
#define WITHIN(name, unit, what)                                                                   \
	{                                                                                          \
		.long_name = (name), .argument = N_("SPAN"), .help = (what),                       \
		.text = &arg_within[unit]                                                          \
	}

static const struct verb_option options[] = {
	KEEP("keep-last", 'l', RETAIN_LAST, N_("keep the last N (or 'unlimited')")),
	KEEP("keep-hourly", 'H', RETAIN_HOURLY, N_("keep the newest of each of the last N hours")),
	KEEP("keep-daily", 'd', RETAIN_DAILY, N_("keep the newest of each of the last N days")),
	KEEP("keep-weekly", 'w', RETAIN_WEEKLY, N_("keep the newest of each of the last N weeks")),
	KEEP("keep-monthly", 'm', RETAIN_MONTHLY,
		N_("keep the newest of each of the last N months")),
	KEEP("keep-yearly", 'y', RETAIN_YEARLY, N_("keep the newest of each of the last N years")),
	WITHIN("keep-within", RETAIN_LAST, N_("keep all younger than this, like 1y5m7d2h")),
	WITHIN("keep-within-hourly", RETAIN_HOURLY, N_("keep one an hour of those younger")),
	WITHIN("keep-within-daily", RETAIN_DAILY, N_("keep one a day of those younger")),
	WITHIN("keep-within-weekly", RETAIN_WEEKLY, N_("keep one a week of those younger")),
	WITHIN("keep-within-monthly", RETAIN_MONTHLY, N_("keep one a month of those younger")),
	WITHIN("keep-within-yearly", RETAIN_YEARLY, N_("keep one a year of those younger")),
	{.long_name = "keep-tag",
		.argument = N_("TAGS"),
		.help = N_("keep those with all of these tags (may be given again)"),
		.list = &arg_keep_tags},
	CHOOSE_OPTIONS(arg_choose, 0),
	{.long_name = "group-by",
		.short_name = 'g',
		.argument = N_("FIELDS"),
		.help = N_("judge apart by host, paths, tags (default: host,paths)"),
		.text = &arg_group_by},
	{.long_name = "compact",
		.short_name = 'c',
		.help = N_("tell less: no reasons"),
		.flag = &arg_compact},
	{.long_name = "prune",
		.help = N_("remove what nothing needs any more, if snapshots went"),
		.flag = &arg_prune},
	{.long_name = "unsafe-allow-remove-all",
		.help = N_("allow removing every snapshot that the filter chooses"),
		.flag = &arg_remove_all},
	{.long_name = "dry-run",
		.short_name = 'n',
		.help = N_("change nothing, only tell what would be done"),
		.flag = &arg_dry_run},
	PRUNE_OPTIONS(arg_prune_options),
	{0},
};

/* What is to go, over all groups. */
struct removal {
	const struct snapshot **items; /* owned; what they point to is borrowed */
	size_t count;
};

static int read_policy(struct retain_policy *ret, struct err *err)
{
	int r = 0;

	ret->tags = &arg_keep_tags;
	for (size_t i = 0; r >= 0 && i < RETAIN_UNITS; i++) {
		if (arg_keep[i])
			r = retain_count_parse(arg_keep[i], &ret->count[i], err);
		if (r >= 0 && arg_within[i])
			r = retain_span_parse(arg_within[i], &ret->within[i], err);
	}
	return r;
}

static int check_policy(const struct retain_policy *policy, struct err *err)
{
	struct select_filter filter;
	int r;

	if (!retain_is_empty(policy))
		return 0;
	if (!arg_remove_all)
		return err_set(err, ERR_CONFIG, EINVAL,
			"forget: no rule says what to keep, so nothing is removed");
	r = choose_filter(&arg_choose, &filter, err);
	if (r < 0 || filter.hosts->count || filter.tags->count || filter.paths->count)
		return r;
	return err_set(err, ERR_CONFIG, EINVAL,
		"forget: --unsafe-allow-remove-all needs one of --host, --tag and --path");
}

/* --- Telling --- */

static struct json *json_of_list(const struct str_list *list)
{
	cleanup_str_list struct str_list sorted = {0};
	struct json *json = json_array_new();
	struct err err = ERR_INIT;

	if (group_sorted(list, &sorted, &err) >= 0)
		for (size_t i = 0; i < sorted.count; i++)
			json_add_text(json, sorted.items[i]);
	return json;
}

static struct json *json_of_reasons(const struct retain_policy *policy,
	const struct snapshot *snapshot, const struct retain_verdict *verdict)
{
	cleanup_str_list struct str_list reasons = {0};
	struct json *json = json_object_new(), *matches;
	struct err err = ERR_INIT;

	json_set(json, "snapshot", choose_json(snapshot));
	matches = json_set_array(json, "matches");
	if (retain_reasons(policy, snapshot, verdict, &reasons, &err) >= 0)
		for (size_t i = 0; i < reasons.count; i++)
			json_add_text(matches, reasons.items[i]);
	return json;
}

/* restic writes null for a list of nothing. */
static void add_to_list(struct json **list, struct json *child)
{
	if (!*list)
		*list = json_array_new();
	json_add(*list, child);
}

static void set_list(struct json *json, const char *key, struct json *list)
{
	if (list)
		json_set(json, key, list);
	else
		json_set_null(json, key);
}

static struct json *json_of_group(const struct retain_policy *policy, const struct group *group,
	const struct retain_verdict *verdicts, unsigned by)
{
	struct json *json = json_object_new(), *keep = NULL, *remove = NULL, *reasons = NULL;

	if (by & GROUP_BY_TAGS)
		json_set(json, "tags", json_of_list(&group->items[0]->tags));
	else
		json_set_null(json, "tags");
	json_set_text(json, "host", by & GROUP_BY_HOST ? group->items[0]->hostname : "");
	if (by & GROUP_BY_PATHS)
		json_set(json, "paths", json_of_list(&group->items[0]->paths));
	else
		json_set_null(json, "paths");
	for (size_t i = 0; i < group->count; i++) {
		struct json **list = verdicts[i].keep ? &keep : &remove;

		add_to_list(list, choose_json(group->items[i]));
		if (verdicts[i].keep)
			add_to_list(
				&reasons, json_of_reasons(policy, group->items[i], &verdicts[i]));
	}
	set_list(json, "keep", keep);
	set_list(json, "remove", remove);
	set_list(json, "reasons", reasons);
	return json;
}

static void print_group(const struct retain_policy *policy, const struct group *group,
	const struct retain_verdict *verdicts, size_t kept)
{
	struct err err = ERR_INIT;

	if (kept)
		printf(P_("Keep %zu snapshot:\n", "Keep %zu snapshots:\n", kept), kept);
	for (size_t i = 0; i < group->count; i++) {
		cleanup_str_list struct str_list reasons = {0};

		if (!verdicts[i].keep)
			continue;
		if (!arg_compact &&
			retain_reasons(policy, group->items[i], &verdicts[i], &reasons, &err) < 0)
			return;
		choose_print(group->items[i], &reasons);
	}
	if (kept < group->count)
		printf(P_("Remove %zu snapshot:\n", "Remove %zu snapshots:\n", group->count - kept),
			group->count - kept);
	for (size_t i = 0; i < group->count; i++)
		if (!verdicts[i].keep)
			choose_print(group->items[i], NULL);
}

/* --- Deciding --- */

static int judge_group(const struct common *common, const struct retain_policy *policy,
	const struct group *group, unsigned by, struct removal *removal, struct json *array,
	struct err *err)
{
	uint64_t now_us = clock_realtime_us(&clock_system);
	const struct node_time now = {
		(int64_t)(now_us / 1000000), (uint32_t)(now_us % 1000000) * 1000};
	cleanup_free struct retain_verdict *verdicts = calloc(group->count, sizeof(*verdicts));
	size_t kept = 0;

	if (!verdicts)
		return err_oom(err);
	retain_apply(policy, group->items, group->count, &now, retain_local_zone, verdicts);
	for (size_t i = 0; i < group->count; i++)
		kept += verdicts[i].keep;
	if (!kept && !retain_is_empty(policy))
		return err_set(err, ERR_CONFIG, EINVAL,
			"forget: by these rules every snapshot of %s would go; nothing is removed",
			group->items[0]->hostname ? group->items[0]->hostname : "a group");
	for (size_t i = 0; i < group->count; i++)
		if (!verdicts[i].keep)
			removal->items[removal->count++] = group->items[i];
	if (common->json)
		json_add(array, json_of_group(policy, group, verdicts, by));
	else if (!common->quiet)
		print_group(policy, group, verdicts, kept);
	return 0;
}

static int judge(const struct common *common, const struct choose *chosen,
	const struct retain_policy *policy, struct removal *removal, struct err *err)
{
	cleanup_group_list struct group_list groups = {0};
	struct json *array = NULL;
	unsigned by;
	int r = group_by_parse(arg_group_by ? arg_group_by : "host,paths", &by, err);

	if (r >= 0)
		r = group_split(chosen->items, chosen->count, by, &groups, err);
	if (common->json)
		array = json_array_new();
	for (size_t i = 0; r >= 0 && i < groups.count; i++)
		r = judge_group(common, policy, &groups.groups[i], by, removal, array, err);
	if (r >= 0 && array)
		common_print_json(TAKE(array));
	json_free(array);
	return r;
}

/* --- Doing --- */

static int remove_all(const struct common *common, struct common_session *session,
	const struct removal *removal, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < removal->count && !arg_dry_run; i++) {
		char id[ID_TEXT_SIZE];

		if (*common->stop)
			return err_set(err, ERR_SYSTEM, ECANCELED, "forget: interrupted");
		id_format(&removal->items[i]->id, id);
		r = session->lock ? lock_refresh(session->lock, err) : 0;
		if (r >= 0)
			r = store_remove(
				repository_store(session->repository), STORE_SNAPSHOT, id, err);
		if (r == -ENOENT)
			r = 0; /* it is gone, as it should */
	}
	if (r < 0)
		return err_wrap(err, "remove snapshots");
	if (!common->quiet && !common->json && removal->count)
		printf(arg_dry_run ? P_("%zu snapshot would be removed.\n",
					     "%zu snapshots would be removed.\n", removal->count)
				   : P_("%zu snapshot was removed.\n",
					     "%zu snapshots were removed.\n", removal->count),
			removal->count);
	return 0;
}

static bool goes(const struct removal *removal, const struct snapshot *snapshot)
{
	for (size_t i = 0; i < removal->count; i++)
		if (id_equal(&removal->items[i]->id, &snapshot->id))
			return true;
	return false;
}

/* Gives what a removal leaves of all; its strings stay all's. */
static size_t take_out(
	const struct select_list *all, const struct removal *removal, struct snapshot *ret)
{
	size_t left = 0;

	for (size_t i = 0; i < all->count; i++)
		if (!goes(removal, &all->items[i]))
			ret[left++] = all->items[i];
	return left;
}

/* A dry run of prune as if removal were gone. */
static int prune_dry(const struct common *common, struct common_session *session,
	const struct prune_options *prune_options, const struct select_list *all,
	const struct removal *removal)
{
	cleanup_free struct snapshot *items = calloc(all->count + 1, sizeof(*items));
	struct select_list left = {.items = items};
	struct err err = ERR_INIT;

	if (!items) {
		err_oom(&err);
		return common_fail(common, &err);
	}
	left.count = take_out(all, removal, items);
	return prune_now(common, session, prune_options, &left);
}

static int decide(const struct common *common, const struct select_list *list, int argc,
	char **argv, struct removal *removal, struct err *err)
{
	cleanup_choose struct choose chosen = {0};
	struct retain_policy policy = {0};
	int r = read_policy(&policy, err);

	if (r >= 0)
		r = choose_snapshots(list, &arg_choose, argc, argv, &chosen, err);
	removal->items = calloc(list->count ? list->count : 1, sizeof(*removal->items));
	if (r >= 0 && !removal->items)
		r = err_oom(err);
	if (r < 0)
		return r;
	if (argc) {
		memcpy(removal->items, chosen.items, chosen.count * sizeof(*chosen.items));
		removal->count = chosen.count;
		return 0;
	}
	r = check_policy(&policy, err);
	return r < 0 ? r : judge(common, &chosen, &policy, removal, err);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	cleanup_select struct select_list list = {0};
	struct prune_options prune_options = {.dry_run = arg_dry_run};
	struct removal removal = {0};
	struct err err = ERR_INIT;
	int r, code;

	if (prune_read_options(&arg_prune_options, &prune_options, &err) < 0)
		return common_fail(common, &err);
	code = common_open_to_change(common, COMMON_LOCK_EXCLUSIVE, arg_dry_run, &session);
	if (code)
		return code;
	r = select_load(session.repository, &list, &err);
	if (r >= 0)
		r = decide(common, &list, argc, argv, &removal, &err);
	if (r >= 0)
		r = remove_all(common, &session, &removal, &err);
	code = r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
	if (code == EXIT_CODE_OK && list.damaged) {
		common_tell(common, "snapshots", &list.err);
		code = EXIT_CODE_FAILED;
	} else if (code == EXIT_CODE_OK && arg_prune &&
		   (removal.count || (session.lock && lock_was_left(session.lock)))) {
		/* After a run that was killed the snapshots may be gone and the data not. */
		code = arg_dry_run ? prune_dry(common, &session, &prune_options, &list, &removal)
				   : prune_now(common, &session, &prune_options, NULL);
	}
	free(removal.items);
	return code;
}

const struct verb verb_forget = {
	.name = "forget",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("remove snapshots by rules, or those that are named"),
	.details = N_(
		"Of each group of snapshots (same host and paths) the rules choose what is kept; "
		"the rest is\nremoved. Several rules keep what any of them keeps. Days and weeks "
		"are those of the clock\nthat the snapshot was made by. The data itself stays "
		"until prune.\n\n"
		"Example: nexus-backup -r /data/backup/repo forget --keep-daily 7 --keep-weekly 5 "
		"--prune"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
