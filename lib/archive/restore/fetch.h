/* Inside of ahead: blobs that a worker reads with one request, decodes and checks. */
#ifndef NEXUS_ARCHIVE_RESTORE_FETCH_H
#define NEXUS_ARCHIVE_RESTORE_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "repo/blob.h"
#include "repo/id.h"
#include "repo/repository.h"

/* Which blob, where it stands, and where it is wanted. */
struct fetch_blob {
	struct id id, pack;
	struct blob_location location;
	uint8_t *plain; /* borrowed: room for its plain size */
	uint64_t at; /* where that is, for who gives the room */
	uint64_t number; /* which of all it is, as they are needed */
	uint64_t due; /* of a request's first blob: the lowest number in it */
	struct fetch_blob *next; /* the next one in the pack, not before this one; NULL: the last */
	enum fetch_state {
		FETCH_NEW,
		FETCH_SENT,
		FETCH_READY,
		FETCH_FAILED,
	} state;
	enum fetch_state found; /* the worker's: what state becomes */
};

#define FETCH_GAP (128u << 10) /* bytes between two blobs that are read for nothing */

/* Cuts blobs into requests of at most max_bytes, but for a longer blob; each is a chain from its
 * first blob on. list: count of them, spoiled: the first ones of the requests come to stand at its
 * front, in the order in which they are needed. Returns how many these are. */
size_t fetch_plan(struct fetch_blob **list, size_t count, uint64_t max_bytes);

/* Bytes from the first blob to the end of the last one. */
uint64_t fetch_size(const struct fetch_blob *first);

/* Reads, decodes and checks the blobs of a request; found tells of each what came of it. sealed has
 * room for fetch_size bytes. Returns for how many microseconds the store was asked. */
uint64_t fetch_run(
	struct store *store, struct blob_codec *codec, struct fetch_blob *first, uint8_t *sealed);

#endif
