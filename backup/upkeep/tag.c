#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "archive/upkeep/replace.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static struct str_list arg_set, arg_add, arg_remove;
static struct choose_arguments arg_choose;

static const struct verb_option options[] = {
	{.long_name = "set",
		.argument = N_("TAGS"),
		.help = N_("these tags instead of all others ('' for none)"),
		.list = &arg_set},
	{.long_name = "add",
		.argument = N_("TAGS"),
		.help = N_("these tags too"),
		.list = &arg_add},
	{.long_name = "remove",
		.argument = N_("TAGS"),
		.help = N_("without these tags"),
		.list = &arg_remove},
	CHOOSE_OPTIONS(arg_choose, 'H'),
	{0},
};

/* The tags of "a,b", one by one, into fn's list. */
static int each_tag(const struct str_list *lists, struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < lists->count; i++) {
		cleanup_free char *copy = strdup(lists->items[i]);
		char *save = NULL;

		if (!copy)
			return err_oom(err);
		for (char *tag = strtok_r(copy, ",", &save); r >= 0 && tag;
			tag = strtok_r(NULL, ",", &save)) {
			tag = str_strip(tag);
			if (*tag && !str_list_has(ret, tag))
				r = str_list_add(ret, tag, err);
		}
	}
	return r;
}

/* The tags that a snapshot is to have. */
static int new_tags(const struct str_list *old, struct str_list *ret, struct err *err)
{
	cleanup_str_list struct str_list unwanted = {0};
	int r = 0;

	if (arg_set.count)
		return each_tag(&arg_set, ret, err);
	r = each_tag(&arg_remove, &unwanted, err);
	for (size_t i = 0; r >= 0 && i < old->count; i++)
		if (!str_list_has(&unwanted, old->items[i]))
			r = str_list_add(ret, old->items[i], err);
	/* As restic: what is added and removed at once is removed. */
	if (r >= 0) {
		cleanup_str_list struct str_list wanted = {0};

		r = each_tag(&arg_add, &wanted, err);
		for (size_t i = 0; r >= 0 && i < wanted.count; i++)
			if (!str_list_has(ret, wanted.items[i]) &&
				!str_list_has(&unwanted, wanted.items[i]))
				r = str_list_add(ret, wanted.items[i], err);
	}
	return r;
}

static bool same_list(const struct str_list *a, const struct str_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

/* 1 if it was changed. */
static int tag_one(const struct common *common, struct common_session *session,
	const struct select_list *list, const struct snapshot *snapshot, struct err *err)
{
	cleanup_snapshot struct snapshot changed = {0};
	cleanup_str_list struct str_list tags = {0};
	char id[ID_TEXT_SIZE];
	struct id new_id;
	int r = new_tags(&snapshot->tags, &tags, err);

	if (r < 0 || same_list(&tags, &snapshot->tags))
		return r;
	r = session->lock ? lock_refresh(session->lock, err) : 0;
	if (r >= 0)
		r = replace_copy(snapshot, &changed, err);
	if (r < 0)
		return r;
	str_list_done(&changed.tags);
	changed.tags = tags;
	tags = (struct str_list){0};
	r = replace_snapshot(session->repository, list, snapshot, &changed, false, &new_id, err);
	if (r < 0)
		return r;
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "changed");
		id_format(&snapshot->id, id);
		json_set_text(json, "old_snapshot_id", id);
		id_format(&new_id, id);
		json_set_text(json, "new_snapshot_id", id);
		common_print_json(json);
	}
	return 1;
}

static int tag_all(const struct common *common, struct common_session *session, int argc,
	char **argv, struct err *err)
{
	cleanup_select struct select_list list = {0};
	cleanup_choose struct choose chosen = {0};
	size_t changed = 0;
	int r = select_load(session->repository, &list, err);

	if (r >= 0)
		r = choose_snapshots(&list, &arg_choose, argc, argv, &chosen, err);
	for (size_t i = 0; r >= 0 && i < chosen.count; i++) {
		if (*common->stop)
			return err_set(err, ERR_SYSTEM, ECANCELED, "tag: interrupted");
		r = tag_one(common, session, &list, chosen.items[i], err);
		changed += r > 0;
	}
	if (r < 0)
		return r;
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "changed_snapshots", (int64_t)changed);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(P_("%zu snapshot was changed.\n", "%zu snapshots were changed.\n", changed),
			changed);
	}
	return 0;
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int code;

	if (!arg_set.count && !arg_add.count && !arg_remove.count)
		err_set(&err, ERR_CONFIG, EINVAL, "tag: say what with --set, --add or --remove");
	else if (arg_set.count && (arg_add.count || arg_remove.count))
		err_set(&err, ERR_CONFIG, EINVAL, "tag: --set goes without --add and --remove");
	if (err.code)
		return common_fail(common, &err);
	code = common_open_to_change(common, COMMON_LOCK_EXCLUSIVE, false, &session);
	if (code)
		return code;
	return tag_all(common, &session, argc, argv, &err) < 0 ? common_fail(common, &err)
							       : EXIT_CODE_OK;
}

const struct verb verb_tag = {
	.name = "tag",
	.arguments = N_("[SNAPSHOT...]"),
	.summary = N_("change the tags of snapshots"),
	.details = N_("A snapshot with other tags is another one: it gets a new id and remembers "
		      "its first.\n\nExample: nexus-backup -r /data/backup/repo tag --add keep "
		      "latest"),
	.options = options,
	.max_arguments = -1,
	.run = run,
};
