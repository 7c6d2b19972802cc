/* Which snapshots a verb is about: the options --host, --tag and --path, or ids. */
#ifndef NEXUS_BACKUP_UPKEEP_CHOOSE_H
#define NEXUS_BACKUP_UPKEEP_CHOOSE_H

#include <stddef.h>

#include "archive/select.h"
#include "json/json.h"

struct choose {
	const struct snapshot **items; /* owned; what they point to is borrowed from the list */
	size_t count;
};

/* argc ids (or "latest") choose; without any, the filter does. -ENOENT, -EINVAL. */
int choose_snapshots(const struct select_list *list, const struct select_filter *filter, int argc,
	char **argv, struct choose *ret, struct err *err) __attribute__((warn_unused_result));
void choose_done(struct choose *choose);

/* A snapshot as restic prints it in JSON; NULL without memory. */
struct json *choose_json(const struct snapshot *snapshot);
/* One line for people: id, time, host, paths and tags. reasons may be NULL. */
void choose_print(const struct snapshot *snapshot, const struct str_list *reasons);

static inline void cleanup_choose_fn(struct choose *choose)
{
	int saved = errno;

	choose_done(choose);
	errno = saved;
}
#define cleanup_choose __attribute__((cleanup(cleanup_choose_fn)))

#endif
