/* Restoring: from a snapshot to a folder. Nothing is ever written outside of it, whatever the
 * repository says: names are checked, links are never followed. */
#ifndef NEXUS_ARCHIVE_RESTORE_RESTORE_H
#define NEXUS_ARCHIVE_RESTORE_RESTORE_H

#include <stdbool.h>

#include "archive/filter.h"
#include "archive/progress.h"
#include "base/err.h"
#include "repo/repository.h"

struct restore_options {
	const char *target; /* borrowed: the folder, made if it is missing */
	const struct filter *includes, *excludes; /* borrowed; no includes: all */
	bool verify; /* read every restored file again and compare */
	const volatile bool *stop; /* borrowed; once true it ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	/* For each thing that could not be restored as it was, and often. */
	void (*on_error)(void *context, const char *path, const struct err *err);
	void (*tick)(void *context);
	void *context;
};

/* Restores what is in a tree into the target. Existing files of the same name are replaced,
 * others are left alone. Failures of single files are told to on_error and counted in the
 * progress; a negative return means that it could not go on. The index must be loaded. */
int restore_run(struct repository *repository, const struct id *tree,
	const struct restore_options *options, struct err *err) __attribute__((warn_unused_result));

#endif
