/* What to back up, and whom to tell about it. */
#ifndef NEXUS_ARCHIVE_SAVE_OPTIONS_H
#define NEXUS_ARCHIVE_SAVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/cut/cutter.h"
#include "archive/filter.h"
#include "archive/progress.h"
#include "archive/reject.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/snapshot.h"

/* What was taken from a checkpoint, unread. */
struct save_resumed {
	uint64_t files, bytes;
};

struct save_options {
	const struct str_list *paths; /* borrowed: what to back up, as given */
	const struct filter *excludes; /* borrowed */
	const struct reject *reject; /* borrowed; NULL: nothing */
	const struct str_list *exclude_texts, *tags; /* borrowed: written into the snapshot */
	const char *hostname, *program_version; /* borrowed */
	const struct snapshot *parent; /* borrowed; NULL: read everything */
	/* borrowed; not NULL: paths and excludes do not count, stream_fd is read to its end and
	 * stored as this absolute path. */
	const char *stream_path;
	int stream_fd;
	/* Called at the stream's end; a negative return ends the backup. May be NULL. */
	int (*on_stream_end)(void *context, struct err *err);
	struct cutter_options cuts;
	struct node_time time; /* of the snapshot; zeros: now */
	bool one_file_system;
	bool with_atime; /* store access times too */
	bool ignore_inode, ignore_ctime; /* when looking whether a file is unchanged */
	bool skip_if_unchanged; /* no snapshot if its tree is the parent's */
	bool count_first; /* find out the totals beside, for an estimate */
	/* borrowed: where checkpoints of backups that are interrupted are kept; NULL: nowhere */
	const char *checkpoint_folder;
	uint64_t checkpoint_us; /* from one to the next; 0: none is made or used */
	bool ignore_checkpoint; /* make them, but use none */
	struct save_resumed *resumed; /* filled in at the end; may be NULL */
	bool dry_run; /* the repository stores nothing; no snapshot is made */
	const volatile bool *stop; /* borrowed; once true the backup ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	/* Called by the main thread: for each thing that could not be read, and often. */
	void (*on_error)(void *context, const char *path, const struct err *err);
	void (*on_note)(void *context, const struct err *err); /* what harms nothing; may be NULL */
	void (*tick)(void *context);
	void *context;
};

#endif
