/* Inside of save: the content of one file, taken from the parent snapshot or read and cut. */
#ifndef NEXUS_ARCHIVE_CONTENT_H
#define NEXUS_ARCHIVE_CONTENT_H

#include "archive/saver.h"

/* Fills the content of dir's entry slot, now or when the workers are done with it. old is the
 * same file in the parent snapshot, or NULL. A file that can't be read is told and left out. */
int content_save_file(struct saver *saver, struct save_dir *dir, size_t slot, int dir_fd,
	const struct node *old, struct err *err) __attribute__((warn_unused_result));

#endif
