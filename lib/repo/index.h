/* Which blob stands in which pack, and the JSON of index files. What is too much for memory
 * stands in a mapped file (see repo/sorted/table.h). Not thread-safe, not even for looking
 * things up: struct repository guards it. */
#ifndef NEXUS_REPO_INDEX_H
#define NEXUS_REPO_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/blob.h"
#include "repo/id.h"
#include "repo/pack.h"
#include "repo/sorted/sorted.h"

#define INDEX_BLOBS_MAX 50000u /* blobs in an index file of ours */
#define INDEX_FILE_MAX (128u << 20) /* bytes of JSON that are read; 50000 blobs have 10 MiB */
#define INDEX_PENDING UINT32_MAX /* the pack of a blob that is being stored */

struct index_entry {
	struct id id;
	uint32_t pack : 31; /* number of the pack, or INDEX_PENDING's low bits */
	uint32_t is_tree : 1;
	struct blob_location location;
};

struct index;

int index_new(struct index **ret, struct err *err) __attribute__((warn_unused_result));
void index_free(struct index *index);
CLEANUP_DEFINE(index, struct index *, index_free);
#define cleanup_index CLEANUP(index)

/* The number of a pack, new or known. */
int index_add_pack(struct index *index, const struct id *id, uint32_t *ret, struct err *err)
	__attribute__((warn_unused_result));
/* False if the pack is unknown. */
bool index_find_pack(const struct index *index, const struct id *id, uint32_t *ret);
const struct id *index_pack_id(const struct index *index, uint32_t pack);
size_t index_pack_count(const struct index *index);

/* Adds a blob. The same blob may stand in several packs; index_find gives one of them. */
int index_add(struct index *index, enum blob_type type, const struct id *id, uint32_t pack,
	const struct blob_location *location, struct err *err) __attribute__((warn_unused_result));

/* NULL if it is unknown. Valid until the next add. */
const struct index_entry *index_find(
	const struct index *index, enum blob_type type, const struct id *id);
/* Goes through the stored copies of a blob: *number is 0 at first and moved on. NULL at the
 * end. The first is found at once, the others slowly. */
const struct index_entry *index_find_copy(
	const struct index *index, enum blob_type type, const struct id *id, size_t *number);
/* The number of the entry that index_find gives. */
bool index_number(const struct index *index, enum blob_type type, const struct id *id, size_t *ret);
bool index_is_pending(const struct index_entry *entry);

/* Claims a blob for storing: 1 if it was unknown and is pending now, 0 if it is known. */
int index_claim(struct index *index, enum blob_type type, const struct id *id, struct err *err)
	__attribute__((warn_unused_result));
/* Says where a pending blob went. */
int index_settle(struct index *index, enum blob_type type, const struct id *id, uint32_t pack,
	const struct blob_location *location, struct err *err) __attribute__((warn_unused_result));

/* All entries by number, doubles too. Numbers and entries hold until the next add or sort. */
size_t index_count(const struct index *index);
const struct index_entry *index_at(const struct index *index, size_t number);

/* After the last of many adds, before many look-ups. */
int index_sort(struct index *index, struct err *err) __attribute__((warn_unused_result));
/* Entries by pack and place in it; freed with sorted_free, before the index. See
 * repo/stream/pack_order.h. */
int index_by_pack(const struct index *index, const uint8_t *entries, const uint8_t *packs,
	struct sorted **ret, struct err *err) __attribute__((warn_unused_result));

/* Reads an index file's JSON into index. -EBADMSG. */
int index_parse(struct index *index, const void *text, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Packs that are to go into the next index file. */
struct index_batch {
	struct buf packs, entries; /* owned */
	size_t blobs;
};

void index_batch_init(struct index_batch *batch);
void index_batch_done(struct index_batch *batch);
int index_batch_add(struct index_batch *batch, const struct id *pack,
	const struct pack_entry *entries, size_t count, struct err *err)
	__attribute__((warn_unused_result));
/* Makes the sealed index file of it, the JSON piece by piece: ret is a blob_file. */
int index_batch_seal(const struct index_batch *batch, struct blob_codec *codec, bool compress,
	struct buf *ret, struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_index_batch_fn(struct index_batch *batch)
{
	int saved = errno;

	index_batch_done(batch);
	errno = saved;
}
#define cleanup_index_batch __attribute__((cleanup(cleanup_index_batch_fn)))

#endif
