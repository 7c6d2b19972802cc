#include "archive/save.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/halfway.h"
#include "archive/saver.h"
#include "archive/target.h"

#define SLABS 2 /* one is filled while the other is worked off */
#define PATH_MAX_SIZE (1u << 20)

static void saver_done(struct saver *saver)
{
	if (saver->start_fd >= 0)
		close(saver->start_fd);
	pipeline_free(saver->pipeline);
	slab_unref(saver->slab);
	slab_pool_free(saver->slabs);
	walk_names_free(saver->names);
	buf_done(&saver->path);
	pthread_mutex_destroy(&saver->mutex);
}

/* Opens the parent snapshot's tree of a folder. One that can't be read is no reason to fail:
 * everything below is read again. */
static void open_beside(struct saver *saver, struct save_dir *dir, const struct id *previous,
	struct tree_beside *ret)
{
	struct err err = ERR_INIT;

	if (previous) {
		dir->previous = *previous;
		dir->has_previous = true;
	}
	if (tree_beside_open(saver->repository, repository_codec(saver->repository), previous, ret,
		    &err) < 0)
		saver_tell(saver, &err);
}

static const struct id *subtree_of(const struct node *node)
{
	return node && node->type == NODE_DIR && node->has_subtree ? &node->subtree : NULL;
}

static int walk_folder(struct saver *saver, struct save_dir *parent, size_t slot, int fd,
	const struct id *previous, bool empty, struct err *err);

/* Makes path the path of name in the folder whose path has size bytes. */
static int set_path(struct saver *saver, size_t size, const char *name, struct err *err)
{
	int r = 0;

	saver->path.size = size;
	if (!size || saver->path.data[size - 1] != '/')
		r = buf_add_byte(&saver->path, '/', err);
	return r < 0 ? r : buf_add_text(&saver->path, name, err);
}

static bool device_is_known(const struct saver *saver, dev_t device)
{
	for (size_t i = 0; i < saver->device_count; i++)
		if (saver->devices[i] == device)
			return true;
	return false;
}

static bool device_is_foreign(const struct saver *saver, dev_t device)
{
	return saver->options->one_file_system && !device_is_known(saver, device);
}

static int save_folder(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *open_name, const struct id *previous, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct err open_err = ERR_INIT;
	cleanup_close int fd = walk_open(dir_fd, open_name, O_DIRECTORY);

	if (fd < 0) {
		err_errno(&open_err, fd, "open it");
		if (fd != -ENOENT)
			saver_tell(saver, &open_err);
		saver_drop(saver, dir, slot);
		return 0;
	}
	/* A mount point of a file system that is left out stays, empty. */
	return walk_folder(
		saver, dir, slot, fd, previous, device_is_foreign(saver, entry->st.st_dev), err);
}

/* Saves one thing: name in dir_fd (open_name if it is opened by another name: that of a target).
 * The path is set. explicit: it was named, so nothing about it leaves it out. */
static int save_entry(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *name, const char *open_name, bool explicit, struct tree_beside *beside,
	struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct err incomplete, read_err = ERR_INIT;
	const struct node *old = NULL;
	struct tree_passed passed;
	struct node node;
	bool same;
	int r = walk_entry_read(dir_fd, open_name, saver->here == dir_fd, saver->names, entry,
		&incomplete, &read_err);

	if (r < 0 || S_ISSOCK(entry->st.st_mode)) {
		/* What vanished meanwhile is not missed; sockets are never stored. */
		if (r < 0 && r != -ENOENT)
			saver_tell(saver, &read_err);
		walk_entry_done(entry);
		return 0;
	}
	if (!explicit && saver->options->reject &&
		reject_size(saver->options->reject, &entry->st)) {
		walk_entry_done(entry);
		return 0;
	}
	if (incomplete.code)
		saver_tell(saver, &incomplete);
	if (open_name != name) {
		free(entry->name);
		entry->name = strdup(name);
		if (!entry->name)
			return err_oom(err);
	}
	if (S_ISREG(entry->st.st_mode) && device_is_foreign(saver, entry->st.st_dev)) {
		walk_entry_done(entry);
		return 0;
	}
	saver_node(saver, entry, &node);
	same = tree_beside_pass(beside, &node, &passed);
	if (!same)
		old = tree_beside_find(beside, name);
	if (S_ISDIR(entry->st.st_mode))
		return save_folder(saver, dir, slot, dir_fd, open_name,
			same ? &passed.subtree : subtree_of(old), err);
	if (same)
		return saver_keep(saver, dir, slot, &passed, err);
	if (!S_ISREG(entry->st.st_mode))
		return 0;
	return saver_file(saver, dir, slot, dir_fd, open_name, old, err);
}

