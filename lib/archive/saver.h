/* Inside of save: what its parts share. save.c walks, content.c reads files, assemble.c puts
 * trees together from what the workers finish. */
#ifndef NEXUS_ARCHIVE_SAVER_H
#define NEXUS_ARCHIVE_SAVER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "archive/pipeline.h"
#include "archive/save.h"
#include "archive/slab.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "repo/chunker.h"
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
};

/* A file whose chunks are on their way. */
struct save_file {
	struct save_dir *dir;
	size_t slot;
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
	struct slab *slab; /* being filled */
	struct walk_names *names;
	struct chunker chunker;
	struct buf path; /* of what is being looked at, as excludes see it */
	dev_t devices[SAVER_DEVICES_MAX];
	size_t device_count;

	pthread_mutex_t mutex; /* guards the pending counts, the ids and what follows */
	struct snapshot_summary summary;
	struct id root;
};

/* Tells that what saver->path names could not be read, and counts it. */
void saver_tell(struct saver *saver, const struct err *err);
/* What is done now and then: look whether to stop, keep the lock fresh, show progress. */
int saver_tick(struct saver *saver, struct err *err) __attribute__((warn_unused_result));

#endif
