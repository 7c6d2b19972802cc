#include "archive/assemble.h"

#include <errno.h>
#include <stdlib.h>

static void dir_free(struct save_dir *dir)
{
	for (size_t i = 0; i < dir->count; i++)
		walk_entry_done(&dir->entries[i]);
	free(dir->entries);
	free(dir);
}

struct save_dir *assemble_dir_new(struct save_dir *parent, size_t slot, size_t count)
{
	struct save_dir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return NULL;
	dir->parent = parent;
	dir->slot = slot;
	dir->pending = 1;
	dir->entries = calloc(count ? count : 1, sizeof(*dir->entries));
	if (dir->entries)
		return dir;
	free(dir);
	return NULL;
}

static void count_added(
	struct saver *saver, enum blob_type type, const struct repository_added *added)
{
	if (!added->is_new)
		return;
	if (type == BLOB_TREE)
		saver->summary.tree_blobs++;
	else
		saver->summary.data_blobs++;
	saver->summary.data_added += added->plain_bytes;
	saver->summary.data_added_packed += added->stored_bytes;
}

static int store_tree(struct saver *saver, struct blob_codec *codec, const struct save_dir *dir,
	struct id *ret, struct repository_added *ret_added, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	bool first = true;
	int r = tree_begin(&text, err);

	for (size_t i = 0; r >= 0 && i < dir->count; i++) {
		struct node node;

		if (!dir->entries[i].name)
			continue; /* left out: excluded or unreadable */
		walk_entry_node(&dir->entries[i], &node);
		r = tree_add(&text, &node, first, err);
		first = false;
	}
	if (r >= 0)
		r = tree_end(&text, err);
	return r < 0 ? r
		     : repository_save_blob(saver->repository, codec, BLOB_TREE, text.data,
			       text.size, ret, ret_added, err);
}

/* Enters a stored tree into the parent's entry. Called with the mutex held. */
static void enter_tree(struct saver *saver, const struct save_dir *dir, const struct id *id,
	const struct repository_added *added)
{
	count_added(saver, BLOB_TREE, added);
	if (!dir->parent) {
		saver->root = *id;
		return;
	}
	dir->parent->entries[dir->slot].subtree = *id;
	dir->parent->entries[dir->slot].has_subtree = true;
	if (!dir->has_previous)
		saver->summary.dirs_new++;
	else if (id_equal(&dir->previous, id))
		saver->summary.dirs_unmodified++;
	else
		saver->summary.dirs_changed++;
}

int assemble_dir_release(struct saver *saver, struct save_dir *dir, struct blob_codec *codec,
	bool failed, struct err *err)
{
	int r = failed ? -ECANCELED : 0;

	while (dir) {
		struct save_dir *parent = dir->parent;
		struct repository_added added;
		struct id id;
		bool last;

		pthread_mutex_lock(&saver->mutex);
		last = --dir->pending == 0;
		pthread_mutex_unlock(&saver->mutex);
		if (!last)
			break;
		if (r >= 0)
			r = store_tree(saver, codec, dir, &id, &added, err);
		pthread_mutex_lock(&saver->mutex);
		if (r >= 0)
			enter_tree(saver, dir, &id, &added);
		pthread_mutex_unlock(&saver->mutex);
		dir_free(dir);
		dir = parent;
	}
	return failed ? 0 : r;
}

int assemble_file_release(struct saver *saver, struct save_file *file, struct blob_codec *codec,
	bool failed, struct err *err)
{
	struct save_dir *dir = file->dir;
	bool last;

	pthread_mutex_lock(&saver->mutex);
	last = --file->pending == 0;
	if (last && dir->entries[file->slot].name) {
		dir->entries[file->slot].content = file->ids;
		dir->entries[file->slot].content_count = file->count;
		file->ids = NULL;
	}
	pthread_mutex_unlock(&saver->mutex);
	if (!last)
		return 0;
	free(file->ids);
	free(file);
	return assemble_dir_release(saver, dir, codec, failed, err);
}

int assemble_work(const struct pipeline_job *job, struct blob_codec *codec, bool failed,
	void *context, struct err *err)
{
	struct saver *saver = context;
	struct save_file *file = job->owner;
	struct repository_added added = {0};
	struct id id;
	int r = 0, released;

	if (!failed)
		r = repository_save_blob(saver->repository, codec, BLOB_DATA, job->data, job->size,
			&id, &added, err);
	slab_unref(job->part);
	if (!failed && r >= 0) {
		pthread_mutex_lock(&saver->mutex);
		file->ids[job->number] = id;
		count_added(saver, BLOB_DATA, &added);
		pthread_mutex_unlock(&saver->mutex);
		progress_add(&saver->options->progress->bytes_done, job->size);
		blob_codec_trim(codec);
	}
	released = assemble_file_release(saver, file, codec, failed || r < 0, err);
	return r < 0 ? r : released;
}

void assemble_dir_hold(struct saver *saver, struct save_dir *dir)
{
	pthread_mutex_lock(&saver->mutex);
	dir->pending++;
	pthread_mutex_unlock(&saver->mutex);
}

void assemble_drop(struct saver *saver, struct save_dir *dir, size_t slot)
{
	pthread_mutex_lock(&saver->mutex);
	walk_entry_done(&dir->entries[slot]);
	pthread_mutex_unlock(&saver->mutex);
}
