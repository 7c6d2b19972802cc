/* Checking a repository: is everything there that a snapshot needs, and is it whole? */
#ifndef NEXUS_ARCHIVE_CHECK_H
#define NEXUS_ARCHIVE_CHECK_H

#include <stdbool.h>

#include "archive/progress.h"
#include "archive/select.h"
#include "base/err.h"
#include "repo/repository.h"

/* The packs that can be read: all that are there, or that the chosen snapshots use. */
struct check_packs {
	uint64_t count, bytes;
};

struct check_options {
	bool read_data; /* read every pack and every blob */
	/* With read_data: whether a pack is among those that are read. Asked once for each. NULL:
	 * all are. */
	bool (*wants)(void *context, const struct id *pack, uint64_t size_bytes,
		const struct check_packs *all);
	/* Sets those of chosen (false before, one for each of the list) whose trees are to be
	 * checked and whose packs are to be read. NULL: all. */
	int (*choose)(void *context, const struct select_list *list, bool *chosen, struct err *err);
	const volatile bool *stop; /* borrowed; once true it ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	void (*on_error)(void *context, const char *what, const struct err *err);
	/* Something that is no error: what can be cleaned up. */
	void (*on_note)(void *context, const char *what, const char *text);
	void *context;
};

/* Loads the index itself. Returns how many errors were told to on_error, or negative if it
 * could not go on. */
int check_run(struct repository *repository, const struct check_options *options, struct err *err)
	__attribute__((warn_unused_result));

#endif
