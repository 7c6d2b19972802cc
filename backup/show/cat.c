#include <stdio.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/show/pick.h"
#include "backup/show/show.h"
#include "base/i18n.h"
#include "crypto/cipher.h"
#include "repo/text/text.h"

#define FILE_SIZE_MAX (512u << 20)

/* Finds the one object of a type whose name begins so. */
struct naming {
	const char *start;
	struct id found;
	unsigned count;
};

static int match_name(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	struct naming *naming = context;
	char text[ID_TEXT_SIZE];

	(void)size_bytes;
	(void)err;
	id_format(id, text);
	if (str_after(text, naming->start)) {
		naming->found = *id;
		naming->count++;
	}
	return 0;
}

static int find_object(struct repository *repository, enum store_type type, const char *text,
	struct id *ret, struct err *err)
{
	struct naming naming = {.start = text};
	int r = repository_list(repository, type, match_name, &naming, err);

	if (r < 0)
		return r;
	if (!naming.count || !*text)
		return err_set(err, ERR_NOT_FOUND, ENOENT, "find %s %s: there is none",
			store_type_name(type), text);
	if (naming.count > 1)
		return err_set(err, ERR_CONFIG, EINVAL, "find %s %s: more than one begins so",
			store_type_name(type), text);
	*ret = naming.found;
	return 0;
}

static void print_bytes(const void *data, size_t size)
{
	fwrite(data, 1, size, stdout);
}

/* With line breaks if it can be read exactly; else as it stands. */
static void print_pretty(const void *data, size_t size)
{
	cleanup_json struct json *json = NULL;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (json_parse(data, size, size, &json, &err) >= 0)
		text = json_print_pretty(json);
	if (text)
		puts(text);
	else
		print_bytes(data, size);
}

static int cat_stored(struct repository *repository, enum store_type type, const char *text,
	bool pretty, struct err *err)
{
	cleanup_free uint8_t *data = NULL;
	char name[ID_TEXT_SIZE];
	size_t size;
	struct id id;
	int r = find_object(repository, type, text, &id, err);

	if (r < 0)
		return r;
	id_format(&id, name);
	r = store_load(repository_store(repository), type, name, FILE_SIZE_MAX, &data, &size, err);
	if (r < 0)
		return r;
	if (pretty)
		print_pretty(data, size);
	else
		print_bytes(data, size);
	return 0;
}

static int cat_file(
	struct repository *repository, enum store_type type, const char *text, struct err *err)
{
	cleanup_buf struct buf content = BUF_INIT(FILE_SIZE_MAX);
	struct id id;
	int r = find_object(repository, type, text, &id, err);

	if (r >= 0)
		r = repository_load_file(
			repository, repository_codec(repository), type, &id, &content, err);
	if (r < 0)
		return r;
	if (type == STORE_INDEX)
		print_bytes(content.data, content.size);
	else
		print_pretty(content.data, content.size);
	return 0;
}

static int cat_snapshot(struct repository *repository, const char *text, struct err *err)
{
	struct choose_arguments none = {0};
	cleanup_pick struct pick pick = {0};
	char id[ID_TEXT_SIZE];
	int r = pick_one(repository, text, &none, &pick, err);

	if (r < 0)
		return r;
	id_format(&pick.snapshot->id, id);
	return cat_file(repository, STORE_SNAPSHOT, id, err);
}

static int cat_tree(struct repository *repository, const char *text, struct err *err)
{
	struct choose_arguments none = {0};
	cleanup_pick struct pick pick = {0};
	cleanup_buf struct buf content = BUF_INIT(BLOB_TREE_MAX);
	int r = pick_one(repository, text, &none, &pick, err);

	if (r >= 0)
		r = repository_load_blob(repository, repository_codec(repository), BLOB_TREE,
			&pick.tree, &content, err);
	if (r >= 0)
		print_bytes(content.data, content.size);
	return r;
}

