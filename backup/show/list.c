#include <stdio.h>
#include <string.h>

#include "backup/common/common.h"
#include "backup/show/show.h"
#include "base/i18n.h"

static int print_id(const struct id *id, uint64_t size_bytes, void *context, struct err *err)
{
	char text[ID_TEXT_SIZE];

	(void)size_bytes;
	(void)context;
	(void)err;
	id_format(id, text);
	puts(text);
	return 0;
}

/* Each copy of a blob that an index names. */
static int list_blobs(struct repository *repository, struct err *err)
{
	const struct index *index;
	char text[ID_TEXT_SIZE];
	int r = repository_load_index(repository, NULL, err);

	if (r < 0)
		return r;
	index = repository_index(repository);
	for (size_t i = 0; i < index_count(index); i++) {
		const struct index_entry *entry = index_at(index, i);

		id_format(&entry->id, text);
		printf("%s %s\n", entry->is_tree ? "tree" : "data", text);
	}
	return 0;
}

static int list(struct repository *repository, const char *what, struct err *err)
{
	static const struct {
		const char *word;
		enum store_type type;
	} types[] = {
		{"snapshots", STORE_SNAPSHOT},
		{"packs", STORE_PACK},
		{"index", STORE_INDEX},
		{"keys", STORE_KEY},
		{"locks", STORE_LOCK},
	};

	if (strcmp(what, "blobs") == 0)
		return list_blobs(repository, err);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(what, types[i].word) == 0)
			return repository_list(repository, types[i].type, print_id, NULL, err);
	return err_set(err, ERR_CONFIG, EINVAL,
		"list %s: blobs, packs, index, snapshots, keys or locks", what);
}

static int run(int argc, char **argv, void *context)
{
	const struct common *common = context;
	cleanup_common_session struct common_session session = {0};
	struct err err = ERR_INIT;
	/* As restic: a lock of our own would be in the list of locks. */
	int code = common_open(common, NULL,
		strcmp(argv[0], "locks") == 0 ? COMMON_LOCK_NONE : COMMON_LOCK_SHARED, &session);

	(void)argc;
	if (code)
		return code;
	if (list(session.repository, argv[0], &err) < 0)
		return common_fail(common, &err);
	return EXIT_CODE_OK;
}

const struct verb verb_list = {
	.name = "list",
	.arguments = "blobs|packs|index|snapshots|keys|locks",
	.summary = N_("list the objects of the repository"),
	.details = N_("One id a line; for blobs with their type before it.\n\n"
		      "Example: nexus-backup -r /data/backup/repo list packs"),
	.min_arguments = 1,
	.max_arguments = 1,
	.run = run,
};
