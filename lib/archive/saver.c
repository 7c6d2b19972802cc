#include "archive/saver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (1u << 20) /* bytes asked for at once */

void saver_tell(struct saver *saver, const struct err *err)
{
	progress_add(&saver->options->progress->errors, 1);
	if (saver->options->on_error)
		saver->options->on_error(
			saver->options->context, (const char *)saver->path.data, err);
}

int saver_tick(struct saver *saver, struct err *err)
{
	bool stopping = saver->options->stop && *saver->options->stop;
	/* Who lost the lock must not build on what others may have pruned. */
	int r = saver->lock ? lock_refresh(saver->lock, err) : 0;

	if (r >= 0 && saver->now_and_then)
		r = saver->now_and_then(saver, stopping, err);
	if ((r >= 0 || r == -ECANCELED) && stopping)
		return err_set(err, ERR_SYSTEM, ECANCELED, "back up: interrupted");
	if (r >= 0 && saver->options->tick)
		saver->options->tick(saver->options->context);
	return r;
}

int saver_stand_back(struct saver *saver, struct err *err)
{
	saver->here = -1;
	if (saver->start_fd >= 0 && fchdir(saver->start_fd) < 0)
		return err_errno(err, errno, "return to the current folder");
	return 0;
}

static int file_release(struct saver *saver, struct save_file *file, struct blob_codec *codec,
	bool failed, struct err *err)
{
	struct save_dir *dir = file->dir;
	bool last;

	pthread_mutex_lock(&saver->mutex);
	last = --file->pending == 0;
	if (last)
		saver_enter_content(dir, file->slot, file->ids, file->count);
	pthread_mutex_unlock(&saver->mutex);
	if (!last)
		return 0;
	free(file);
	return saver_dir_release(saver, dir, codec, failed, err);
}

static int save_chunk(struct saver *saver, const struct pipeline_job *job, const struct id *id,
	struct blob_codec *codec, bool failed, struct err *err)
{
	struct save_file *file = job->owner;
	struct repository_added added = {0};
	int r = 0, released;

	if (!failed)
		r = repository_save_blob_as(
			saver->repository, codec, BLOB_DATA, id, job->data, job->size, &added, err);
	slab_unref(job->part);
	if (!failed && r >= 0) {
		pthread_mutex_lock(&saver->mutex);
		file->ids[job->number] = *id;
		saver_count(saver, BLOB_DATA, &added);
		pthread_mutex_unlock(&saver->mutex);
		progress_add(&saver->options->progress->bytes_done, job->size);
		blob_codec_trim(codec);
	}
	released = file_release(saver, file, codec, failed || r < 0, err);
	return r < 0 ? r : released;
}

int saver_work(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec, bool failed,
	void *context, struct err *err)
{
	struct hash_input inputs[PIPELINE_BATCH_MAX] = {{0}};
	struct id ids[PIPELINE_BATCH_MAX];
	int r = 0;

	for (size_t i = 0; i < count; i++)
		inputs[i] = (struct hash_input){jobs[i].data, jobs[i].size};
	if (!failed)
		r = blob_ids(codec, inputs, count, ids, err);
	for (size_t i = 0; i < count; i++) {
		int saved = save_chunk(context, &jobs[i], &ids[i], codec, failed || r < 0, err);

		if (r >= 0)
			r = saved;
	}
	return r;
}

/* Sends a slice of the current slab on its way. */
static int send_chunk(
	struct saver *saver, struct save_file *file, size_t start, size_t size, struct err *err)
{
	struct pipeline_job job = {
		.owner = file,
		.part = saver->slab,
		.data = saver->slab->data + start,
		.size = size,
	};
	int r = 0;

	pthread_mutex_lock(&saver->mutex);
	if (file->count == file->allocated) {
		size_t allocated = file->allocated ? file->allocated * 2 : 1;
		struct id *ids = realloc(file->ids, allocated * sizeof(*ids));

		if (ids) {
			file->ids = ids;
			file->allocated = allocated;
		} else {
			r = err_oom(err);
		}
	}
	if (r >= 0) {
		job.number = (uint32_t)file->count++;
		file->pending++;
	}
	pthread_mutex_unlock(&saver->mutex);
	if (r < 0)
		return r;
	saver->sent++;
	slab_ref(saver->slab);
	r = pipeline_push(saver->pipeline, &job, err);
	return r < 0 ? r : saver_tick(saver, err);
}

/* Takes a fresh slab and copies the open chunk's bytes to its start. */
static void next_slab(struct saver *saver, size_t *start, size_t have)
{
	struct slab *next = slab_get(saver->slabs);

	memcpy(next->data, saver->slab->data + *start, have);
	next->used = have;
	slab_unref(saver->slab);
	saver->slab = next;
	*start = 0;
}

