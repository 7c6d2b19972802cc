/* How much snapshots hold, counted in one of four ways. */
#ifndef NEXUS_ARCHIVE_READ_STATS_H
#define NEXUS_ARCHIVE_READ_STATS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "archive/read/idset.h"
#include "archive/upkeep/used.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/sorted/table.h"

enum stats_mode {
	STATS_RESTORE_SIZE, /* what a restore of each would write, hard links once */
	STATS_FILES_BY_CONTENTS, /* files of the same content once */
	STATS_BLOBS_PER_FILE, /* the blobs of each path once */
	STATS_RAW_DATA, /* what is stored */
};

struct stats {
	enum stats_mode mode;
	struct repository *repository; /* borrowed; its index is loaded */
	const volatile bool *stop; /* borrowed, or NULL */
	uint64_t bytes, files, blobs; /* those of them that the mode counts */
	/* Raw data only: */
	uint64_t plain_bytes; /* what bytes would be without compression */
	uint64_t compressed_bytes, compressed_plain_bytes; /* of compressed blobs alone */
	unsigned snapshots;
	struct idset contents, paths, path_blobs, links; /* owned: what was counted */
	struct used used; /* owned */
	/* A tree is gone through once, in however many folders and snapshots it stands. */
	struct idset trees; /* owned: those that have nothing new to count */
	struct table *sums; /* owned: what below a tree there is to restore */
	struct buf open; /* owned: the folders that a walk is in */
	uint64_t single_bytes, links_met; /* of files with one name; how many with several */
};

/* The words of the option: "restore-size" ... -EINVAL (kind config). */
int stats_mode_parse(const char *text, enum stats_mode *ret, struct err *err)
	__attribute__((warn_unused_result));

int stats_init(struct stats *stats, struct repository *repository, enum stats_mode mode,
	struct err *err) __attribute__((warn_unused_result));
void stats_done(struct stats *stats);

/* Adds a snapshot's tree. A tree or blob that is missing or damaged ends it. */
int stats_add(struct stats *stats, const struct id *tree, struct err *err)
	__attribute__((warn_unused_result));
/* Adds up the blobs, for raw data; nothing is added after it. */
void stats_finish(struct stats *stats);

static inline void cleanup_stats_fn(struct stats *stats)
{
	int saved = errno;

	stats_done(stats);
	errno = saved;
}
#define cleanup_stats __attribute__((cleanup(cleanup_stats_fn)))

#endif
