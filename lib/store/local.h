/* A store in a folder of this machine, in restic's default layout. An object is written to a
 * temporary file that is locked by its writer, synced, made read-only and renamed, and its
 * folder is synced: after a power cut it is there whole or not at all. */
#ifndef NEXUS_STORE_LOCAL_H
#define NEXUS_STORE_LOCAL_H

#include "store/store.h"

/* path need not exist yet if create is to make it. 0 and an owned *ret; -ENOENT if there is no
 * such folder and create is false. */
int local_store_open(const char *path, bool create, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
