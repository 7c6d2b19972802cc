/* Who a file is to belong to when names count and not numbers: on another machine the same people
 * have other numbers. May be used by several threads. */
#ifndef NEXUS_ARCHIVE_RESTORE_OWNERS_H
#define NEXUS_ARCHIVE_RESTORE_OWNERS_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/tree.h"

struct owners;

int owners_new(struct owners **ret, struct err *err) __attribute__((warn_unused_result));
void owners_free(struct owners *owners);
CLEANUP_DEFINE(owners, struct owners *, owners_free);
#define cleanup_owners CLEANUP(owners)

/* The numbers of this machine for the names of a node; its own numbers for names that are not
 * known here: root's, as restic has it, would make a stranger's setuid program one of root. Each
 * name is looked up once. */
void owners_find(struct owners *owners, const struct node *node, uid_t *ret_user, gid_t *ret_group);

#endif
