/* Finding snapshots: the list of them, and the one that is meant by a text. */
#ifndef NEXUS_ARCHIVE_SELECT_H
#define NEXUS_ARCHIVE_SELECT_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "repo/repository.h"
#include "repo/snapshot.h"

struct select_list {
	struct snapshot *items; /* owned, oldest first */
	size_t count, allocated;
	unsigned damaged; /* snapshots that could not be read; the last reason stands in err */
	struct err err;
};

/* Which snapshots count; empty lists let all pass. Borrows. */
struct select_filter {
	/* hosts: any of them; tags: all of any of these lists ("a,b"); paths: all of them. */
	const struct str_list *hosts, *tags, *paths;
};

/* Reads all snapshots. */
int select_load(struct repository *repository, struct select_list *ret, struct err *err)
	__attribute__((warn_unused_result));
void select_done(struct select_list *list);

/* Whether it has all of "a,b"; "" stands for having none at all. */
bool select_has_tags(const struct snapshot *snapshot, const char *tags);
bool select_matches(const struct snapshot *snapshot, const struct select_filter *filter);

/* text: "latest", an id or the start of one that is not ambiguous, each with an optional
 * ":folder" behind it. ret_folder is owned, "" for none. -ENOENT (kind not-found); -EINVAL
 * (kind config) if ambiguous. */
int select_find(const struct select_list *list, const char *text,
	const struct select_filter *filter, const struct snapshot **ret, char **ret_folder,
	struct err *err) __attribute__((warn_unused_result));

/* The id of the tree of a folder within a snapshot; folder "" or "/" is its root. -ENOENT,
 * -ENOTDIR. */
int select_folder(struct repository *repository, const struct id *tree, const char *folder,
	struct id *ret, struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_select_fn(struct select_list *list)
{
	int saved = errno;

	select_done(list);
	errno = saved;
}
#define cleanup_select __attribute__((cleanup(cleanup_select_fn)))

#endif
