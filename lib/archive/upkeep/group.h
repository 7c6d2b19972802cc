/* Snapshots that belong together: of one host, of the same paths, with the same tags. */
#ifndef NEXUS_ARCHIVE_UPKEEP_GROUP_H
#define NEXUS_ARCHIVE_UPKEEP_GROUP_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "repo/snapshot.h"

enum group_by { /* bits */
	GROUP_BY_HOST = 1,
	GROUP_BY_PATHS = 2,
	GROUP_BY_TAGS = 4,
};

struct group {
	const struct snapshot **items; /* within the list's memory; newest first */
	size_t count;
};

struct group_list {
	struct group *groups; /* owned, in the order of hosts, paths and tags */
	size_t count;
	const struct snapshot **items; /* owned; what they point to is borrowed */
	unsigned by;
};

/* "host,paths", "tags", "" ... as bits. -EINVAL (kind config). */
int group_by_parse(const char *text, unsigned *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Borrows the snapshots until group_list_done. The order of paths and tags does not matter. */
int group_split(const struct snapshot *const *snapshots, size_t count, unsigned by,
	struct group_list *ret, struct err *err) __attribute__((warn_unused_result));
void group_list_done(struct group_list *list);

/* A copy of a list, sorted; as a group is named. */
int group_sorted(const struct str_list *list, struct str_list *ret, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_group_list_fn(struct group_list *list)
{
	int saved = errno;

	group_list_done(list);
	errno = saved;
}
#define cleanup_group_list __attribute__((cleanup(cleanup_group_list_fn)))

#endif
