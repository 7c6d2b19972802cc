/* Snapshots without what is lost: trees that can't be read become empty folders, files lose the
 * parts that are missing. */
#ifndef NEXUS_ARCHIVE_REPAIR_MEND_H
#define NEXUS_ARCHIVE_REPAIR_MEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/stream/tree_stream.h"

/* What is known of damage in trees. */
struct mend {
	struct repository *repository; /* borrowed; its index is loaded */
	uint8_t *seen, *bad; /* owned; bits by index_number, until something is saved */
	struct buf trees; /* owned: struct mend_tree of all that are to be changed */
	struct tree_depth depth;
	const volatile bool *stop; /* borrowed, or NULL */
	/* What is lost, told while looking: path within the snapshot, and how (to translate). */
	void (*on_lost)(void *context, const char *path, const char *how);
	void *context;
};

int mend_init(struct mend *mend, struct repository *repository, struct err *err)
	__attribute__((warn_unused_result));
void mend_done(struct mend *mend);

/* Looks whether a snapshot's tree has damage: 1 or 0. Look at all before the first mend_tree. */
int mend_look(struct mend *mend, const struct id *tree, struct err *err)
	__attribute__((warn_unused_result));

/* Saves what a damaged tree becomes: 1 and its id, or 0: nothing is left of it, the root can't
 * be read. It is durable after repository_flush. */
int mend_tree(struct mend *mend, const struct id *tree, struct id *ret, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_mend_fn(struct mend *mend)
{
	int saved = errno;

	mend_done(mend);
	errno = saved;
}
#define cleanup_mend __attribute__((cleanup(cleanup_mend_fn)))

#endif
