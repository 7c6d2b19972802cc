#include "repo/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/upkeep/upkeep.h"
#include "base/i18n.h"

#define PREFIX_MIN 4 /* digits of an id, to name a key that is to go */

static const char *arg_new_password_file, *arg_user, *arg_host;

static const struct verb_option options[] = {
	{.long_name = "new-password-file",
		.argument = N_("FILE"),
		.help = N_("file with the new password (otherwise it is asked for)"),
		.text = &arg_new_password_file},
	{.long_name = "user",
		.argument = N_("NAME"),
		.help = N_("user that is written down in the new key"),
		.text = &arg_user},
	{.long_name = "host",
		.argument = N_("NAME"),
		.help = N_("host that is written down in the new key"),
		.text = &arg_host},
	{0},
};

/* --- list --- */

struct listing {
	const struct common *common;
	struct repository *repository;
	struct json *array; /* NULL: for people */
};

static void print_key(const struct listing *listing, const struct id *id, bool is_current,
	const struct key_file *file)
{
	char name[ID_TEXT_SIZE], time[32] = "";
	struct node_time created = {0};
	struct err err = ERR_INIT;
	struct json *json;

	id_format(id, name);
	if (clock_rfc3339_parse(
		    file->created, &created.seconds, &created.nanoseconds, NULL, &err) >= 0)
		common_format_time(&created, time);
	if (!listing->array) {
		printf("%c%.8s  %s  %s@%s\n", is_current ? '*' : ' ', name, time, file->username,
			file->hostname);
		return;
	}
	json = json_object_new();
	json_set_bool(json, "current", is_current);
	json_set_text(json, "id", name);
	json_set_text(json, "userName", file->username);
	json_set_text(json, "hostName", file->hostname);
	json_set_text(json, "created", time);
	json_add(listing->array, json);
}

static int list_key(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct listing *listing = context;
	cleanup_free uint8_t *text = NULL;
	struct err key_err = ERR_INIT;
	struct key_file file = {0};
	char name[ID_TEXT_SIZE];
	size_t size;
	int r;

	(void)size_bytes;
	(void)err;
	id_format(id, name);
	r = store_load(repository_store(listing->repository), STORE_KEY, name, KEY_FILE_MAX, &text,
		&size, &key_err);
	if (r >= 0)
		r = key_file_parse(text, size, &file, &key_err);
	if (r < 0) {
		common_tell(listing->common, name, &key_err);
		return 0;
	}
	str_sanitize(file.username);
	str_sanitize(file.hostname);
	print_key(listing, id, id_equal(id, repository_key_id(listing->repository)), &file);
	return 0;
}

static int list(const struct common *common, struct repository *repository, struct err *err)
{
	struct listing listing = {common, repository, common->json ? json_array_new() : NULL};
	int r = repository_list(repository, STORE_KEY, list_key, &listing, err);

	if (r >= 0 && listing.array)
		common_print_json(listing.array);
	else
		json_free(listing.array);
	return r;
}

/* --- add, passwd --- */

/* Proves that the new password opens the repository by the new key. -EEXIST: another does, and id
 * is that. */
static int try_key(
	const struct common *common, const char *password, struct id *id, struct err *err)
{
	cleanup_repository struct repository *repository = NULL;
	struct store *store;
	int r = common_open_store(common, false, &store, err);

	if (r >= 0)
		r = repository_open(store, password, NULL, &repository, err);
	if (r < 0 || id_equal(repository_key_id(repository), id))
		return r;
	*id = *repository_key_id(repository);
	return err_set(err, ERR_CONFIG, EEXIST,
		"try new key: another key opens with this password already");
}

static int remove_key(struct repository *repository, const struct id *id, struct err *err)
{
	char name[ID_TEXT_SIZE];

	id_format(id, name);
	return store_remove(repository_store(repository), STORE_KEY, name, err);
}

