/* Moves the blobs that are to stay out of packs into new ones, each proved on the way. */
#ifndef NEXUS_ARCHIVE_UPKEEP_REPACK_H
#define NEXUS_ARCHIVE_UPKEEP_REPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/upkeep/order.h"
#include "base/err.h"
#include "repo/repository.h"

/* Takes a blob that was proved: its plaintext, and as it was stored (NULL if it was not read from
 * there). All borrowed for the call. */
typedef int repack_put_fn(void *context, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err);

struct repack {
	struct repository *repository; /* borrowed, as all here: that of the order's index */
	const struct order *order;
	const uint8_t *keep; /* a bit by entry: it is to be moved; NULL: all are */
	repack_put_fn *put;
	void *put_context;
	/* A blob of which no copy can be read: told, and left out. NULL: that is an error. */
	void (*on_lost)(void *context, const struct id *id, const struct err *err);
	void *context;
	/* Kept from call to call: */
	struct buf run, sealed, plain;
};

/* Hands on what is to be moved of a pack. If a blob is damaged here, another copy is looked
 * for. -EBADMSG, -ENOENT. */
int repack_pack(struct repack *repack, size_t pack, struct err *err)
	__attribute__((warn_unused_result));
void repack_done(struct repack *repack);

#endif
