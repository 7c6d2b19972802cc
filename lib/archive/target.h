/* What to back up, as a tree: the folders above the paths that were named, and these as its
 * leaves. */
#ifndef NEXUS_ARCHIVE_TARGET_H
#define NEXUS_ARCHIVE_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

struct target {
	char *name; /* owned; "" for the root */
	char *path; /* owned: where it stands, to be opened as given */
	char *absolute; /* owned: the same, from the root, for patterns and messages */
	bool leaf; /* saved with all that is in it */
	bool explicit_leaf; /* named on the command line: excludes do not apply to it */
	struct target **children; /* owned, sorted by name */
	size_t count;
};

/* paths as given: absolute ones keep all their components, relative ones theirs without leading
 * "..", and "." stands for what is in it. A path below another one adds nothing. -EINVAL (kind
 * config) when two would take the same place. */
int target_new(char *const *paths, size_t count, struct target **ret, struct err *err)
	__attribute__((warn_unused_result));
void target_free(struct target *target);
CLEANUP_DEFINE(target, struct target *, target_free);
#define cleanup_target CLEANUP(target)

/* Owned, cleaned ("a//b/../c" is "a/c"), absolute when base (absolute) is given. NULL without
 * memory. */
char *target_clean_path(const char *path, const char *base);

/* Appends the paths, absolute and clean, and puts ret in order. */
int target_absolute(const struct str_list *paths, struct str_list *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