static int cat_blob(struct repository *repository, const char *text, struct err *err)
{
	cleanup_buf struct buf content = BUF_INIT(BLOB_TREE_MAX);
	struct id id;
	int r = id_parse(text, &id) ? repository_load_index(repository, NULL, err)
				    : err_set(err, ERR_CONFIG, EINVAL,
					      "find blob %s: 64 hex digits are an id", text);

	for (unsigned type = 0; r >= 0 && type < 2; type++) {
		if (!repository_has_blob(repository, (enum blob_type)type, &id))
			continue;
		r = repository_load_blob(repository, repository_codec(repository),
			(enum blob_type)type, &id, &content, err);
		if (r >= 0)
			print_bytes(content.data, content.size);
		return r;
	}
	return r < 0 ? r : err_set(err, ERR_NOT_FOUND, ENOENT, "find blob %s: there is none", text);
}

static int cat_config(struct repository *repository, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CONFIG_MAX);
	int r = config_format(repository_config(repository), &text, err);

	if (r >= 0)
		print_pretty(text.data, text.size);
	return r;
}

static int cat_masterkey(struct repository *repository, struct err *err)
{
	const struct cipher_key *key = blob_codec_key(repository_codec(repository));
	cleanup_buf struct buf text = BUF_INIT(4096);
	int r = buf_add_text(&text, "{\n  \"mac\": {\n    \"k\": ", err);

	if (r >= 0)
		r = text_add_base64(&text, key->mac_k, sizeof(key->mac_k), err);
	if (r >= 0)
		r = buf_add_text(&text, ",\n    \"r\": ", err);
	if (r >= 0)
		r = text_add_base64(&text, key->mac_r, sizeof(key->mac_r), err);
	if (r >= 0)
		r = buf_add_text(&text, "\n  },\n  \"encrypt\": ", err);
	if (r >= 0)
		r = text_add_base64(&text, key->encrypt, sizeof(key->encrypt), err);
	if (r >= 0)
		r = buf_add_text(&text, "\n}\n", err);
	if (r >= 0)
		print_bytes(text.data, text.size);
	if (text.data)
		explicit_bzero(text.data, text.allocated);
	return r;
}

static int cat(struct repository *repository, const char *what, const char *id, struct err *err)
{
	bool alone = strcmp(what, "config") == 0 || strcmp(what, "masterkey") == 0;

	if (alone == (id != NULL))
		return err_set(err, ERR_CONFIG, EINVAL,
			alone ? "print %s: there is one only, it takes no id"
			      : "print %s: say the id of which",
			what);
	if (alone)
		return strcmp(what, "config") == 0 ? cat_config(repository, err)
						   : cat_masterkey(repository, err);
	if (strcmp(what, "snapshot") == 0)
		return cat_snapshot(repository, id, err);
	if (strcmp(what, "tree") == 0)
		return cat_tree(repository, id, err);
	if (strcmp(what, "blob") == 0)
		return cat_blob(repository, id, err);
	if (strcmp(what, "index") == 0)
		return cat_file(repository, STORE_INDEX, id, err);
	if (strcmp(what, "lock") == 0)
		return cat_file(repository, STORE_LOCK, id, err);
	if (strcmp(what, "key") == 0)
		return cat_stored(repository, STORE_KEY, id, true, err);
	if (strcmp(what, "pack") == 0)
		return cat_stored(repository, STORE_PACK, id, false, err);
	return err_set(err, ERR_CONFIG, EINVAL,
		"print %s: config, masterkey, snapshot, index, key, lock, pack, blob or tree",
		what);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	int code = common_open(common, NULL, COMMON_LOCK_SHARED, &session);

	if (code)
		return code;
	if (cat(session.repository, argv[0], argc > 1 ? argv[1] : NULL, &err) < 0)
		return common_fail(common, &err);
	return EXIT_CODE_OK;
}

const struct verb verb_cat = {
	.name = "cat",
	.arguments = N_("WHAT [ID]"),
	.summary = N_("print one object of the repository as it is"),
	.details = N_("WHAT is config or masterkey, or with an ID snapshot, index, key, lock, "
		      "pack, blob or tree;\na tree is given as SNAPSHOT[:FOLDER]. Who has the "
		      "master key can read everything.\n\n"
		      "Example: nexus-backup -r /data/backup/repo cat snapshot latest"),
	.min_arguments = 1,
	.max_arguments = 2,
	.run = run,
};
