/* Inside of save, which walks: the content of files, taken from the parent snapshot or read and
 * cut, and trees, put together in whichever thread does a folder's last part. */
#ifndef NEXUS_ARCHIVE_SAVER_H
#define NEXUS_ARCHIVE_SAVER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "archive/cut/cutter.h"
#include "archive/pipeline.h"
#include "archive/resume/checkpoint.h"
#include "archive/resume/done.h"
#include "archive/resume/partial.h"
#include "archive/save_options.h"
#include "archive/slab/slab.h"
#include "archive/slab/spill.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "repo/chunker.h"
#include "repo/lock.h"
#include "repo/stream/tree_beside.h"
#include "repo/tree.h"

#define SAVER_DEVICES_MAX 256

/* A folder whose tree is not stored yet. It is freed when its last part is done. */
struct save_dir {
	struct save_dir *parent; /* NULL: the root */
	size_t slot; /* its entry in the parent */
	struct walk_entry *entries; /* owned, in order */
	size_t count;
	unsigned pending; /* files and folders in it that are not done, and the walker itself */
	struct id previous; /* its tree in the parent snapshot */
	bool has_previous;
	bool same; /* so far as the walker saw, its tree is the previous one */
	bool differs; /* but an entry became another, or none, since; guarded by the mutex */
	size_t held; /* ids of its files' content in memory; guarded by the mutex */
	struct spill *spill; /* owned: the others; NULL: there are none */
	bool no_spill; /* there is no room for it */
	struct buf text; /* owned: what texts of entries are borrowed from */
	struct done *done; /* owned while it is walked: what an interrupted run stored of it */
	const char *at; /* borrowed while it is walked: how far the walker is in it */
	bool at_done; /* and whether what is called so is being saved, or was */
};

/* A file whose chunks are on their way. */
struct save_file {
	struct save_dir *dir;
	size_t slot;
	struct cutter cutter;
	struct id *ids; /* owned until it is done */
	size_t count, allocated;
	unsigned pending; /* chunks, and the walker itself */
};

struct saver {
	struct repository *repository;
	struct lock *lock;
	const struct save_options *options;
	struct pipeline *pipeline;
	struct slab_pool *slabs;
	struct slab *slab; /* being filled; NULL: the next file takes one */
	struct walk_names *names;
	struct chunker chunker;
	struct buf path; /* of what is being looked at, as excludes see it */
	int start_fd; /* the current folder before the walk; -1: it is not moved */
	int here; /* the walker's current folder, by its descriptor; -1: not known */
	dev_t devices[SAVER_DEVICES_MAX];
	size_t device_count;

	/* Of halfway: */
	int (*now_and_then)(struct saver *saver, bool stopping, struct err *err); /* or NULL */
	struct checkpoint *checkpoint; /* owned; NULL: none are made */
	uint64_t checkpoint_at_us; /* when the last one was made, monotonic */
	uint64_t checkpoint_work; /* what was done by then */
	struct id done_root; /* of an interrupted run */
	bool has_done;
	struct partials partials; /* owned: what it had read of files that the walker is to find */
	uint64_t sent; /* chunks */
	struct save_dir *walked; /* the folder that the walker is in */
	const struct save_file *reading; /* by the walker; saver->path is its path */
	struct save_resumed resumed;

	pthread_mutex_t mutex; /* guards the pending counts, the ids and what follows */
	struct snapshot_summary summary;
	struct id root;
};

/* Tells that what saver->path names could not be read, and counts it. */
void saver_tell(struct saver *saver, const struct err *err);
/* Back to the current folder of before the walk, where relative paths lead from. */
int saver_stand_back(struct saver *saver, struct err *err) __attribute__((warn_unused_result));
/* What is done now and then: look whether to stop, keep the lock fresh, show progress. */
int saver_tick(struct saver *saver, struct err *err) __attribute__((warn_unused_result));

/* An empty folder with room for count entries and one pending part, the walker's. NULL without
 * memory. */
struct save_dir *saver_dir_new(struct save_dir *parent, size_t slot, size_t count);

/* Counts a blob of the type, if it is new. Called with the mutex held. */
void saver_count(struct saver *saver, enum blob_type type, const struct repository_added *added);

/* The walker leaves a folder: one whose tree will need much memory gets that of the slab. */
void saver_dir_leave(struct saver *saver, struct save_dir *dir);
/* Enters a file's content, which is taken, also when the entry was left out meanwhile. Called with
 * the mutex held. */
void saver_enter_content(struct save_dir *dir, size_t slot, struct id *ids, size_t count);

/* Adds one pending part. */
void saver_dir_hold(struct saver *saver, struct save_dir *dir);
/* Drops one. The last one stores the folder's tree, and so on upwards. failed: the pool has
 * stopped, only memory is released. codec is the thread's. */
int saver_dir_release(struct saver *saver, struct save_dir *dir, struct blob_codec *codec,
	bool failed, struct err *err) __attribute__((warn_unused_result));
/* The tree's view of an entry, as the options want it; borrows from it. */
void saver_node(const struct saver *saver, const struct walk_entry *entry, struct node *ret);
/* Finishes an entry, no folder, that is as it was in the parent snapshot. */
int saver_keep(struct saver *saver, struct save_dir *dir, size_t slot,
	const struct tree_passed *passed, struct err *err) __attribute__((warn_unused_result));
/* Stores the tree of what is known of the folder; codec is the thread's. */
int saver_store_tree(struct saver *saver, struct blob_codec *codec, const struct save_dir *dir,
	struct id *ret, struct repository_added *ret_added, struct err *err)
	__attribute__((warn_unused_result));
/* Leaves an entry out of its tree. */
void saver_drop(struct saver *saver, struct save_dir *dir, size_t slot);

/* A worker's jobs: each a chunk of a file. A pipeline_work_fn. */
int saver_work(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec, bool failed,
	void *context, struct err *err);

/* Reads fd, a pipe or the like, to its end as the content of dir's entry slot. -ENODATA if there
 * is nothing in it: what should have written to it has most likely failed. */
int saver_stream(struct saver *saver, struct save_dir *dir, size_t slot, int fd, struct err *err)
	__attribute__((warn_unused_result));

/* Fills the content of dir's entry slot, now or when the workers are done with it. open_name is
 * what it is called in dir_fd: not always the entry's name. old is the same file in the parent
 * snapshot, or NULL. A file that can't be read is told and left out. */
int saver_file(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const char *open_name, const struct node *old, struct err *err)
	__attribute__((warn_unused_result));

#endif