/* Cuts what is there; *start and *have say where the open chunk stands. */
static int cut_chunks(
	struct saver *saver, struct save_file *file, size_t *start, size_t *have, struct err *err)
{
	for (;;) {
		size_t size = cutter_next(&file->cutter, saver->slab->data + *start, *have);
		int r;

		if (!size)
			return 0;
		r = send_chunk(saver, file, *start, size, err);
		if (r < 0)
			return r;
		*start += size;
		*have -= size;
	}
}

/* A stream may be silent for hours: being told to stop ends the wait, with EINTR. */
static ssize_t read_some(const struct saver *saver, int fd, size_t size, bool is_stream)
{
	const volatile bool *stop = saver->options->stop;
	ssize_t n;

	do {
		if (is_stream && stop && *stop) {
			errno = EINTR;
			return -1;
		}
		n = read(fd, saver->slab->data + saver->slab->used, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Reads fd, which stands behind *ret_size bytes, to its end. Returns 0, 1 if reading failed (told
 * in read_err; the file is to be left out), or the failure of the pool. */
static int read_file(struct saver *saver, struct save_file *file, int fd, uint64_t expected,
	uint64_t *ret_size, struct err *read_err, struct err *err)
{
	size_t start, have = 0;
	uint64_t size = *ret_size;
	int r;

	if (!saver->slab)
		saver->slab = slab_get(saver->slabs);
	start = saver->slab->used;
	for (;;) {
		size_t room, want;
		ssize_t n;

		if (saver->slab->used == SLAB_SIZE)
			next_slab(saver, &start, have);
		room = SLAB_SIZE - saver->slab->used;
		want = room < READ_SIZE ? room : READ_SIZE;
		n = read_some(saver, fd, want, expected == UINT64_MAX);
		if (n < 0) {
			err_errno(read_err, errno, "read it");
			return 1;
		}
		saver->slab->used += (size_t)n;
		have += (size_t)n;
		size += (uint64_t)n;
		r = cut_chunks(saver, file, &start, &have, err);
		if (r < 0)
			return r;
		/* A short read at the expected size is the end: saves a call a file. */
		if (n == 0 || ((size_t)n < want && size == expected))
			break;
	}
	*ret_size = size;
	return have ? send_chunk(saver, file, start, have, err) : 0;
}

static int open_file(int dir_fd, const char *name, struct stat *ret_st, struct err *err)
{
	int fd = walk_open(dir_fd, name, 0);

	if (fd < 0)
		return err_errno(err, fd, "open it");
	if (fstat(fd, ret_st) == 0 && S_ISREG(ret_st->st_mode))
		return fd;
	close(fd);
	return err_set(err, ERR_SYSTEM, ESTALE, "open it: it is no file any more");
}

static struct save_file *file_new(struct saver *saver, struct save_dir *dir, size_t slot)
{
	struct save_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->dir = dir;
	file->slot = slot;
	file->pending = 1;
	file->cutter.chunker = &saver->chunker;
	saver_dir_hold(saver, dir);
	return file;
}

/* Whether a file still is the one that was looked at then. */
static bool same_file(const struct saver *saver, const struct stat *st, const struct node *old)
{
	const struct save_options *options = saver->options;
	bool ctime_counts = !options->ignore_ctime && !options->ignore_inode;

	return old->type == NODE_FILE && old->size == (uint64_t)st->st_size &&
	       (old->inode == st->st_ino || options->ignore_inode) &&
	       old->modified.seconds == st->st_mtim.tv_sec &&
	       old->modified.nanoseconds == (uint32_t)st->st_mtim.tv_nsec &&
	       (!ctime_counts ||
		       (old->changed.seconds == st->st_ctim.tv_sec &&
			       old->changed.nanoseconds == (uint32_t)st->st_ctim.tv_nsec));
}

/* Goes on where an interrupted run was in this file, if nothing about it has changed and it would
 * be cut in the same way: its chunks up to there are the file's first ones. Returns bytes. */
static uint64_t go_on(struct saver *saver, struct save_file *file, const struct stat *st, int fd)
{
	struct partial *partial = partials_find(&saver->partials, (const char *)saver->path.data);
	uint64_t at = 0;

	if (!partial)
		return 0;
	if (same_file(saver, st, &partial->file) && partial->page == file->cutter.page)
		at = partial_trim(partial, saver->repository);
	if (at && lseek(fd, (off_t)at, SEEK_SET) == (off_t)at) {
		file->count = file->allocated = partial->count;
		file->ids = TAKE(partial->ids);
		saver->resumed.bytes += at;
		progress_add(&saver->options->progress->bytes_done, at);
	} else {
		at = 0;
	}
	partials_drop(&saver->partials, partial);
	return at;
}

static int save_content(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *open_name, const struct node *old, bool *ret_left_out, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct err read_err = ERR_INIT;
	cleanup_close int fd = -1;
	struct save_file *file;
	uint64_t size = 0;
	int r, released;

	fd = open_file(dir_fd, open_name, &entry->st, &read_err);
	if (fd < 0) {
		if (fd != -ENOENT)
			saver_tell(saver, &read_err);
		saver_drop(saver, dir, slot);
		*ret_left_out = true;
		return 0;
	}
	if (entry->st.st_size > (off_t)READ_SIZE)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	file = file_new(saver, dir, slot);
	if (!file)
		return err_oom(err);
	cutter_choose(&file->cutter, saver->repository, &saver->options->cuts, old, fd,
		(uint64_t)entry->st.st_size);
	size = go_on(saver, file, &entry->st, fd);
	saver->reading = file;
	r = read_file(saver, file, fd, (uint64_t)entry->st.st_size, &size, &read_err, err);
	saver->reading = NULL;
	if (r == 1) {
		saver_tell(saver, &read_err);
		saver_drop(saver, dir, slot);
		*ret_left_out = true;
		r = 0;
	} else if (r >= 0) {
		entry->st.st_size = (off_t)size;
		saver->summary.total_bytes_processed += size;
	}
	released = file_release(saver, file, repository_codec(saver->repository), r < 0, err);
	return r < 0 ? r : released;
}

int saver_stream(struct saver *saver, struct save_dir *dir, size_t slot, int fd, struct err *err)
{
	struct save_file *file = file_new(saver, dir, slot);
	struct err read_err = ERR_INIT;
	uint64_t size = 0;
	int r, released;

	if (!file)
		return err_oom(err);
	r = read_file(saver, file, fd, UINT64_MAX, &size, &read_err, err);
	if (r == 1) {
		*err = read_err;
		r = -err->code;
	} else if (r >= 0 && !size) {
		r = err_set(err, ERR_CONFIG, ENODATA, "read it: there is no data");
	}
	dir->entries[slot].st.st_size = (off_t)size;
	saver->summary.total_bytes_processed += size;
	saver->summary.files_new++;
	progress_add(&saver->options->progress->files_done, 1);
	released = file_release(saver, file, repository_codec(saver->repository), r < 0, err);
	return r < 0 ? r : released;
}

static bool unchanged(struct saver *saver, const struct walk_entry *entry, const struct node *old)
{
	if (!same_file(saver, &entry->st, old))
		return false;
	for (size_t i = 0; i < old->content_count; i++)
		if (!repository_has_blob(saver->repository, BLOB_DATA, &old->content[i]))
			return false;
	return true;
}

static int copy_content(struct saver *saver, struct save_dir *dir, size_t slot,
	const struct id *content, size_t count, struct err *err)
{
	struct id *ids;

	if (!count)
		return 0;
	ids = malloc(count * sizeof(*ids));
	if (!ids)
		return err_oom(err);
	memcpy(ids, content, count * sizeof(*ids));
	pthread_mutex_lock(&saver->mutex);
	saver_enter_content(dir, slot, ids, count);
	pthread_mutex_unlock(&saver->mutex);
	return 0;
}

static void count_unmodified(struct saver *saver, uint64_t size)
{
	saver->summary.files_unmodified++;
	saver->summary.total_bytes_processed += size;
	progress_add(&saver->options->progress->bytes_done, size);
}

int saver_keep(struct saver *saver, struct save_dir *dir, size_t slot,
	const struct tree_passed *passed, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];

	if (S_ISREG(entry->st.st_mode)) {
		count_unmodified(saver, (uint64_t)entry->st.st_size);
		progress_add(&saver->options->progress->files_done, 1);
	}
	if (!passed->text)
		return copy_content(saver, dir, slot, passed->content, passed->content_count, err);
	walk_entry_done(entry);
	entry->text = passed->text;
	entry->text_size = passed->size;
	return 0;
}

/* The content of a file that an interrupted run finished: 1, or 0 if there is none. */
static int take_over(struct saver *saver, struct save_dir *dir, size_t slot, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	const struct node *done = done_find(dir->done, entry->name);
	int r;

	if (!done || !unchanged(saver, entry, done))
		return 0;
	r = copy_content(saver, dir, slot, done->content, done->content_count, err);
	saver->resumed.files++;
	saver->resumed.bytes += (uint64_t)entry->st.st_size;
	saver->summary.total_bytes_processed += (uint64_t)entry->st.st_size;
	progress_add(&saver->options->progress->bytes_done, (uint64_t)entry->st.st_size);
	return r < 0 ? r : 1;
}

int saver_file(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *open_name, const struct node *old, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct progress *progress = saver->options->progress;
	bool left_out = false;
	int r;

	if (old && unchanged(saver, entry, old)) {
		r = copy_content(saver, dir, slot, old->content, old->content_count, err);
		count_unmodified(saver, (uint64_t)entry->st.st_size);
	} else {
		r = take_over(saver, dir, slot, err);
		if (r == 0)
			r = save_content(saver, dir, slot, dir_fd, open_name, old, &left_out, err);
		if (r < 0 || left_out)
			return r;
		if (old && old->type == NODE_FILE)
			saver->summary.files_changed++;
		else
			saver->summary.files_new++;
	}
	progress_add(&progress->files_done, 1);
	return r < 0 ? r : 0;
}
