#include "archive/resume/checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "repo/snapshot.h"

#define PROGRAM "nexus-backup checkpoint 1" /* tells it from a snapshot, and its version */
#define NAME_MAX_SIZE (64u << 20) /* bytes of host and paths */

struct checkpoint {
	struct repository *repository; /* borrowed */
	struct snapshot want; /* owned: host and paths */
	char *path; /* owned */
};

static int copy_names(struct checkpoint *checkpoint, const char *hostname,
	const struct str_list *paths, struct err *err)
{
	int r = 0;

	checkpoint->want.hostname = strdup(hostname);
	checkpoint->want.program_version = strdup(PROGRAM);
	if (!checkpoint->want.hostname || !checkpoint->want.program_version)
		return err_oom(err);
	for (size_t i = 0; r >= 0 && i < paths->count; i++)
		r = str_list_add(&checkpoint->want.paths, paths->items[i], err);
	return r;
}

/* A name for host and paths: backups of different things do not disturb each other. */
static int name_it(struct checkpoint *checkpoint, const char *folder, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(NAME_MAX_SIZE);
	char repository_name[ID_TEXT_SIZE], name[ID_TEXT_SIZE];
	const struct snapshot *want = &checkpoint->want;
	struct id id;
	int r = buf_add(&text, want->hostname, strlen(want->hostname) + 1, err);

	for (size_t i = 0; r >= 0 && i < want->paths.count; i++)
		r = buf_add(&text, want->paths.items[i], strlen(want->paths.items[i]) + 1, err);
	if (r >= 0)
		r = blob_id(
			repository_codec(checkpoint->repository), text.data, text.size, &id, err);
	if (r < 0)
		return r;
	id_format(&id, name);
	id_format(&repository_config(checkpoint->repository)->id, repository_name);
	checkpoint->path = str_printf("%s/%s/checkpoints/%s", folder, repository_name, name);
	return checkpoint->path ? 0 : err_oom(err);
}

int checkpoint_new(struct repository *repository, const char *folder, const char *hostname,
	const struct str_list *paths, struct checkpoint **ret, struct err *err)
{
	cleanup_checkpoint struct checkpoint *checkpoint = calloc(1, sizeof(*checkpoint));
	int r;

	if (!checkpoint)
		return err_oom(err);
	checkpoint->repository = repository;
	r = copy_names(checkpoint, hostname, paths, err);
	if (r >= 0)
		r = name_it(checkpoint, folder, err);
	if (r < 0)
		return r;
	*ret = TAKE(checkpoint);
	return 0;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
	if (!checkpoint)
		return;
	snapshot_done(&checkpoint->want);
	free(checkpoint->path);
	free(checkpoint);
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
	if (!str_equal(a->program_version, b->program_version) ||
		!str_equal(a->hostname, b->hostname) || a->paths.count != b->paths.count)
		return false;
	for (size_t i = 0; i < a->paths.count; i++)
		if (strcmp(a->paths.items[i], b->paths.items[i]) != 0)
			return false;
	return true;
}

int checkpoint_parse(const struct checkpoint *checkpoint, const void *text, size_t size,
	struct id *ret_tree, struct err *err)
{
	cleanup_snapshot struct snapshot found = {0};
	int r = snapshot_parse(text, size, &found, err);

	if (r < 0)
		return r;
	if (!is_same(&found, &checkpoint->want))
		return err_set(err, ERR_CORRUPT, EBADMSG, "it is of another backup");
	*ret_tree = found.tree;
	return 0;
}

int checkpoint_open(const struct checkpoint *checkpoint, uint8_t *data, size_t size,
	struct id *ret_tree, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	int r = blob_open_file(repository_codec(checkpoint->repository), data, size, &text, err);

	return r < 0 ? r : checkpoint_parse(checkpoint, text.data, text.size, ret_tree, err);
}

int checkpoint_load(struct checkpoint *checkpoint, struct id *ret_tree, struct err *err)
{
	cleanup_free char *data = NULL;
	struct id tree;
	size_t size;
	int r = file_read(AT_FDCWD, checkpoint->path, CHECKPOINT_MAX, &data, &size, err);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = checkpoint_open(checkpoint, (uint8_t *)data, size, &tree, err);
	if (r >= 0 && !repository_has_blob(checkpoint->repository, BLOB_TREE, &tree))
		r = err_set(err, ERR_NOT_FOUND, ENOENT, "the repository no longer has its tree");
	if (r < 0)
		return err_wrap(err, "use checkpoint");
	*ret_tree = tree;
	return 1;
}

int checkpoint_save(struct checkpoint *checkpoint, const struct id *tree, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX), sealed = BUF_INIT(CHECKPOINT_MAX);
	cleanup_free char *folder = strdup(checkpoint->path);
	struct repository *repository = checkpoint->repository;
	uint64_t now_us = clock_realtime_us(repository_clock(repository));
	int r;

	if (!folder)
		return err_oom(err);
	*strrchr(folder, '/') = '\0';
	checkpoint->want.tree = *tree;
	checkpoint->want.time.seconds = (int64_t)(now_us / 1000000);
	r = snapshot_format(&checkpoint->want, &text, err);
	if (r >= 0)
		r = blob_seal_file(repository_codec(repository),
			repository_config(repository)->version >= 2, text.data, text.size, &sealed,
			err);
	if (r >= 0)
		r = file_make_dirs(folder, 0700, err);
	if (r >= 0)
		r = file_replace(AT_FDCWD, checkpoint->path, sealed.data, sealed.size, 0600, err);
	return r < 0 ? err_wrap(err, "save checkpoint") : 0;
}

void checkpoint_remove(struct checkpoint *checkpoint)
{
	cleanup_free char *folder = strdup(checkpoint->path);
	cleanup_closedir DIR *dir = NULL;
	struct dirent *entry;
	const char *name;

	/* One that stays is older than the snapshot: what it says is true all the same. */
	(void)unlink(checkpoint->path);
	if (!folder)
		return;
	name = strrchr(checkpoint->path, '/') + 1;
	folder[name - checkpoint->path] = '\0';
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		/* What runs left that were killed while they replaced it. */
		if (str_after(entry->d_name, name) && str_ends(entry->d_name, ".tmp"))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
}
