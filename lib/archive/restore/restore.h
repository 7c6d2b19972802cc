/* Restoring: from a snapshot to a folder. Nothing is ever written outside of it, whatever the
 * repository says: names are checked, links are never followed. */
#ifndef NEXUS_ARCHIVE_RESTORE_RESTORE_H
#define NEXUS_ARCHIVE_RESTORE_RESTORE_H

#include <stdbool.h>

#include "archive/filter.h"
#include "archive/progress.h"
#include "archive/restore/apply.h"
#include "base/err.h"
#include "repo/repository.h"

/* What happens to a file that is there already. */
enum restore_overwrite {
	RESTORE_ALWAYS, /* its content is compared, and what differs is written */
	RESTORE_IF_CHANGED, /* the same, but with its size and time equal it is not read */
	RESTORE_IF_NEWER, /* only if the one in the snapshot is newer */
	RESTORE_NEVER,
};

/* What was done. Everything counts: files, folders, links. */
struct restore_counts {
	uint64_t restored, restored_bytes;
	uint64_t skipped, skipped_bytes; /* right already, or not to be overwritten */
	uint64_t deleted;
};

struct restore_options {
	const char *target; /* borrowed: the folder, made if it is missing */
	const struct filter *includes, *excludes; /* borrowed; no includes: all */
	const struct apply_rules *rules; /* borrowed: of the metadata; NULL: all of it */
	enum restore_overwrite overwrite;
	bool delete_others; /* remove from restored folders what the snapshot has not */
	bool dry_run; /* write nothing, only count */
	bool verify; /* read every restored file again and compare */
	bool no_space_check; /* begin also if it can't fit into the target: see plan.h */
	const volatile bool *stop; /* borrowed; once true it ends with -ECANCELED */
	struct progress *progress; /* borrowed, started */
	/* For each thing that could not be restored as it was. */
	void (*on_error)(void *context, const char *path, const struct err *err);
	/* NULL, or: it may not fit. */
	void (*on_tight)(void *context, uint64_t needed_bytes, uint64_t free_bytes);
	void *context;
};

/* Restores what is in a tree into the target. An existing file is mended where it differs if no
 * other name shares it, else replaced; what is right already is not written again. Failures of
 * single files are told to on_error and counted in the progress; a negative return means that it
 * could not go on. -ENOSPC before anything is written if it can't fit. The index must be loaded. */
int restore_run(struct repository *repository, const struct id *tree,
	const struct restore_options *options, struct restore_counts *ret, struct err *err)
	__attribute__((warn_unused_result));

/* "always", "if-changed", "if-newer", "never". -EINVAL (kind config). */
int restore_overwrite_parse(const char *text, enum restore_overwrite *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
