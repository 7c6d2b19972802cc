/* Moves the blobs that are to stay out of packs, each proved on the way: several packs are read
 * ahead at a time, and what stands side by side in one at once. Memory is bounded, whatever the
 * blobs are, but for what one alone takes. */
#ifndef NEXUS_ARCHIVE_UPKEEP_REPACK_H
#define NEXUS_ARCHIVE_UPKEEP_REPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/repository.h"
#include "repo/stream/pack_order.h"

/* Takes a blob that was proved: sealed with the target's key (compressed as it was), or its
 * plaintext; the other is NULL. All borrowed for the call. codec: the target's. Called in several
 * threads at once, in no order. */
typedef int repack_put_fn(void *context, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err);
/* Whether put wants a blob sealed: nothing of it changes. Called in several threads at once. */
typedef bool repack_keeps_fn(void *context, const struct index_entry *entry);

struct repack {
	struct repository *repository; /* borrowed, as all here: its index made the order */
	struct repository *target; /* where put puts it, with a key of its own; NULL: the same */
	struct pack_order *order; /* all that is to be moved */
	repack_put_fn *put;
	repack_keeps_fn *keeps;
	void *put_context;
	/* Below: called in the thread of repack_run. Often, and while it waits; negative ends it.
	 */
	int (*go_on)(void *context, struct err *err);
	/* All of a pack is on its way. May be NULL. */
	void (*on_pack)(void *context, size_t pack);
	/* A blob of which no copy can be read: told, and left out. NULL: that is an error. */
	void (*on_lost)(void *context, const struct id *id, const struct err *err);
	void *context;
};

/* Hands on what is to be moved. If a blob is damaged in its place, another copy is looked for.
 * After 0 all were put; the target's index may have grown. -EBADMSG, -ENOENT. */
int repack_run(const struct repack *repack, struct err *err) __attribute__((warn_unused_result));

#endif
