/* A store that keeps what is read often in a folder of this machine: indexes, snapshots, and the
 * packs that store_read_often names. */
#ifndef NEXUS_STORE_FRONT_CACHE_H
#define NEXUS_STORE_FRONT_CACHE_H

#include "store/store.h"

/* Takes inner, also on failure. Hands everything on until cache_store_use. */
int cache_store_new(struct store *inner, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

/* From now on caches below folder/repository_id (hexadecimal). store may be any: only one of
 * cache_store_new is changed. No other thread may use it meanwhile. */
int cache_store_use(struct store *store, const char *folder, const char *repository_id,
	struct err *err) __attribute__((warn_unused_result));

#endif
