/* Inside of repository: what its two parts share. repository makes, opens and closes one and moves
 * its files of JSON; repository_blob moves blobs and keeps the index. */
#ifndef NEXUS_REPO_REPOSITORY_INSIDE_H
#define NEXUS_REPO_REPOSITORY_INSIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "crypto/cipher.h"
#include "repo/blob.h"
#include "repo/config.h"
#include "repo/id.h"
#include "repo/index.h"
#include "repo/packs.h"
#include "store/store.h"

#define REPOSITORY_FILE_MAX (256u << 20) /* stored bytes of a file of JSON */

struct repository {
	struct store *store; /* owned */
	const struct clock *clock;
	struct cipher_key *key; /* owned, secret */
	struct id key_id; /* of the file that it was opened with */
	struct config config;
	int level;
	bool compress, dry_run;
	struct blob_codec *codec; /* owned: of the main thread */

	pthread_mutex_t mutex; /* guards the index and what is to be written of it */
	struct index *index; /* owned */
	struct index_batch unsaved; /* packs that stand in no index file yet */
	uint64_t saved_us; /* when an index file was last written */

	struct packs packs;
};

/* Stores a file that is sealed, under the hash of its bytes. */
int repository_save_sealed(struct repository *repository, struct blob_codec *codec,
	enum store_type type, const struct buf *sealed, struct id *ret_id, struct err *err)
	__attribute__((warn_unused_result));

#endif
