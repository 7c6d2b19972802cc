/* What to back up, and whom to tell about it. */
#ifndef NEXUS_ARCHIVE_SAVE_OPTIONS_H
#define NEXUS_ARCHIVE_SAVE_OPTIONS_H

#include <stdbool.h>

#include "archive/filter.h"
#include "archive/progress.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/snapshot.h"

struct save_options {
	const struct str_list *paths; /* borrowed: what to back up, as given */
	const struct filter *excludes; /* borrowed */
	const struct str_list *exclude_texts, *tags; /* borrowed: written into the snapshot */
	const char *hostname, *program_version; /* borrowed */
	const struct snapshot *parent; /* borrowed; NULL: read everything */
	bool one_file_system;
	bool count_first; /* find out the totals beside, for an estimate */
	bool dry_run; /* the repository stores nothing; no snapshot is made */
	const volatile bool *stop; /* borrowed; once true the backup ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	/* Called by the main thread: for each thing that could not be read, and often. */
	void (*on_error)(void *context, const char *path, const struct err *err);
	void (*tick)(void *context);
	void *context;
};

#endif
