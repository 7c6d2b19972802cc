/* Checkpoints: what an unfinished backup has stored so far, so that the next one need not read it
 * again. In the repository stand only blobs and indexes, which any client may use or prune; the
 * tree that holds them together is named by a file of this machine, never by a snapshot, so that
 * nobody can take half a backup for a whole one.
 *
 * The file: a line that tells its version, and then records, each a length of 32 bits
 * (little-endian) and as many bytes that are sealed with the repository's key. The first is a
 * snapshot's JSON; then come, for each file that was being read, its description (see partial.h)
 * and its ids, CHECKPOINT_IDS in all records but the last. What is torn, foreign or made up does
 * not open. */
#ifndef NEXUS_ARCHIVE_RESUME_CHECKPOINT_H
#define NEXUS_ARCHIVE_RESUME_CHECKPOINT_H

#include "archive/resume/partial.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/id.h"
#include "repo/repository.h"

#define CHECKPOINT_LINE "nexus-backup checkpoint 2" /* and a newline: how the file begins */
#define CHECKPOINT_RECORD_MAX (17u << 20) /* bytes, sealed */
#define CHECKPOINT_IDS (16u << 10) /* in a record: half a MiB is all that is sealed at once */

struct checkpoint;

/* The checkpoint of that host's and those paths' backups (absolute, in order) to repository, below
 * folder; nothing is made or read yet. Borrows repository. */
int checkpoint_new(struct repository *repository, const char *folder, const char *hostname,
	const struct str_list *paths, struct checkpoint **ret, struct err *err)
	__attribute__((warn_unused_result));
void checkpoint_free(struct checkpoint *checkpoint);
CLEANUP_DEFINE(checkpoint, struct checkpoint *, checkpoint_free);
#define cleanup_checkpoint CLEANUP(checkpoint)

/* The tree that an interrupted run stored, and how far it was in files that it read (partials_done
 * on ret_partials, which is zeroed or empty, is up to the caller): 1, or 0 if there is none.
 * -EBADMSG if the file is damaged, of another version or about something else, -ENOENT if the
 * repository no longer has the tree. The index must be loaded. */
int checkpoint_load(struct checkpoint *checkpoint, struct id *ret_tree,
	struct partials *ret_partials, struct err *err) __attribute__((warn_unused_result));
/* Replaces it, durably. The tree and all below it, and the blobs of the files, must be durable and
 * in the index. Of more than PARTIALS_MAX files or PARTIAL_IDS_MAX chunks the first are kept. */
int checkpoint_save(struct checkpoint *checkpoint, const struct id *tree,
	const struct partial *partials, size_t count, struct err *err)
	__attribute__((warn_unused_result));
/* The backup is done. */
void checkpoint_remove(struct checkpoint *checkpoint);

/* What checkpoint_load does with the file; fd stands at its start. -EBADMSG. */
int checkpoint_read(const struct checkpoint *checkpoint, int fd, struct id *ret_tree,
	struct partials *ret_partials, struct err *err) __attribute__((warn_unused_result));
/* The same with the JSON of the first record. */
int checkpoint_parse(const struct checkpoint *checkpoint, const void *text, size_t size,
	struct id *ret_tree, struct err *err) __attribute__((warn_unused_result));

#endif
