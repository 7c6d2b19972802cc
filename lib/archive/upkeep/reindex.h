/* The index files without packs that are to go. File by file, so that memory is flat: a file
 * that names none of them stays as it is. New files are written before old ones are removed;
 * whenever it ends, every pack that is kept stands in a file. */
#ifndef NEXUS_ARCHIVE_UPKEEP_REINDEX_H
#define NEXUS_ARCHIVE_UPKEEP_REINDEX_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/lock.h"
#include "repo/repository.h"

struct reindex {
	struct repository *repository; /* borrowed; its index is loaded */
	struct lock *lock; /* borrowed, or NULL */
	struct buf files; /* owned: struct id of the index files there are */
	struct buf obsolete; /* owned: of those that are not needed any more */
	unsigned damaged; /* files that could not be read: obsolete too */
};

/* Lists the index files that reindex_run will look at: call it before new ones are written. */
int reindex_init(struct reindex *reindex, struct repository *repository, struct lock *lock,
	struct err *err) __attribute__((warn_unused_result));
void reindex_done(struct reindex *reindex);

/* Writes what is needed anew, without the packs of drop. Damaged files are an error, or
 * counted if may_be_damaged. */
int reindex_write(struct reindex *reindex, const uint8_t *drop, bool may_be_damaged,
	struct err *err) __attribute__((warn_unused_result));
/* Removes the files that are obsolete after it. */
int reindex_remove(struct reindex *reindex, struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_reindex_fn(struct reindex *reindex)
{
	int saved = errno;

	reindex_done(reindex);
	errno = saved;
}
#define cleanup_reindex __attribute__((cleanup(cleanup_reindex_fn)))

#endif
