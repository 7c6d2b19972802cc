/* The index made to match the packs that are there. */
#ifndef NEXUS_ARCHIVE_REPAIR_REBUILD_H
#define NEXUS_ARCHIVE_REPAIR_REBUILD_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/progress.h"
#include "base/buf.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"

struct rebuild_options {
	bool read_all_packs; /* believe no index at all */
	bool dry_run;
	struct lock *lock; /* borrowed; exclusive */
	struct progress *progress; /* borrowed, started */
	const volatile bool *stop; /* borrowed; true ends it with -ECANCELED */
	/* A pack whose list can't be read: it stays out of the index. */
	void (*on_error)(void *context, const char *pack, const struct err *err);
	void *context;
};

struct rebuild_result {
	size_t read; /* packs whose list was read and entered */
	size_t unreadable; /* packs that stay out */
	size_t dropped; /* packs in the index that are missing */
	unsigned damaged_files; /* of the index */
};

/* Loads the index itself, as much of it as can be read. */
int rebuild_run(struct repository *repository, const struct rebuild_options *options,
	struct rebuild_result *ret, struct err *err) __attribute__((warn_unused_result));

/* Appends the list of blobs (struct pack_entry) that a pack of size bytes holds, by its own
 * header. -EBADMSG. */
int rebuild_list_pack(struct repository *repository, const struct id *id, uint64_t size_bytes,
	struct buf *ret, struct err *err) __attribute__((warn_unused_result));

#endif
