/* What an interrupted run stored of a folder, as its checkpoint's tree tells it, gone through
 * beside the folder itself. */
#ifndef NEXUS_ARCHIVE_RESUME_DONE_H
#define NEXUS_ARCHIVE_RESUME_DONE_H

#include "base/cleanup.h"
#include "repo/id.h"
#include "repo/repository.h"
#include "repo/tree.h"

struct done;

/* Owned; NULL if id is, or if the tree is gone (somebody pruned) or damaged: what is below it is
 * read again. */
struct done *done_open(struct repository *repository, const struct id *id);
void done_close(struct done *done);
CLEANUP_DEFINE(done, struct done *, done_close);
#define cleanup_done CLEANUP(done)

/* What is called name, borrowed until the next call, or NULL; names are asked for in ascending
 * order. done may be NULL. */
const struct node *done_find(struct done *done, const char *name);

/* The same folder from its start, to be closed too; NULL as above. done may be NULL. */
struct done *done_again(const struct done *done);
/* The next of all, passed over by this; borrowed until the next call, NULL at the end. */
const struct node *done_next(struct done *done);

#endif
