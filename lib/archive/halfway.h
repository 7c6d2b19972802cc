/* Checkpoints of a backup that is under way, and what the one before it left: see
 * archive/resume/checkpoint.h. Inside of save. */
#ifndef NEXUS_ARCHIVE_HALFWAY_H
#define NEXUS_ARCHIVE_HALFWAY_H

#include "archive/saver.h"
#include "base/err.h"
#include "base/str.h"

/* Gets ready, if the options want it; paths are absolute and in order. Loads what an interrupted
 * run left; one that is of no use costs time, not the backup: it is told as a note. */
int halfway_begin(struct saver *saver, const struct str_list *paths, struct err *err)
	__attribute__((warn_unused_result));
/* All is stored but the snapshot, and it is not wanted any more: the next run is to find it.
 * Returns -ECANCELED. */
int halfway_stop(struct saver *saver, struct err *err) __attribute__((warn_unused_result));

/* The backup is over; saved: its snapshot is durable, and the checkpoint goes. */
void halfway_end(struct saver *saver, bool saved);

/* The walker enters a folder whose previous tree is known, and leaves it. */
void halfway_enter(struct saver *saver, struct save_dir *dir);
void halfway_leave(struct saver *saver, struct save_dir *dir);

#endif
