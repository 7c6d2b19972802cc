/* Content that is read ahead of who writes it. Blobs are announced in the order in which they will
 * be taken; those that stand close to each other in a pack are read with one request, several
 * requests at a time, and workers decode and check them. Memory is flat. It only ever saves time:
 * a blob that it has not, or could not read, is for the caller to load. Everything here is called
 * by one thread. */
#ifndef NEXUS_ARCHIVE_RESTORE_AHEAD_H
#define NEXUS_ARCHIVE_RESTORE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/repository.h"

#define AHEAD_WINDOW (20u << 20) /* bytes of plaintext that are announced and not taken */
#define AHEAD_NEAR (4u << 20) /* the same, or one blob, as long as the store answers at once */
#define AHEAD_SEALED (10u << 20) /* stored bytes that are being read, all workers together */
#define AHEAD_BLOB_MAX (8u << 20) /* bytes of a blob, stored or plain: restic's chunks fit */
#define AHEAD_BLOBS 8192u /* blobs that are announced and not taken */
#define AHEAD_FILES 8192u /* files of which that is so, with those that have no blobs */

struct ahead_options {
	unsigned workers; /* 0: 6, one more than a store has connections */
	bool far; /* the store is known to answer slowly; else that is found out */
	/* While the caller waits for a blob, a few times a second; may be NULL. A negative return
	 * ends the wait. */
	int (*wait)(void *context, struct err *err);
	void *context;
};

struct ahead;

/* Borrows repository. */
int ahead_new(struct repository *repository, const struct ahead_options *options,
	struct ahead **ret, struct err *err) __attribute__((warn_unused_result));
/* Waits for requests that are under way; what is queued is dropped. NULL is fine. */
void ahead_free(struct ahead *ahead);
CLEANUP_DEFINE(ahead, struct ahead *, ahead_free);
#define cleanup_ahead CLEANUP(ahead)

/* --- Announcing --- */

/* From now on blobs of this file are announced. False: no room now. */
bool ahead_announce_file(struct ahead *ahead, uint64_t key);
/* A blob. False: no room now. One that is unknown or too large is passed over with true. */
bool ahead_announce(struct ahead *ahead, const struct id *id);
/* Nothing will be announced for a while: what waits for neighbours is fetched now. */
int ahead_send(struct ahead *ahead, struct err *err) __attribute__((warn_unused_result));

/* --- Taking --- */

/* The file of that key is written next: what was announced before it is dropped. False: it was
 * not announced, and nothing is dropped. */
bool ahead_begin(struct ahead *ahead, uint64_t key);
/* A blob of the file; those before it are dropped. 1 and *ret_data, valid until the next call of
 * any of these; 0: load it; negative: what wait returned. */
int ahead_take(struct ahead *ahead, const struct id *id, const uint8_t **ret_data, size_t *ret_size,
	struct err *err) __attribute__((warn_unused_result));
/* The file is done with. */
void ahead_end(struct ahead *ahead);
/* Drops all. */
void ahead_clear(struct ahead *ahead);
/* Whether nothing is announced but the file that is being written. */
bool ahead_is_empty(const struct ahead *ahead);

#endif
