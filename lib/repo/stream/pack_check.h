/* Reading a pack through, once, for its own hash and for its blobs. A struct pack_check is used by
 * one thread at a time. */
#ifndef NEXUS_REPO_STREAM_PACK_CHECK_H
#define NEXUS_REPO_STREAM_PACK_CHECK_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "repo/blob.h"
#include "repo/index.h"
#include "repo/repository.h"

#define PACK_CHECK_BATCH 64u /* blobs whose ids are made together, where that pays */

/* Buffers for one pack after the other; flat, whatever is in them. */
struct pack_check {
	struct store *store; /* borrowed */
	pthread_mutex_t *large; /* borrowed: who has it may have a large blob in memory */
	struct hash *hash; /* owned */
	struct buf bytes; /* owned: of the pack, where one is being read */
	struct buf plain; /* owned: a blob, or those of a batch */
	struct hash_input batch[PACK_CHECK_BATCH]; /* decoded, but not held against their ids */
	size_t batch_count;
	size_t start; /* what of bytes is done with */
	uint64_t size, read; /* bytes: of the pack, and read of it */
	char name[ID_TEXT_SIZE];
};

int pack_check_init(struct pack_check *reader, struct store *store, pthread_mutex_t *large,
	struct err *err) __attribute__((warn_unused_result));
void pack_check_done(struct pack_check *reader);

/* Reads the pack of so many bytes. entries: what the index says of it, each blob once, as they
 * stand one behind the other. Returns 0, -EBADMSG for damage, or what reading it came to. */
int pack_check_read(struct pack_check *reader, struct blob_codec *codec, const struct id *id,
	uint64_t size, const struct index_entry *entries, size_t count, struct err *err)
	__attribute__((warn_unused_result));

#endif
