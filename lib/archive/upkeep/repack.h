/* Moves the blobs that are to stay out of packs into new ones, each proved on the way. */
#ifndef NEXUS_ARCHIVE_UPKEEP_REPACK_H
#define NEXUS_ARCHIVE_UPKEEP_REPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/upkeep/order.h"
#include "archive/upkeep/packer.h"
#include "base/err.h"
#include "repo/repository.h"

struct repack {
	struct repository *repository; /* borrowed, as all here */
	struct packer *packer;
	const struct order *order;
	const uint8_t *keep; /* a bit by entry: it is to stay; NULL: all are */
	bool compress_trees, compress_data; /* seal anew what is uncompressed */
	/* A blob of which no copy can be read: told, and left out. NULL: that is an error. */
	void (*on_lost)(void *context, const struct id *id, const struct err *err);
	void *context;
	/* Kept from call to call: */
	struct buf run, sealed, plain;
};

/* Adds what stays of a pack to the packer. If a blob is damaged here, another copy is looked
 * for. -EBADMSG, -ENOENT. */
int repack_pack(struct repack *repack, size_t pack, struct err *err)
	__attribute__((warn_unused_result));
void repack_done(struct repack *repack);

#endif
