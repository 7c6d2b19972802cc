/* Between a blob's plaintext and its stored form: hash, zstd, sealing, and the way back. One
 * struct blob_codec per thread. */
#ifndef NEXUS_REPO_BLOB_H
#define NEXUS_REPO_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "crypto/cipher.h"
#include "crypto/hash_many.h"
#include "repo/id.h"

#define BLOB_DATA_MAX (64u << 20) /* bytes of plaintext; restic's chunks are at most 8 MiB */
#define BLOB_TREE_MAX (512u << 20)

enum blob_type {
	BLOB_DATA,
	BLOB_TREE,
};

/* Where a blob is stored, and how. */
struct blob_location {
	uint32_t offset, length; /* in its pack, bytes, sealed */
	uint32_t plain_length; /* uncompressed_length of the format; 0: stored uncompressed */
};

/* "data" or "tree"; static. */
const char *blob_type_name(enum blob_type type);
size_t blob_plain_max(enum blob_type type);
/* The most bytes that a sealed blob of that type can have. */
size_t blob_sealed_max(enum blob_type type);
/* Bytes of plaintext that a blob decodes to, told by its location. */
static inline uint64_t blob_plain_size(const struct blob_location *location)
{
	return location->plain_length ? location->plain_length
				      : location->length - (uint32_t)CIPHER_OVERHEAD;
}

struct blob_codec;

/* Borrows key. level: zstd's. */
int blob_codec_new(const struct cipher_key *key, int level, struct blob_codec **ret,
	struct err *err) __attribute__((warn_unused_result));
void blob_codec_free(struct blob_codec *codec);
CLEANUP_DEFINE(blob_codec, struct blob_codec *, blob_codec_free);
#define cleanup_blob_codec CLEANUP(blob_codec)

/* From now on blob_seal compresses nothing, trees neither: version 1 has no compression. */
void blob_codec_plain_only(struct blob_codec *codec);

int blob_id(struct blob_codec *codec, const void *data, size_t size, struct id *ret,
	struct err *err) __attribute__((warn_unused_result));
/* Those of many, which can be cheaper than one by one (see hash_many). */
int blob_ids(struct blob_codec *codec, const struct hash_input *inputs, size_t count,
	struct id *ret, struct err *err) __attribute__((warn_unused_result));

/* A sealed blob in the codec's own memory: valid until its next call. */
struct blob_sealed {
	const uint8_t *data; /* borrowed */
	uint32_t size; /* bytes */
	uint32_t plain_length; /* as in blob_location */
};

/* Compresses (a tree always; data when compress is true, it does not look like noise and it gets
 * smaller) and seals. With verify, what was made is opened, decompressed and compared with data
 * before it is handed out: -EBADMSG tells of broken memory or a broken library. */
int blob_seal(struct blob_codec *codec, enum blob_type type, bool compress, bool verify,
	const void *data, size_t size, struct blob_sealed *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Opens a sealed blob piece by piece and checks it against id; it stays sealed, and its plaintext
 * is nowhere whole. -EBADMSG. */
int blob_prove(struct blob_codec *codec, const struct blob_sealed *sealed, const struct id *id,
	struct err *err) __attribute__((warn_unused_result));
/* Seals with codec's key what from's key had sealed, compressed as it is. What was made is proved
 * against id, and with it what it was made of. -EBADMSG. */
int blob_reseal(struct blob_codec *codec, struct blob_codec *from, const struct blob_sealed *sealed,
	const struct id *id, struct blob_sealed *ret, struct err *err)
	__attribute__((warn_unused_result));

/* A plaintext that is made piece by piece, each time the same, and never stands in memory whole:
 * next appends the first or the next piece to ret and returns 1, or 0 at the end. */
struct blob_source {
	int (*next)(void *context, bool first, struct buf *ret, struct err *err);
	void *context;
};
int blob_source_id(struct blob_codec *codec, const struct blob_source *source, struct id *ret_id,
	size_t *ret_size, struct err *err) __attribute__((warn_unused_result));
/* Compresses, seals and verifies a source with that id and size, as blob_seal does. */
int blob_seal_source(struct blob_codec *codec, const struct blob_source *source,
	const struct id *id, size_t size, struct blob_sealed *ret, struct err *err)
	__attribute__((warn_unused_result));

/* A blob that is read piece by piece: only its stored form stands in memory. */
struct blob_stream;
/* Takes sealed (from malloc), also on failure. All of it is checked against id at once; after
 * that the pieces are decoded again. -EBADMSG. */
int blob_stream_open(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	const struct id *id, struct blob_stream **ret, struct err *err)
	__attribute__((warn_unused_result));
/* Appends a piece of at most 64 KiB to ret; 1, or 0 at the end. */
int blob_stream_next(struct blob_stream *stream, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
/* Bytes of memory that it takes, about. */
size_t blob_stream_memory(const struct blob_stream *stream);
void blob_stream_free(struct blob_stream *stream);
CLEANUP_DEFINE(blob_stream, struct blob_stream *, blob_stream_free);
#define cleanup_blob_stream CLEANUP(blob_stream)

/* Opens size sealed bytes in place, decompresses, and checks the plaintext against id. The
 * plaintext stands in ret, which is cleared first (its max bounds it). -EBADMSG. */
int blob_open(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	const struct id *id, struct buf *ret, struct err *err) __attribute__((warn_unused_result));

/* The first part of it: opens and decompresses into ret, which has room for the blob's plain size
 * (see blob_plain_size). The id is not looked at. sealed is spoiled. -EBADMSG. */
int blob_decode(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	uint8_t *ret, struct err *err) __attribute__((warn_unused_result));
/* Whether the ids of many are cheaper together here. */
bool blob_ids_pay(const struct blob_codec *codec);

/* A file of JSON, as indexes, snapshots and locks are stored: 0x02 and zstd when compress is
 * true, the bare text otherwise. Given piece by piece or, by seal, at once; end seals ret. */
int blob_file_begin(struct blob_codec *codec, bool compress, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
int blob_file_add(struct blob_codec *codec, const void *data, size_t size, struct buf *ret,
	struct err *err) __attribute__((warn_unused_result));
int blob_file_end(struct blob_codec *codec, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
int blob_seal_file(struct blob_codec *codec, bool compress, const void *data, size_t size,
	struct buf *ret, struct err *err) __attribute__((warn_unused_result));
/* The most bytes that a text of size bytes takes as such a file. */
size_t blob_file_max(size_t size);
/* The way back; opens sealed in place, appends the text to ret. */
int blob_open_file(struct blob_codec *codec, uint8_t *sealed, size_t size, struct buf *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Gives back memory that one large blob made the codec keep. */
void blob_codec_trim(struct blob_codec *codec);

/* Its cipher and hash, for who seals something else, and its key, a secret. All borrowed. */
struct cipher *blob_codec_cipher(struct blob_codec *codec);
struct hash *blob_codec_hash(struct blob_codec *codec);
const struct cipher_key *blob_codec_key(const struct blob_codec *codec);

#endif
