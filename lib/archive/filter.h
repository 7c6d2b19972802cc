/* Patterns that choose paths, as restic reads them: shell patterns by component, ** for any
 * number of components, a leading / anchors at the root, a leading ! takes back. */
#ifndef NEXUS_ARCHIVE_FILTER_H
#define NEXUS_ARCHIVE_FILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define FILTER_DEPTH_MAX 4096 /* components of a path */

struct filter {
	struct str_list patterns; /* owned */
	struct str_list folded; /* owned: in small letters, for paths in small letters */
};

/* -EINVAL (kind config) names a pattern that is broken. */
int filter_add(struct filter *filter, const char *pattern, struct err *err)
	__attribute__((warn_unused_result));
/* A pattern for which great and small letters are the same. */
int filter_add_folded(struct filter *filter, const char *pattern, struct err *err)
	__attribute__((warn_unused_result));
bool filter_is_empty(const struct filter *filter);
/* One pattern a line; empty lines and lines that begin with # are skipped, $NAME and ${NAME}
 * stand for variables of the environment and $$ for a dollar. path "-": the standard input. */
int filter_add_file(struct filter *filter, const char *path, bool fold, struct err *err)
	__attribute__((warn_unused_result));
void filter_done(struct filter *filter);

/* Whether path (absolute, /-separated) or a folder above it matches. ret_below, if not NULL:
 * whether something below path could match. */
bool filter_match(const struct filter *filter, const char *path, bool *ret_below);

/* Whether path is wanted: not excluded and, unless there are no includes, included. ret_below:
 * whether something below it could be. */
bool filter_chooses(const struct filter *includes, const struct filter *excludes, const char *path,
	bool *ret_below);

static inline void cleanup_filter_fn(struct filter *filter)
{
	int saved = errno;

	filter_done(filter);
	errno = saved;
}
#define cleanup_filter __attribute__((cleanup(cleanup_filter_fn)))

#endif
