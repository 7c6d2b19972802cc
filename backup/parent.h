/* Which snapshot a new one is compared with. */
#ifndef NEXUS_BACKUP_PARENT_H
#define NEXUS_BACKUP_PARENT_H

#include "archive/save_options.h"
#include "archive/select.h"
#include "base/err.h"

/* The newest one of the group (bits of group.h) of what is going to be saved, and not after its
 * time. *ret is borrowed from the list, NULL if there is none. */
int parent_find(const struct select_list *list, const struct save_options *options, unsigned by,
	const struct snapshot **ret, struct err *err) __attribute__((warn_unused_result));

#endif
