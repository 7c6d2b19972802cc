/* Checkpoints: what an unfinished backup has stored so far, so that the next one need not read it
 * again. In the repository stand only blobs and indexes, which any client may use or prune; the
 * tree that holds them together is named by a file of this machine, never by a snapshot, so that
 * nobody can take half a backup for a whole one. The file is a snapshot's JSON sealed with the
 * repository's key: one that is torn, foreign or made up does not open. */
#ifndef NEXUS_ARCHIVE_RESUME_CHECKPOINT_H
#define NEXUS_ARCHIVE_RESUME_CHECKPOINT_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/id.h"
#include "repo/repository.h"

#define CHECKPOINT_MAX (17u << 20) /* bytes of the file */

struct checkpoint;

/* The checkpoint of that host's and those paths' backups (absolute, in order) to repository, below
 * folder; nothing is made or read yet. Borrows repository. */
int checkpoint_new(struct repository *repository, const char *folder, const char *hostname,
	const struct str_list *paths, struct checkpoint **ret, struct err *err)
	__attribute__((warn_unused_result));
void checkpoint_free(struct checkpoint *checkpoint);
CLEANUP_DEFINE(checkpoint, struct checkpoint *, checkpoint_free);
#define cleanup_checkpoint CLEANUP(checkpoint)

/* The tree that an interrupted run stored: 1, or 0 if there is none. -EBADMSG if the file is
 * damaged or about something else, -ENOENT if the repository no longer has the tree. The index
 * must be loaded. */
int checkpoint_load(struct checkpoint *checkpoint, struct id *ret_tree, struct err *err)
	__attribute__((warn_unused_result));
/* Replaces it, durably. The tree and all below it must be durable, and in the index. */
int checkpoint_save(struct checkpoint *checkpoint, const struct id *tree, struct err *err)
	__attribute__((warn_unused_result));
/* The backup is done. */
void checkpoint_remove(struct checkpoint *checkpoint);

/* What checkpoint_load does with the bytes of the file, which it may overwrite. -EBADMSG. */
int checkpoint_open(const struct checkpoint *checkpoint, uint8_t *data, size_t size,
	struct id *ret_tree, struct err *err) __attribute__((warn_unused_result));
/* The same with what was sealed. */
int checkpoint_parse(const struct checkpoint *checkpoint, const void *text, size_t size,
	struct id *ret_tree, struct err *err) __attribute__((warn_unused_result));

#endif
