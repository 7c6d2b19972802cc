/* Packs: blobs one behind the other, then a sealed header that lists them, then its length. */
#ifndef NEXUS_REPO_PACK_H
#define NEXUS_REPO_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/blob.h"
#include "repo/id.h"
#include "store/store.h"

#define PACK_SIZE (16u << 20) /* bytes at which a pack is closed */
#define PACK_HEADER_MAX (16u << 20)
#define PACK_ENTRIES_MAX 20000u /* blobs in a pack of ours */

struct pack_entry {
	struct id id;
	enum blob_type type;
	struct blob_location location;
};

/* Reads the header's plaintext into a list of entries appended to ret (struct pack_entry each).
 * blobs_size is where the sealed header begins: the blobs must fill it exactly. -EBADMSG. */
int pack_header_parse(const uint8_t *header, size_t size, uint64_t blobs_size, struct buf *ret,
	struct err *err) __attribute__((warn_unused_result));
/* Appends the plaintext of the header. */
int pack_header_format(const struct pack_entry *entries, size_t count, struct buf *ret,
	struct err *err) __attribute__((warn_unused_result));

/* One pack being written: straight into the store, hashed on the way, nothing of it kept but
 * its list. One thread at a time. */
struct pack_writer;

int pack_writer_new(struct store *store, struct pack_writer **ret, struct err *err)
	__attribute__((warn_unused_result));
/* Gives up: nothing remains in the store. NULL is fine. */
void pack_writer_free(struct pack_writer *writer);
CLEANUP_DEFINE(pack_writer, struct pack_writer *, pack_writer_free);
#define cleanup_pack_writer CLEANUP(pack_writer)

int pack_writer_add(struct pack_writer *writer, enum blob_type type, const struct id *id,
	const struct blob_sealed *sealed, struct err *err) __attribute__((warn_unused_result));
/* Whether it is time to finish it. */
bool pack_writer_is_full(const struct pack_writer *writer);
/* Seals the header with codec and makes the pack durable. */
int pack_writer_finish(struct pack_writer *writer, struct blob_codec *codec, struct id *ret_id,
	struct err *err) __attribute__((warn_unused_result));
/* What is in it, borrowed. */
const struct pack_entry *pack_writer_entries(const struct pack_writer *writer, size_t *ret_count);
/* Bytes of the blobs in it. */
uint64_t pack_writer_size(const struct pack_writer *writer);
/* Bytes of the header and what stands around it, known after finish. */
uint64_t pack_writer_overhead(const struct pack_writer *writer);

#endif
