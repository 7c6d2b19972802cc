#include <errno.h>
#include <stdio.h>

#include "backup/common/common.h"
#include "backup/verbs.h"
#include "base/i18n.h"
#include "repo/config.h"

static const char *arg_from_repository;
static const char *arg_from_password_file;
static bool arg_copy_parameters;

static const struct verb_option options[] = {
	{.long_name = "copy-chunker-params",
		.help = N_("cut files as another repository does, so that copies match"),
		.flag = &arg_copy_parameters},
	{.long_name = "from-repo",
		.argument = N_("PLACE"),
		.help = N_("that other repository"),
		.text = &arg_from_repository},
	{.long_name = "from-password-file",
		.argument = N_("FILE"),
		.help = N_("file with its password"),
		.text = &arg_from_password_file},
	{0},
};

/* The polynomial of the other repository. Returns 0 or an exit code. */
static int copy_polynomial(const struct common *common, uint64_t *ret)
{
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	struct common other;
	int code;

	if (common_other(common, arg_from_repository, arg_from_password_file, &other, &err) < 0)
		return common_fail(common, &err);
	code = common_open(&other, NULL, COMMON_LOCK_NONE, &session);
	if (code == 0)
		*ret = repository_config(session.repository)->polynomial;
	return code;
}

static int make(const struct common *common, uint64_t polynomial, struct id *ret, struct err *err)
{
	cleanup_common_password char *password = NULL;
	cleanup_store struct store *store = NULL;
	int r = common_password(common, true, &password, err);

	if (r >= 0)
		r = common_open_store(common, true, &store, err);
	return r < 0 ? r : repository_init(store, password, polynomial, NULL, ret, err);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	struct err err = ERR_INIT;
	char text[ID_TEXT_SIZE];
	uint64_t polynomial = 0;
	struct id id;
	int code;

	(void)argc;
	(void)argv;
	if (arg_from_repository && !arg_copy_parameters) {
		err_set(&err, ERR_CONFIG, EINVAL,
			"make repository: --copy-chunker-params and --from-repo go together");
		return common_fail(common, &err);
	}
	if (arg_copy_parameters) {
		code = copy_polynomial(common, &polynomial);
		if (code)
			return code;
	}
	if (make(common, polynomial, &id, &err) < 0)
		return common_fail(common, &err);
	id_format(&id, text);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "initialized");
		json_set_text(json, "id", text);
		json_set_text(json, "repository", common->repository);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(_("Made repository %.10s. Keep its password safe: without it the data can't "
			 "be read.\n"),
			text);
	}
	return EXIT_CODE_OK;
}

const struct verb verb_init = {
	.name = "init",
	.arguments = "",
	.summary = N_("make a new repository"),
	.details = N_("Makes the folder given by --repo, a key for the password, and the "
		      "configuration.\nRefuses when anything of a repository is there already.\n\n"
		      "Example: nexus-backup -r /data/backup/repo -p /root/repo.key init"),
	.options = options,
	.run = run,
};
