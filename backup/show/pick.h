/* The one snapshot, or folder in it, that a verb looks at. */
#ifndef NEXUS_BACKUP_SHOW_PICK_H
#define NEXUS_BACKUP_SHOW_PICK_H

#include "archive/select.h"
#include "backup/common/choose.h"
#include "backup/common/common.h"

/* One snapshot, or a folder in it. */
struct pick {
	struct select_list list; /* owned */
	const struct snapshot *snapshot; /* in the list */
	char *folder; /* owned; "" for none */
	struct id tree; /* of the snapshot, or of the folder */
};

/* Finds what text means ("latest", an id, the start of one; each with ":FOLDER") and loads the
 * index. -ENOENT, -ENOTDIR, -EINVAL. */
int pick_one(struct repository *repository, const char *text, struct choose_arguments *arguments,
	struct pick *ret, struct err *err) __attribute__((warn_unused_result));
void pick_done(struct pick *pick);

static inline void cleanup_pick_fn(struct pick *pick)
{
	int saved = errno;

	pick_done(pick);
	errno = saved;
}
#define cleanup_pick __attribute__((cleanup(cleanup_pick_fn)))

#endif