/* Makes the folder fd this thread's current one, where attributes are found sooner. */
static void stand_in(struct saver *saver, int fd)
{
	if (saver->start_fd >= 0 && saver->here != fd)
		saver->here = fchdir(fd) == 0 ? fd : -1;
}

static int walk_entries(struct saver *saver, struct save_dir *dir, int fd, struct str_list *names,
	struct tree_beside *beside, struct err *err)
{
	const struct reject *reject = saver->options->reject;
	uint32_t tags = reject ? reject_tags(reject, fd) : 0;
	size_t path_size = saver->path.size;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < names->count; i++) {
		cleanup_free char *name = TAKE(names->items[i]); /* the entry has its own */

		if (tags && reject_name(reject, tags, name))
			continue;

		stand_in(saver, fd);
		dir->at = name;
		dir->at_done = false;
		r = set_path(saver, path_size, name, err);
		if (r >= 0)
			r = saver_tick(saver, err);
		dir->at_done = true;
		if (r >= 0 && !filter_match(saver->options->excludes,
				      (const char *)saver->path.data, NULL))
			r = save_entry(saver, dir, i, fd, name, name, false, beside, err);
	}
	saver->here = -1; /* the caller closes fd, and another folder may get its number */
	saver->path.size = path_size;
	if (saver->path.data)
		saver->path.data[path_size] = '\0';
	return r;
}

/* Saves what is in the folder fd as the subtree of parent's entry slot. Depth is bounded by
 * the descriptors that we may open. */
static int walk_folder(struct saver *saver, struct save_dir *parent, size_t slot, int fd,
	const struct id *previous, bool empty, struct err *err)
{
	cleanup_str_list struct str_list names = {0};
	struct err list_err = ERR_INIT;
	struct tree_beside beside;
	struct save_dir *dir;
	int r, released;

	if (!empty && walk_list(fd, &names, &list_err) < 0) {
		saver_tell(saver, &list_err);
		saver_drop(saver, parent, slot);
		return 0;
	}
	dir = saver_dir_new(parent, slot, names.count);
	if (!dir)
		return err_oom(err);
	dir->count = names.count;
	saver_dir_hold(saver, parent);
	open_beside(saver, dir, previous, &beside);
	halfway_enter(saver, dir);
	r = walk_entries(saver, dir, fd, &names, &beside, err);
	halfway_leave(saver, dir);
	saver_dir_leave(saver, dir);
	dir->same = tree_beside_end(&beside, &dir->text);
	released = saver_dir_release(saver, dir, repository_codec(saver->repository), r < 0, err);
	return r < 0 ? r : released;
}

static int walk_target(struct saver *saver, struct save_dir *dir, size_t slot,
	const struct target *target, struct tree_beside *beside, struct err *err);

