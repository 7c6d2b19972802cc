/* Puts blobs that are sealed already into new packs, without asking whether they are known:
 * for moving what is stored from one pack to another. */
#ifndef NEXUS_ARCHIVE_UPKEEP_PACKER_H
#define NEXUS_ARCHIVE_UPKEEP_PACKER_H

#include <pthread.h>

#include "base/err.h"
#include "repo/index.h"
#include "repo/packs.h"
#include "repo/repository.h"

struct packer {
	struct repository *repository; /* borrowed */
	struct packs packs;
	pthread_mutex_t mutex; /* guards the batch */
	struct index_batch batch; /* owned: packs that stand in no index file yet */
	bool compress_trees, compress_data; /* packer_put: seal anew what is uncompressed */
};

void packer_init(struct packer *packer, struct repository *repository);
/* Gives up what is not finished. */
void packer_done(struct packer *packer);

/* sealed is copied. Full packs are made durable, and an index file of them when it is large. May
 * be called from several threads, each with a codec of its own. */
int packer_add(struct packer *packer, struct blob_codec *codec, enum blob_type type,
	const struct id *id, const struct blob_sealed *sealed, struct err *err)
	__attribute__((warn_unused_result));

/* A repack_put_fn and a repack_keeps_fn for a struct packer as their context. */
int packer_put(void *context, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err)
	__attribute__((warn_unused_result));
bool packer_keeps(void *context, const struct index_entry *entry);

/* After 0 all that was added is durable and in an index file. No other thread may add. */
int packer_flush(struct packer *packer, struct err *err) __attribute__((warn_unused_result));

/* Saves an index file of a batch, and empties it; nothing for an empty one. For the main thread. */
int packer_save_index(struct repository *repository, struct index_batch *batch, struct err *err)
	__attribute__((warn_unused_result));

static inline void cleanup_packer_fn(struct packer *packer)
{
	int saved = errno;

	packer_done(packer);
	errno = saved;
}
#define cleanup_packer __attribute__((cleanup(cleanup_packer_fn)))

#endif
