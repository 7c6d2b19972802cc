/* Which packs go, stay or are packed anew. Pure: sizes and limits in, verdicts out. */
#ifndef NEXUS_ARCHIVE_UPKEEP_PLAN_H
#define NEXUS_ARCHIVE_UPKEEP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum plan_verdict {
	PLAN_KEEP,
	PLAN_REPACK, /* what is used of it goes into a new pack */
	PLAN_REMOVE, /* nothing of it is used */
	PLAN_LOST, /* its file is missing and nothing of it is used: out of the index */
};

enum plan_flag { /* bits */
	PLAN_HAS_DATA = 1,
	PLAN_HAS_TREES = 2,
	PLAN_HAS_PLAIN_TREES = 4, /* stored uncompressed */
	PLAN_HAS_PLAIN_DATA = 8,
	PLAN_IS_THERE = 16, /* its file is there and as long as it should be */
};

struct plan_pack {
	uint32_t size; /* bytes of its file */
	uint32_t used_bytes, unused_bytes; /* of sealed blobs with their entries of the header */
	uint32_t used_blobs, unused_blobs;
	uint8_t flags;
	uint8_t verdict; /* enum plan_verdict */
};

struct plan_limits {
	double unused_percent; /* of what is left; not used if negative */
	uint64_t unused_bytes; /* used if unused_percent is negative */
	uint64_t repack_bytes; /* pack anew at most this much; UINT64_MAX: no limit */
	uint64_t small_bytes; /* packs below are put together; 0: none are */
	bool trees_only; /* leave packs of data alone */
	bool compress_trees; /* pack anew what is uncompressed: trees (version 2), all */
	bool compress_data;
};

struct plan_totals {
	uint64_t used_blobs, used_bytes; /* before */
	uint64_t unused_blobs, unused_bytes;
	uint64_t repack_blobs, repack_bytes; /* in packs to be packed anew, used or not */
	uint64_t freed_blobs, freed_bytes; /* of these, unused */
	uint64_t removed_blobs, removed_bytes; /* in packs to be removed */
	size_t repack_packs, removed_packs, lost_packs, kept_packs;
};

/* Sets the verdicts. -ENOMEM. */
int plan_make(struct plan_pack *packs, size_t count, const struct plan_limits *limits,
	struct plan_totals *ret, struct err *err) __attribute__((warn_unused_result));

#endif