/* A folder that is in the snapshot only because something below it was named. */
static int walk_targets(struct saver *saver, struct save_dir *parent, size_t slot,
	const struct target *target, const struct id *previous, struct err *err)
{
	struct save_dir *dir = saver_dir_new(parent, slot, target->count);
	struct tree_beside beside;
	int r = 0, released;

	if (!dir)
		return err_oom(err);
	dir->count = target->count;
	if (parent)
		saver_dir_hold(saver, parent);
	open_beside(saver, dir, previous, &beside);
	halfway_enter(saver, dir);
	dir->at_done = true;
	for (size_t i = 0; r >= 0 && i < target->count; i++) {
		dir->at = target->children[i]->name;
		r = walk_target(saver, dir, i, target->children[i], &beside, err);
	}
	halfway_leave(saver, dir);
	saver_dir_leave(saver, dir);
	dir->same = tree_beside_end(&beside, &dir->text);
	released = saver_dir_release(saver, dir, repository_codec(saver->repository), r < 0, err);
	return r < 0 ? r : released;
}

static int walk_target(struct saver *saver, struct save_dir *dir, size_t slot,
	const struct target *target, struct tree_beside *beside, struct err *err)
{
	struct walk_entry *entry = &dir->entries[slot];
	struct err incomplete;
	int r;

	buf_clear(&saver->path);
	r = buf_add_text(&saver->path, target->absolute, err);
	if (r < 0)
		return r;
	if (target->leaf) {
		if (!target->explicit_leaf &&
			filter_match(saver->options->excludes, target->absolute, NULL))
			return 0;
		r = save_entry(saver, dir, slot, AT_FDCWD, target->name, target->path,
			target->explicit_leaf, beside, err);
		return r < 0 ? r : saver_stand_back(saver, err);
	}
	/* Attributes of the folders above may be unreadable for us: not asked for, no loss. */
	r = walk_entry_read(AT_FDCWD, target->path, false, saver->names, entry, &incomplete, err);
	if (r >= 0 && S_ISLNK(entry->st.st_mode) && stat(target->path, &entry->st) < 0)
		r = err_errno(err, errno, "look at it");
	if (r < 0)
		return err_wrap(err, "back up %s", target->path);
	free(entry->link_target);
	entry->link_target = NULL;
	free(entry->name);
	entry->name = strdup(target->name);
	if (!entry->name)
		return err_oom(err);
	return walk_targets(
		saver, dir, slot, target, subtree_of(tree_beside_find(beside, target->name)), err);
}

/* What a stream is stored as: a file or folder of nobody, with the snapshot's time. */
static int stream_entry(struct walk_entry *entry, const char *name, size_t size, bool folder,
	const struct node_time *time, struct err *err)
{
	const struct timespec at = {time->seconds, time->nanoseconds};

	entry->name = strndup(name, size);
	if (!entry->name)
		return err_oom(err);
	entry->user = entry->group = "";
	entry->st = (struct stat){
		.st_mode = folder ? S_IFDIR | 0755 : S_IFREG | 0644,
		.st_atim = at,
		.st_mtim = at,
		.st_ctim = at,
	};
	return 0;
}

/* Saves the stream as path, which is clean, below the entry slot of parent. */
static int walk_stream(struct saver *saver, struct save_dir *parent, size_t slot, const char *path,
	const struct node_time *time, struct err *err)
{
	struct save_dir *dir = saver_dir_new(parent, slot, 1);
	const char *rest;
	size_t size;
	int r, released;

	if (!dir)
		return err_oom(err);
	dir->count = 1;
	if (parent)
		saver_dir_hold(saver, parent);
	path += strspn(path, "/");
	size = strcspn(path, "/");
	rest = path + size;
	r = stream_entry(&dir->entries[0], path, size, *rest != 0, time, err);
	if (r >= 0 && *rest)
		r = walk_stream(saver, dir, 0, rest, time, err);
	else if (r >= 0)
		r = saver_stream(saver, dir, 0, saver->options->stream_fd, err);
	released = saver_dir_release(saver, dir, repository_codec(saver->repository), r < 0, err);
	return r < 0 ? r : released;
}

static int walk_whole_stream(struct saver *saver, const struct node_time *time, struct err *err)
{
	const struct save_options *options = saver->options;
	int r = walk_stream(saver, NULL, 0, options->stream_path, time, err);

	return r < 0 || !options->on_stream_end ? r : options->on_stream_end(options->context, err);
}

