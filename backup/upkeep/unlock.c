#include <stdio.h>

#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

static bool arg_remove_all;

static const struct verb_option options[] = {
	{.long_name = "remove-all",
		.help = N_("remove every lock, even of a run that is at work"),
		.flag = &arg_remove_all},
	{0},
};

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	unsigned removed = 0;
	int code = common_open(common, NULL, COMMON_LOCK_NONE, &session);

	(void)argc;
	(void)argv;
	if (code)
		return code;
	if (lock_remove_stale(session.repository, arg_remove_all, &removed, &err) < 0)
		return common_fail(common, &err);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "summary");
		json_set_integer(json, "removed_locks", removed);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(P_("%u lock was removed.\n", "%u locks were removed.\n", removed), removed);
	}
	return EXIT_CODE_OK;
}

const struct verb verb_unlock = {
	.name = "unlock",
	.arguments = "",
	.summary = N_("remove locks that were left behind"),
	.details = N_("Removes locks that are older than 30 minutes or whose process or machine "
		      "start is gone.\nLocks that a killed or rebooted machine left itself are "
		      "recognised by every command;\nthis one is for those of other machines.\n\n"
		      "Example: nexus-backup -r /data/backup/repo unlock"),
	.options = options,
	.run = run,
};