/* -EEXIST: nothing was added; ret is the key that opens with the new password already. */
static int add(
	const struct common *common, struct repository *repository, struct id *ret, struct err *err)
{
	cleanup_password char *password = NULL;
	struct err ignored = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct id added;
	int r = password_new(arg_new_password_file, &password, err);

	if (r >= 0)
		r = repository_add_key(repository, password, arg_user, arg_host, ret, err);
	if (r < 0)
		return r;
	added = *ret;
	r = try_key(common, password, ret, err);
	if (r < 0 && remove_key(repository, &added, &ignored) < 0)
		return err_wrap(err, "add key (and it could not be removed: %s)", ignored.text);
	if (r < 0)
		return r;
	id_format(ret, name);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "added");
		json_set_text(json, "id", name);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(_("Key %.8s was added.\n"), name);
	}
	return 0;
}

static int told_removed(const struct common *common, const struct id *id)
{
	char name[ID_TEXT_SIZE];

	id_format(id, name);
	if (common->json) {
		struct json *json = json_object_new();

		json_set_text(json, "message_type", "removed");
		json_set_text(json, "id", name);
		common_print_json(json);
	} else if (!common->quiet) {
		printf(_("Key %.8s was removed.\n"), name);
	}
	return 0;
}

static int passwd(const struct common *common, struct repository *repository, struct err *err)
{
	struct id id;
	int r = add(common, repository, &id, err);

	/* The key of a change that was interrupted here; what is left is to remove the old one. */
	if (r == -EEXIST && !id_equal(&id, repository_key_id(repository)))
		r = 0;
	if (r >= 0)
		r = remove_key(repository, repository_key_id(repository), err);
	return r < 0 ? r : told_removed(common, repository_key_id(repository));
}

/* --- remove --- */

struct finding {
	const char *prefix;
	struct id id;
	unsigned count;
};

static int find_key(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct finding *finding = context;
	char name[ID_TEXT_SIZE];

	(void)size_bytes;
	(void)err;
	id_format(id, name);
	if (!str_after(name, finding->prefix))
		return 0;
	finding->id = *id;
	finding->count++;
	return 0;
}

static int remove_named(const struct common *common, struct repository *repository,
	const char *prefix, struct err *err)
{
	struct finding finding = {.prefix = prefix};
	int r = repository_list(repository, STORE_KEY, find_key, &finding, err);

	if (r < 0)
		return r;
	if (strlen(prefix) < PREFIX_MIN || finding.count > 1)
		return err_set(err, ERR_CONFIG, EINVAL,
			"remove key %s: give more of its id, to be sure which is meant", prefix);
	if (!finding.count)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "remove key %s: there is none", prefix);
	if (id_equal(&finding.id, repository_key_id(repository)))
		return err_set(err, ERR_CONFIG, EBUSY,
			"remove key %s: it is the one that the repository was opened with", prefix);
	r = remove_key(repository, &finding.id, err);
	return r < 0 ? r : told_removed(common, &finding.id);
}

static int run(int argc, char **argv, void *context)
{
	static const char *const actions[] = {"list", "add", "remove", "passwd"};
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	size_t action = 0;
	struct id id;
	int r, code;

	while (action < 4 && strcmp(argv[0], actions[action]) != 0)
		action++;
	if (action == 4 || (argc == 2) != (action == 2)) {
		err_set(&err, ERR_CONFIG, EINVAL,
			"key: it takes list, add, passwd, or remove and an id");
		return common_fail(common, &err);
	}
	code = common_open_to_change(common,
		action < 2 ? COMMON_LOCK_SHARED : COMMON_LOCK_EXCLUSIVE, action == 0, &session);
	if (code)
		return code;
	if (action == 0)
		r = list(common, session.repository, &err);
	else if (action == 1)
		r = add(common, session.repository, &id, &err);
	else if (action == 2)
		r = remove_named(common, session.repository, argv[1], &err);
	else
		r = passwd(common, session.repository, &err);
	return r < 0 ? common_fail(common, &err) : EXIT_CODE_OK;
}

const struct verb verb_key = {
	.name = "key",
	.arguments = N_("list|add|remove ID|passwd"),
	.summary = N_("list, add and remove keys, change the password"),
	.details = N_("Each key opens the repository with a password of its own. passwd adds a key "
		      "with the new\npassword, proves that it opens, and removes the one that was "
		      "used.\n\nExample: nexus-backup -r /data/backup/repo key add "
		      "--new-password-file /root/second.key"),
	.options = options,
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
