/* Checking a repository: is everything there that a snapshot needs, and is it whole? */
#ifndef NEXUS_ARCHIVE_CHECK_H
#define NEXUS_ARCHIVE_CHECK_H

#include <stdbool.h>

#include "archive/progress.h"
#include "base/err.h"
#include "repo/repository.h"

struct check_options {
	bool read_data; /* read every pack and every blob */
	/* With read_data: whether a pack is among those that are read. Asked once for each, when
	 * the totals stand in progress. NULL: all are. */
	bool (*wants)(void *context, const struct id *pack, uint64_t size_bytes);
	const volatile bool *stop; /* borrowed; once true it ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	void (*on_error)(void *context, const char *what, const struct err *err);
	/* Something that is no error: what can be cleaned up. */
	void (*on_note)(void *context, const char *what, const char *text);
	void (*tick)(void *context);
	void *context;
};

/* Loads the index itself. Returns how many errors were told to on_error, or negative if it
 * could not go on. */
int check_run(struct repository *repository, const struct check_options *options, struct err *err)
	__attribute__((warn_unused_result));

#endif
