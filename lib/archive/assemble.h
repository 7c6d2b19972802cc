/* Inside of save: trees are put together in whichever thread does a folder's last part. */
#ifndef NEXUS_ARCHIVE_ASSEMBLE_H
#define NEXUS_ARCHIVE_ASSEMBLE_H

#include "archive/saver.h"

/* An empty folder with room for count entries and one pending part, the walker's. NULL without
 * memory. */
struct save_dir *assemble_dir_new(struct save_dir *parent, size_t slot, size_t count);

/* Drops one pending part of dir. The last one stores its tree, and so on upwards. failed: the
 * pool has stopped, only memory is released. codec is the thread's. */
int assemble_dir_release(struct saver *saver, struct save_dir *dir, struct blob_codec *codec,
	bool failed, struct err *err) __attribute__((warn_unused_result));
/* The same for a file; its last part is a part of its folder. */
int assemble_file_release(struct saver *saver, struct save_file *file, struct blob_codec *codec,
	bool failed, struct err *err) __attribute__((warn_unused_result));

/* Adds one pending part. */
void assemble_dir_hold(struct saver *saver, struct save_dir *dir);
/* Leaves an entry out of its tree. */
void assemble_drop(struct saver *saver, struct save_dir *dir, size_t slot);

/* A worker's job: one chunk of a file. A pipeline_work_fn. */
int assemble_work(const struct pipeline_job *job, struct blob_codec *codec, bool failed,
	void *context, struct err *err);

#endif
