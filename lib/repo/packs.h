/* Packs in the making: two of data, filled at random, and one of trees. But for init, done and
 * take they may be used by several threads, each with a codec of its own. */
#ifndef NEXUS_REPO_PACKS_H
#define NEXUS_REPO_PACKS_H

#include <pthread.h>
#include <stdint.h>

#include "base/err.h"
#include "repo/blob.h"
#include "repo/id.h"
#include "repo/pack.h"
#include "store/store.h"

#define PACKS_OPEN 3

struct packs {
	struct store *store; /* borrowed */
	struct {
		pthread_mutex_t mutex;
		struct pack_writer *writer; /* owned, or NULL */
	} open[PACKS_OPEN];
	uint64_t unsaved_bytes; /* of blobs in packs that are not durable; atomic */
};

void packs_init(struct packs *packs, struct store *store);
/* Gives up what is not finished. */
void packs_done(struct packs *packs);

/* Puts a sealed blob, which is copied, into one of them. When that filled it, it is handed out,
 * owned; else *ret_full stays. */
int packs_put(struct packs *packs, enum blob_type type, const struct id *id,
	const struct blob_sealed *sealed, struct pack_writer **ret_full, struct err *err)
	__attribute__((warn_unused_result));
/* One that is not full, owned; NULL: there are no more. */
struct pack_writer *packs_take(struct packs *packs);

/* Makes one that was handed out durable; writer is borrowed, and of no more use but for its
 * entries. */
int packs_finish(struct packs *packs, struct blob_codec *codec, struct pack_writer *writer,
	struct id *ret_id, struct err *err) __attribute__((warn_unused_result));

#endif
