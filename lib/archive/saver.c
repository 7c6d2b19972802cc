#include "archive/saver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE (1u << 20) /* bytes asked for at once */
#define ENTRIES_AT_ONCE 2000u /* of a folder, as text */
#define IDS_AT_ONCE 20000u /* of the content of its files */

void saver_tell(struct saver *saver, const struct err *err)
{
	progress_add(&saver->options->progress->errors, 1);
	if (saver->options->on_error)
		saver->options->on_error(
			saver->options->context, (const char *)saver->path.data, err);
}

int saver_tick(struct saver *saver, struct err *err)
{
	if (saver->options->stop && *saver->options->stop)
		return err_set(err, ERR_SYSTEM, ECANCELED, "back up: interrupted");
	if (saver->options->tick)
		saver->options->tick(saver->options->context);
	return saver->lock ? lock_refresh(saver->lock, err) : 0;
}

int saver_stand_back(struct saver *saver, struct err *err)
{
	saver->here = -1;
	if (saver->start_fd >= 0 && fchdir(saver->start_fd) < 0)
		return err_errno(err, errno, "return to the current folder");
	return 0;
}

/* --- Trees: in whichever thread does the last part --- */

static void dir_free(struct save_dir *dir)
{
	for (size_t i = 0; i < dir->count; i++)
		walk_entry_done(&dir->entries[i]);
	free(dir->entries);
	buf_done(&dir->text);
	free(dir);
}

struct save_dir *saver_dir_new(struct save_dir *parent, size_t slot, size_t count)
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

void saver_node(const struct saver *saver, const struct walk_entry *entry, struct node *ret)
{
	walk_entry_node(entry, ret);
	if (saver->options->with_atime)
		ret->accessed = walk_time(&entry->st.st_atim);
}

/* Copies what stood in the parent's tree, or makes anew. */
static int add_entry(const struct saver *saver, const struct walk_entry *entry, bool first,
	struct buf *ret, struct err *err)
{
	struct node node;
	int r;

	if (entry->text) {
		r = first ? 0 : buf_add_byte(ret, ',', err);
		return r < 0 ? r : buf_add(ret, entry->text, entry->text_size, err);
	}
	saver_node(saver, entry, &node);
	return tree_add(ret, &node, first, err);
}

/* How many ids the entry's text will hold, about: text is little else when they are many. */
static size_t count_ids(const struct walk_entry *entry)
{
	return entry->text ? entry->text_size / ID_TEXT_SIZE : entry->content_count;
}

/* The text of a folder's tree, some entries at a time. */
struct tree_text {
	const struct saver *saver;
	const struct save_dir *dir;
	size_t next;
	bool any; /* an entry was put */
};

static int next_entries(void *context, bool first, struct buf *ret, struct err *err)
{
	struct tree_text *text = context;
	const struct save_dir *dir = text->dir;
	size_t ids = 0;
	int r = 0;

	if (first) {
		text->next = 0;
		text->any = false;
		r = tree_begin(ret, err);
	}
	for (size_t i = 0;
		r >= 0 && i < ENTRIES_AT_ONCE && ids < IDS_AT_ONCE && text->next < dir->count;
		i++) {
		const struct walk_entry *entry = &dir->entries[text->next++];

		if (!entry->name && !entry->text)
			continue; /* left out: excluded or unreadable */
		r = add_entry(text->saver, entry, !text->any, ret, err);
		ids += count_ids(entry);
		text->any = true;
	}
	if (r < 0 || text->next < dir->count)
		return r < 0 ? r : 1;
	return tree_end(ret, err);
}

static bool is_large(const struct save_dir *dir)
{
	size_t ids = 0;

	for (size_t i = 0; i < dir->count; i++)
		ids += count_ids(&dir->entries[i]);
	return dir->count > ENTRIES_AT_ONCE || ids > IDS_AT_ONCE;
}

/* The text of most folders is short and made once; that of large ones is not held. */
static int store_tree(struct saver *saver, struct blob_codec *codec, const struct save_dir *dir,
	struct id *ret, struct repository_added *ret_added, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	struct tree_text context = {.saver = saver, .dir = dir};
	const struct blob_source source = {next_entries, &context};
	int r;

	/* Every byte of the text is that of the tree before, which is stored. */
	if (dir->same && !dir->differs) {
		*ret = dir->previous;
		*ret_added = (struct repository_added){0};
		return 0;
	}
	if (is_large(dir))
		return repository_save_tree(saver->repository, codec, &source, ret, ret_added, err);
	r = next_entries(&context, true, &text, err);
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
	if (!dir->has_previous || !id_equal(&dir->previous, id))
		dir->parent->differs = true;
	if (!dir->has_previous)
		saver->summary.dirs_new++;
	else if (id_equal(&dir->previous, id))
		saver->summary.dirs_unmodified++;
	else
		saver->summary.dirs_changed++;
}

