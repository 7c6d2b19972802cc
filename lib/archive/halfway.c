#include "archive/halfway.h"

#include <errno.h>

#include "archive/resume/checkpoint.h"
#include "archive/resume/done.h"

/* Grows with all that a checkpoint would save from being done again. */
static uint64_t work_done(struct saver *saver)
{
	uint64_t ret;

	pthread_mutex_lock(&saver->mutex);
	ret = saver->summary.files_new + saver->summary.files_changed + saver->sent;
	pthread_mutex_unlock(&saver->mutex);
	return ret;
}

/* Stores the folders that are open, the walked one and those above, as far as they are known. All
 * others are stored, or will be walked; no worker has anything to do. */
static int store_open_folders(struct saver *saver, struct id *ret_root, struct err *err)
{
	struct blob_codec *codec = repository_codec(saver->repository);
	struct save_dir *dir = saver->walked;
	struct repository_added added;
	int r;

	for (;;) {
		r = saver_store_tree(saver, codec, dir, ret_root, &added, err);
		if (r < 0 || !dir->parent)
			return r;
		/* Stands in for the whole one, until that is entered. */
		dir->parent->entries[dir->slot].subtree = *ret_root;
		dir->parent->entries[dir->slot].has_subtree = true;
		dir = dir->parent;
	}
}

/* Writes the file that says what is stored. One that can't be written is no reason to fail. */
static void tell(struct saver *saver, const struct id *root)
{
	const struct save_options *options = saver->options;
	const struct save_file *reading = saver->reading;
	struct partial partials[1 + PARTIALS_MAX];
	struct err err = ERR_INIT;
	size_t count = 0;

	/* All of it is borrowed. */
	if (reading && reading->count) {
		const struct stat *st = &reading->dir->entries[reading->slot].st;

		count = 1;
		partials[0] = (struct partial){
			.path = (char *)saver->path.data,
			.file =
				{
					.type = NODE_FILE,
					.size = (uint64_t)st->st_size,
					.inode = st->st_ino,
					.modified = walk_time(&st->st_mtim),
					.changed = walk_time(&st->st_ctim),
				},
			.page = reading->cutter.page,
			.ids = reading->ids,
			.count = reading->count,
		};
	}
	for (size_t i = 0; i < saver->partials.count; i++)
		partials[count++] = saver->partials.items[i];
	if (checkpoint_save(saver->checkpoint, root, partials, count, &err) < 0 && options->on_note)
		options->on_note(options->context, &err);
}

/* First blobs and index, then the file that builds on them. */
static int make(struct saver *saver, struct err *err)
{
	struct progress *progress = saver->options->progress;
	const struct save_file *reading = saver->reading;
	struct walk_entry *entry = reading ? &reading->dir->entries[reading->slot] : NULL;
	char *name = NULL;
	struct id root;
	int r = saver_stand_back(saver, err); /* the file's path may lead from there */

	progress_enter(progress, PROGRESS_SAVING);
	if (r >= 0)
		r = pipeline_drain(saver->pipeline, err);
	if (entry) { /* the file that is being read is no whole one */
		name = entry->name;
		entry->name = NULL;
	}
	if (r >= 0)
		r = store_open_folders(saver, &root, err);
	if (entry)
		entry->name = name;
	if (r >= 0)
		r = repository_flush(saver->repository, repository_codec(saver->repository), err);
	progress_enter(progress, PROGRESS_WORKING);
	if (r < 0)
		return r;
	tell(saver, &root);
	saver->checkpoint_work = work_done(saver);
	saver->checkpoint_at_us = clock_monotonic_us(repository_clock(saver->repository));
	return 0;
}

static int make_if_due(struct saver *saver, bool stopping, struct err *err)
{
	uint64_t now_us = clock_monotonic_us(repository_clock(saver->repository));

	if (!saver->walked ||
		(!stopping && now_us - saver->checkpoint_at_us < saver->options->checkpoint_us) ||
		work_done(saver) == saver->checkpoint_work)
		return 0;
	return make(saver, err);
}

int halfway_stop(struct saver *saver, struct err *err)
{
	if (saver->checkpoint)
		tell(saver, &saver->root);
	return err_set(err, ERR_SYSTEM, ECANCELED, "back up: interrupted");
}

int halfway_begin(struct saver *saver, const struct str_list *paths, struct err *err)
{
	const struct save_options *options = saver->options;
	struct err load_err = ERR_INIT;
	int r;

	if (!options->checkpoint_folder || !options->checkpoint_us || options->dry_run ||
		options->stream_path)
		return 0;
	r = checkpoint_new(saver->repository, options->checkpoint_folder, options->hostname, paths,
		&saver->checkpoint, err);
	if (r < 0)
		return r;
	saver->checkpoint_at_us = clock_monotonic_us(repository_clock(saver->repository));
	saver->now_and_then = make_if_due;
	if (options->ignore_checkpoint)
		return 0;
	r = checkpoint_load(saver->checkpoint, &saver->done_root, &saver->partials, &load_err);
	saver->has_done = r > 0;
	if (r < 0 && options->on_note)
		options->on_note(options->context, &load_err);
	return 0;
}

void halfway_end(struct saver *saver, bool saved)
{
	if (saved && saver->checkpoint)
		checkpoint_remove(saver->checkpoint);
	if (saver->options->resumed)
		*saver->options->resumed = saver->resumed;
	checkpoint_free(saver->checkpoint);
	saver->checkpoint = NULL;
	partials_done(&saver->partials);
}

void halfway_enter(struct saver *saver, struct save_dir *dir)
{
	const struct id *id = saver->has_done ? &saver->done_root : NULL;
	const struct node *node;

	if (dir->parent) {
		node = done_find(dir->parent->done, dir->parent->entries[dir->slot].name);
		id = node && node->has_subtree ? &node->subtree : NULL;
	}
	if (id && dir->has_previous && id_equal(id, &dir->previous))
		id = NULL; /* the parent snapshot knows as much */
	dir->done = done_open(saver->repository, id);
	saver->walked = dir;
}

void halfway_leave(struct saver *saver, struct save_dir *dir)
{
	done_close(dir->done);
	dir->done = NULL;
	saver->walked = dir->parent;
}