/* Remembers the file systems of what was named, for one_file_system. */
static int note_devices(struct saver *saver, const struct target *target, struct err *err)
{
	struct stat st;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < target->count; i++)
		r = note_devices(saver, target->children[i], err);
	if (r < 0 || !target->leaf)
		return r;
	if (lstat(target->path, &st) < 0)
		return target->explicit_leaf ? err_errno(err, errno, "back up %s", target->path)
					     : 0;
	if (device_is_known(saver, st.st_dev))
		return 0;
	if (saver->device_count == SAVER_DEVICES_MAX)
		return err_set(err, ERR_CONFIG, E2BIG, "back up: too many file systems");
	saver->devices[saver->device_count++] = st.st_dev;
	return 0;
}

static struct node_time now(const struct clock *clock)
{
	uint64_t us = clock_realtime_us(clock);

	return (struct node_time){(int64_t)(us / 1000000), (uint32_t)(us % 1000000) * 1000};
}

static int copy_text(const char *text, char **ret, struct err *err)
{
	*ret = strdup(text ? text : "");
	return *ret ? 0 : err_oom(err);
}

static int copy_list(const struct str_list *from, struct str_list *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && from && i < from->count; i++)
		r = str_list_add(ret, from->items[i], err);
	return r;
}

static int make_snapshot(
	struct saver *saver, const struct node_time *start, struct snapshot *ret, struct err *err)
{
	const struct save_options *options = saver->options;
	const struct passwd *user = getpwuid(getuid());
	struct snapshot_summary *summary = &ret->summary;
	int r;

	*summary = saver->summary;
	summary->backup_start = *start;
	ret->time = options->time.seconds || options->time.nanoseconds ? options->time : *start;
	summary->backup_end = now(repository_clock(saver->repository));
	summary->total_files_processed =
		summary->files_new + summary->files_changed + summary->files_unmodified;
	ret->has_summary = true;
	ret->tree = saver->root;
	ret->uid = getuid();
	ret->gid = getgid();
	ret->has_parent = options->parent != NULL;
	if (options->parent)
		ret->parent = options->parent->id;
	r = copy_text(options->hostname, &ret->hostname, err);
	if (r >= 0)
		r = copy_text(user ? user->pw_name : "", &ret->username, err);
	if (r >= 0)
		r = copy_text(options->program_version, &ret->program_version, err);
	if (r >= 0 && options->stream_path)
		r = str_list_add(&ret->paths, options->stream_path, err);
	else if (r >= 0)
		r = target_absolute(options->paths, &ret->paths, err);
	if (r >= 0)
		r = copy_list(options->tags, &ret->tags, err);
	return r < 0 ? r : copy_list(options->exclude_texts, &ret->excludes, err);
}

static int store_snapshot(struct saver *saver, struct snapshot *snapshot, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(SNAPSHOT_MAX);
	struct repository *repository = saver->repository;
	int r = snapshot_format(snapshot, &text, err);

	if (r >= 0 && saver->lock)
		r = lock_refresh(saver->lock, err);
	if (r >= 0)
		r = repository_save_file(repository, repository_codec(repository), STORE_SNAPSHOT,
			text.data, text.size, &snapshot->id, err);
	return r < 0 ? err_wrap(err, "save snapshot") : 0;
}

struct count_job {
	struct saver *saver;
	const struct target *target;
};

static void count_aside(void *context, const bool *stop)
{
	struct count_job *job = context;

	walk_count(job->target, job->saver->options->excludes, job->saver->options->reject,
		job->saver->options->progress, stop);
}

static int begin_halfway(struct saver *saver, struct err *err)
{
	cleanup_str_list struct str_list paths = {0};
	int r = target_absolute(saver->options->paths, &paths, err);

	return r < 0 ? r : halfway_begin(saver, &paths, err);
}