int saver_dir_release(struct saver *saver, struct save_dir *dir, struct blob_codec *codec,
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

static int file_release(struct saver *saver, struct save_file *file, struct blob_codec *codec,
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
		count_added(saver, BLOB_DATA, &added);
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

void saver_dir_hold(struct saver *saver, struct save_dir *dir)
{
	pthread_mutex_lock(&saver->mutex);
	dir->pending++;
	pthread_mutex_unlock(&saver->mutex);
}

void saver_drop(struct saver *saver, struct save_dir *dir, size_t slot)
{
	pthread_mutex_lock(&saver->mutex);
	walk_entry_done(&dir->entries[slot]);
	dir->differs = true;
	pthread_mutex_unlock(&saver->mutex);
}

/* --- Files --- */

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

/* Reads fd to its end. Returns 0, 1 if reading failed (told in read_err; the file is to be left
 * out), or the failure of the pool. */
static int read_file(struct saver *saver, struct save_file *file, int fd, uint64_t expected,
	uint64_t *ret_size, struct err *read_err, struct err *err)
{
	size_t start = saver->slab->used, have = 0;
	uint64_t size = 0;
	int r;

	for (;;) {
		size_t room, want;
		ssize_t n;

		if (saver->slab->used == SLAB_SIZE)
			next_slab(saver, &start, have);
		room = SLAB_SIZE - saver->slab->used;
		want = room < READ_SIZE ? room : READ_SIZE;
		n = read(fd, saver->slab->data + saver->slab->used, want);
		if (n < 0 && errno == EINTR)
			continue;
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
	r = read_file(saver, file, fd, (uint64_t)entry->st.st_size, &size, &read_err, err);
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
	const struct save_options *options = saver->options;
	const struct stat *st = &entry->st;
	bool ctime_counts = !options->ignore_ctime && !options->ignore_inode;

	if (old->type != NODE_FILE || old->size != (uint64_t)st->st_size ||
		(old->inode != st->st_ino && !options->ignore_inode) ||
		old->modified.seconds != st->st_mtim.tv_sec ||
		old->modified.nanoseconds != (uint32_t)st->st_mtim.tv_nsec ||
		(ctime_counts &&
			(old->changed.seconds != st->st_ctim.tv_sec ||
				old->changed.nanoseconds != (uint32_t)st->st_ctim.tv_nsec)))
		return false;
	for (size_t i = 0; i < old->content_count; i++)
		if (!repository_has_blob(saver->repository, BLOB_DATA, &old->content[i]))
			return false;
	return true;
}

static int copy_content(
	struct walk_entry *entry, const struct id *content, size_t count, struct err *err)
{
	if (!count)
		return 0;
	entry->content = malloc(count * sizeof(*content));
	if (!entry->content)
		return err_oom(err);
	memcpy(entry->content, content, count * sizeof(*content));
	entry->content_count = count;
	return 0;
}

static void count_unmodified(struct saver *saver, uint64_t size)
{
	saver->summary.files_unmodified++;
	saver->summary.total_bytes_processed += size;
	progress_add(&saver->options->progress->bytes_done, size);
}

int saver_keep(struct saver *saver, struct walk_entry *entry, const struct tree_passed *passed,
	struct err *err)
{
	if (S_ISREG(entry->st.st_mode)) {
		count_unmodified(saver, (uint64_t)entry->st.st_size);
		progress_add(&saver->options->progress->files_done, 1);
	}
	if (!passed->text)
		return copy_content(entry, passed->content, passed->content_count, err);
	walk_entry_done(entry);
	entry->text = passed->text;
	entry->text_size = passed->size;
	return 0;
}

int saver_file(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *open_name, const struct node *old, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct progress *progress = saver->options->progress;
	bool left_out = false;
	int r;

	if (old && unchanged(saver, entry, old)) {
		r = copy_content(entry, old->content, old->content_count, err);
		count_unmodified(saver, (uint64_t)entry->st.st_size);
	} else {
		r = save_content(saver, dir, slot, dir_fd, open_name, old, &left_out, err);
		if (left_out)
			return r;
		if (old && old->type == NODE_FILE)
			saver->summary.files_changed++;
		else
			saver->summary.files_new++;
	}
	progress_add(&progress->files_done, 1);
	return r;
}
