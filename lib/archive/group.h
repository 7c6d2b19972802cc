/* Snapshots that belong together: of one host, of the same paths, with the same tags. */
#ifndef NEXUS_ARCHIVE_GROUP_H
#define NEXUS_ARCHIVE_GROUP_H

#include <stdbool.h>

#include "base/err.h"
#include "repo/snapshot.h"

/* What makes two snapshots one group; nothing: all are one. */
struct group_by {
	bool host, paths, tags;
};

/* "host,paths", "tags", "" ... -EINVAL (kind config) for another word. */
int group_by_parse(const char *text, struct group_by *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Whether both are in the same group. The order of paths and tags does not matter. */
bool group_same(const struct snapshot *a, const struct snapshot *b, const struct group_by *by);
/* The same, the one side given piece by piece. */
bool group_holds(const struct snapshot *snapshot, const char *hostname,
	const struct str_list *paths, const struct str_list *tags, const struct group_by *by);

/* Any order that puts snapshots of one group side by side: negative, 0 or positive. 0 exactly
 * when group_same. */
int group_compare(const struct snapshot *a, const struct snapshot *b, const struct group_by *by);

#endif
