/* The folders of a cache, one for each repository: which there are, and the removal of those that
 * nobody used for long. Each may vanish at any time, and nobody is to fail for it. */
#ifndef NEXUS_STORE_FRONT_CACHE_FOLDERS_H
#define NEXUS_STORE_FRONT_CACHE_FOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "store/store.h"

#define CACHE_FOLDERS_MAX 10000u
#define CACHE_FOLDERS_AGE_US (30ull * 24 * 3600 * 1000000) /* restic's */

struct cache_folder {
	char id[STORE_NAME_SIZE]; /* of the repository */
	int64_t used_us; /* when it was used last, since 1970 */
	uint64_t size_bytes; /* of the files in it; 0 if it was not asked for */
};

struct cache_folders {
	struct cache_folder *items; /* owned */
	size_t count;
};

/* Those in folder, longest unused first; none if there is no such folder. -EFBIG past
 * CACHE_FOLDERS_MAX. Blocks. */
int cache_folders_read(const char *folder, bool with_size, struct cache_folders *ret,
	struct err *err) __attribute__((warn_unused_result));
void cache_folders_done(struct cache_folders *folders);

/* Removes those that were not used since before_us, but for the one of spared (may be NULL), and
 * what a killed removal left. *ret_removed counts them, also when it fails. Blocks. */
int cache_folders_remove(const char *folder, int64_t before_us, const char *spared,
	unsigned *ret_removed, struct err *err) __attribute__((warn_unused_result));

/* Makes a folder below folder for a cache that lasts for one run; *ret is owned. If the run is
 * killed the next cache_folders_remove takes it away. */
int cache_folders_begin(const char *folder, char **ret, struct err *err)
	__attribute__((warn_unused_result));
/* Removes it, as well as possible. */
void cache_folders_end(const char *path);

static inline void cleanup_cache_folders_fn(struct cache_folders *folders)
{
	int saved = errno;

	cache_folders_done(folders);
	errno = saved;
}
#define cleanup_cache_folders __attribute__((cleanup(cleanup_cache_folders_fn)))

#endif