static int prepare(struct saver *saver, const struct target *target, struct err *err)
{
	int r = saver->options->stream_path ? 0 : note_devices(saver, target, err);

	if (r >= 0 && !saver->options->stream_path && !target->count)
		r = err_set(err, ERR_CONFIG, ENOENT, "back up: there is nothing to save");
	if (r >= 0)
		r = slab_pool_new(SLABS, &saver->slabs, err);
	if (r >= 0)
		r = walk_names_new(&saver->names, err);
	if (r >= 0)
		r = pipeline_new(saver->repository, 0, saver_work, saver, &saver->pipeline, err);
	if (r >= 0)
		saver->slab = slab_get(saver->slabs);
	return r < 0 ? r : begin_halfway(saver, err);
}

/* Gives this thread, and those it starts from now on, a current folder of their own. Without one
 * attributes are found by longer paths. */
static void own_folder(struct saver *saver)
{
	saver->here = -1;
	saver->start_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (saver->start_fd >= 0 && unshare(CLONE_FS) < 0) {
		close(saver->start_fd);
		saver->start_fd = -1;
	}
}

static int run(struct saver *saver, const struct target *target, const struct node_time *start,
	struct err *err)
{
	const struct save_options *options = saver->options;
	struct count_job count = {saver, target};
	struct node_time time = options->time.seconds ? options->time : *start;
	struct err flush_err = ERR_INIT;
	int r = prepare(saver, target, err);

	if (r >= 0 && options->count_first)
		r = pipeline_aside(saver->pipeline, count_aside, &count, err);
	if (r < 0)
		return r;
	own_folder(saver);
	if (options->stream_path)
		r = walk_whole_stream(saver, &time, err);
	else
		r = walk_targets(saver, NULL, 0, target,
			options->parent ? &options->parent->tree : NULL, err);
	progress_enter(options->progress, PROGRESS_SAVING);
	if (r < 0) {
		(void)!saver_stand_back(saver, &flush_err);
		/* Queued chunks are still stored, so that the next run finds them. A failing
		 * pool or a full disk makes this fail too; the first error is what is told. */
		if (pipeline_drain(saver->pipeline, &flush_err) >= 0)
			(void)!repository_flush(
				saver->repository, repository_codec(saver->repository), &flush_err);
	} else {
		r = pipeline_drain(saver->pipeline, err);
		if (r >= 0)
			r = repository_flush(
				saver->repository, repository_codec(saver->repository), err);
		if (r >= 0 && options->stop && *options->stop)
			r = halfway_stop(saver, err);
	}
	pipeline_free(TAKE(saver->pipeline)); /* count points to this frame */
	return r;
}

int save_run(struct repository *repository, struct lock *lock, const struct save_options *options,
	struct snapshot *ret, struct err *err)
{
	struct node_time start = now(repository_clock(repository));
	cleanup_target struct target *target = NULL;
	struct saver saver = {
		.repository = repository,
		.lock = lock,
		.options = options,
		.path = BUF_INIT(PATH_MAX_SIZE),
		.here = -1,
		.start_fd = -1,
	};
	cleanup_snapshot struct snapshot snapshot = {0};
	int r = target_new(options->paths->items, options->stream_path ? 0 : options->paths->count,
		&target, err);

	if (r < 0)
		return r;
	chunker_init(&saver.chunker, repository_config(repository)->polynomial);
	pthread_mutex_init(&saver.mutex, NULL);
	r = run(&saver, target, &start, err);
	if (r >= 0)
		r = make_snapshot(&saver, &start, &snapshot, err);
	if (r >= 0 && !options->dry_run &&
		!(options->skip_if_unchanged && options->parent &&
			id_equal(&options->parent->tree, &saver.root)))
		r = store_snapshot(&saver, &snapshot, err);
	halfway_end(&saver, r >= 0);
	saver_done(&saver);
	if (r < 0)
		return r;
	*ret = snapshot;
	snapshot = (struct snapshot){0};
	return 0;
}
