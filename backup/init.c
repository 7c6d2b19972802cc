#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/common/from.h"
#include "backup/verbs.h"
#include "base/i18n.h"
#include "repo/config.h"

static struct from_arguments arg_from = FROM_ARGUMENTS_INIT;
static const char *arg_version = "stable";
static bool arg_copy_parameters;

static const struct verb_option options[] = {
	{.long_name = "copy-chunker-params",
		.help = N_("cut files as another repository does, so that copies match"),
		.flag = &arg_copy_parameters},
	FROM_OPTIONS(arg_from),
	{.long_name = "repository-version",
		.argument = N_("VERSION"),
		.help = N_("version of the format: 2, which 'stable' and 'latest' are too"),
		.text = &arg_version},
	{0},
};

/* The polynomial of the other repository. Returns 0 or an exit code. */
static int copy_polynomial(const struct common *common, uint64_t *ret)
{
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	struct common other;
	int code;

	if (from_common(common, &arg_from, &other, &err) < 0)
		return common_fail(common, &err);
	code = common_open(&other, NULL, COMMON_LOCK_NONE, &session);
	if (code == 0)
		*ret = repository_config(session.repository)->polynomial;
	return code;
}

static int make(const struct common *common, uint64_t polynomial, struct id *ret, struct err *err)
{
	cleanup_password char *password = NULL;
	cleanup_store struct store *store = NULL;
	int r = password_get(&common->password, true, &password, err);

	if (r >= 0)
		r = common_open_store(common, true, &store, err);
	return r < 0 ? r : repository_init(store, password, polynomial, NULL, ret, err);
}

/* Version 1 has no compression; only restics older than 0.14 (2022) need it. */
static int check_options(struct err *err)
{
	if (from_is_given(&arg_from) && !arg_copy_parameters)
		return err_set(err, ERR_CONFIG, EINVAL,
			"make repository: --from-repo goes with --copy-chunker-params");
	if (strcmp(arg_version, "1") == 0)
		return err_set(err, ERR_CONFIG, ENOTSUP,
			"make repository: version 1, which can't compress, is used but not made; "
			"every restic since 0.14 reads version 2");
	if (strcmp(arg_version, "2") != 0 && strcmp(arg_version, "stable") != 0 &&
		strcmp(arg_version, "latest") != 0)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read --repository-version %s: 2, stable or latest", arg_version);
	return 0;
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
	if (check_options(&err) < 0)
		return common_fail(common, &err);
	if (arg_copy_parameters) {
		code = copy_polynomial(common, &polynomial);
		if (code)
			return code;
	}
	if (make(common, polynomial, &id, &err) < 0)
		return common_fail(common, &err);
	id_format(&id, text);
	if (common->json) {
		cleanup_free char *place = place_show(common->repository, &common->place);
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "initialized");
		json_set_text(json, "id", text);
		json_set_text(json, "repository", place);
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
	.details = N_(
		"Makes the folder given by --repo (or the bucket), a key for the password, and the "
		"configuration.\nRefuses when anything of a repository is there already.\n\n"
		"Example: nexus-backup -r /data/backup/repo -p /root/repo.key init"),
	.options = options,
	.run = run,
};
