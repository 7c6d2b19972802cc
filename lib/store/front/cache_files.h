/* The files of a cache: one folder for each repository, objects below it in restic's layout. A
 * file is whole or not there (temporary name, rename); whether it is what its name says is found
 * out once in a process, before its first use. Several threads may call at once. */
#ifndef NEXUS_STORE_FRONT_CACHE_FILES_H
#define NEXUS_STORE_FRONT_CACHE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct cache_files;

/* folder is made if it is missing, with a CACHEDIR.TAG; so is the one of repository_id in it, and
 * its time set to now. */
int cache_files_open(const char *folder, const char *repository_id, struct cache_files **ret,
	struct err *err) __attribute__((warn_unused_result));
void cache_files_free(struct cache_files *files);

/* An open descriptor of a cached object and its size, to be closed; -1 if it is not there or not
 * what its name says (then it is removed). */
int cache_files_get(
	struct cache_files *files, enum store_type type, const char *name, uint64_t *ret_bytes);

/* Fetches a whole object from store into the cache. A descriptor as above, or -1: the caller
 * reads from the store itself. */
int cache_files_fetch(struct cache_files *files, struct store *store, enum store_type type,
	const char *name, uint64_t *ret_bytes);

void cache_files_drop(struct cache_files *files, enum store_type type, const char *name);

/* Removes all of a type that keep says no to. */
void cache_files_sweep(
	struct cache_files *files, enum store_type type, store_keep_fn *keep, void *context);

#endif
