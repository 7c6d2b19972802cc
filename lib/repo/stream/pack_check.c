#include "repo/stream/pack_check.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/cipher.h"
#include "repo/pack.h"

#define PIECE (1u << 20) /* bytes read at once */
#define LARGE (2u << 20) /* bytes of a blob, stored or plain */
#define BATCH_BYTES (4u << 20) /* plain, of blobs whose ids are made together */

int pack_check_init(
	struct pack_check *reader, struct store *store, pthread_mutex_t *large, struct err *err)
{
	*reader = (struct pack_check){
		.store = store,
		.large = large,
		.bytes = BUF_INIT(512u << 20),
		.plain = BUF_INIT(BLOB_TREE_MAX + 1),
	};
	return hash_new(&reader->hash, err);
}

void pack_check_done(struct pack_check *reader)
{
	hash_free(reader->hash);
	buf_done(&reader->bytes);
	buf_done(&reader->plain);
}

static size_t ready(const struct pack_check *reader)
{
	return reader->bytes.size - reader->start;
}

/* Reads on until the next size bytes of the pack are there, from start on. */
static int need(struct pack_check *reader, uint64_t size, struct err *err)
{
	int r = 0;

	while (r >= 0 && ready(reader) < size) {
		uint64_t left = reader->size - reader->read;
		size_t n = left < PIECE ? (size_t)left : PIECE;
		uint8_t *at;

		if (!n)
			return err_set(err, ERR_CORRUPT, EBADMSG, "pack ends too early");
		buf_consume(&reader->bytes, reader->start);
		reader->start = 0;
		r = buf_reserve(&reader->bytes, n, err);
		if (r < 0)
			break;
		at = reader->bytes.data + reader->bytes.size;
		r = store_read(reader->store, STORE_PACK, reader->name, reader->read, at, n, err);
		if (r >= 0)
			r = hash_add(reader->hash, at, n, err);
		reader->bytes.size += n;
		reader->read += n;
	}
	return r;
}

/* Gives back what a large blob took. */
static void shrink(struct buf *buf)
{
	uint8_t *data;

	if (buf->allocated <= buf->size + 1)
		return;
	data = realloc(buf->data, buf->size + 1);
	if (!data)
		return;
	buf->data = data;
	buf->allocated = buf->size + 1;
}

static int open_blob(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entry, struct err *err)
{
	const struct blob_location *location = &entry->location;
	int r = need(reader, location->length, err);

	if (r >= 0)
		r = blob_open(codec, reader->bytes.data + reader->start, location->length,
			location->plain_length, &entry->id, &reader->plain, err);
	if (r >= 0)
		reader->start += location->length;
	return r;
}

/* Forgets the bytes of what is done with. */
static void forget(struct pack_check *reader)
{
	buf_consume(&reader->bytes, reader->start);
	reader->start = 0;
	shrink(&reader->bytes);
}

/* A tree of a huge folder: only its stored form stands in memory. */
static int stream_blob(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entry, struct err *err)
{
	cleanup_blob_stream struct blob_stream *stream = NULL;
	size_t length = entry->location.length;
	uint8_t *sealed;
	int r = need(reader, length, err);

	if (r < 0)
		return r;
	sealed = malloc(length);
	if (!sealed)
		return err_oom(err);
	memcpy(sealed, reader->bytes.data + reader->start, length);
	reader->start += length;
	forget(reader);
	return blob_stream_open(
		codec, sealed, length, entry->location.plain_length, &entry->id, &stream, err);
}

/* Holds the batch against the ids of its blobs, which stand from entries on. Adds to *good how many
 * are right before the first that is not. */
static int end_batch(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entries, size_t *good, struct err *err)
{
	struct id found[PACK_CHECK_BATCH];
	size_t count = reader->batch_count;
	int r = blob_ids(codec, reader->batch, count, found, err);

	reader->batch_count = 0;
	buf_clear(&reader->plain);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (!id_equal(&found[i], &entries[*good].id))
			return err_set(
				err, ERR_CORRUPT, EBADMSG, "open a blob: its hash is another");
		(*good)++;
	}
	return r;
}

/* Decodes a blob into the batch. */
static int add_to_batch(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entry, struct err *err)
{
	const struct blob_location *location = &entry->location;
	size_t plain = blob_plain_size(location);
	uint8_t *at;
	int r = need(reader, location->length, err);

	/* Room for all of the batch at once, so that none of it moves. */
	if (r >= 0 && !reader->batch_count)
		r = buf_reserve(&reader->plain, blob_ids_pay(codec) ? BATCH_BYTES : plain, err);
	if (r < 0)
		return r;
	at = reader->plain.data + reader->plain.size;
	r = blob_decode(codec, reader->bytes.data + reader->start, location->length,
		location->plain_length, at, err);
	if (r < 0)
		return r;
	reader->batch[reader->batch_count++] = (struct hash_input){at, plain};
	reader->plain.size += plain;
	reader->start += location->length;
	return 0;
}

static int check_large(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entry, struct err *err)
{
	int r;

	pthread_mutex_lock(reader->large);
	r = (entry->is_tree ? stream_blob : open_blob)(reader, codec, entry, err);
	buf_clear(&reader->plain);
	shrink(&reader->plain);
	forget(reader);
	pthread_mutex_unlock(reader->large);
	return r;
}

static int check_blob(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entries, size_t number, size_t *good, struct err *err)
{
	const struct index_entry *entry = &entries[number];
	enum blob_type type = entry->is_tree ? BLOB_TREE : BLOB_DATA;
	size_t plain = blob_plain_size(&entry->location);
	bool large = plain > LARGE || entry->location.length > LARGE;
	int r = 0;

	if (plain > blob_plain_max(type) || entry->location.length > blob_sealed_max(type))
		return err_set(err, ERR_CORRUPT, EFBIG, "blob is too large");
	if (large || reader->batch_count == PACK_CHECK_BATCH ||
		reader->plain.size + plain > BATCH_BYTES)
		r = end_batch(reader, codec, entries, good, err);
	if (r < 0)
		return r;
	if (large) {
		r = check_large(reader, codec, entry, err);
		*good += r >= 0;
		return r;
	}
	r = add_to_batch(reader, codec, entry, err);
	/* Where many at once do not pay it is cheapest while the bytes are near. */
	return r < 0 || blob_ids_pay(codec) ? r : end_batch(reader, codec, entries, good, err);
}

/* The blobs of entries, which must follow each other from the pack's start. Returns how many are
 * as they should be; err is set if one is damaged, and not if the index has another place for it.
 */
static size_t check_blobs(struct pack_check *reader, struct blob_codec *codec,
	const struct index_entry *entries, size_t count, struct err *err)
{
	struct err batch_err = ERR_INIT;
	size_t good = 0;
	uint64_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct blob_location *location = &entries[i].location;

		if (location->offset != at || location->length > reader->size - at ||
			check_blob(reader, codec, entries, i, &good, err) < 0)
			break;
		*err = ERR_INIT; /* of tries that failed before one went well */
		at += location->length;
	}
	/* What is wrong in the last batch stands before what ended it. */
	if (end_batch(reader, codec, entries, &good, &batch_err) < 0)
		*err = batch_err;
	return good;
}

/* Reads what is left, for the hash; the end of it stays. */
static int read_rest(struct pack_check *reader, const struct id *id, struct err *err)
{
	struct id found = {{0}};
	int r = 0;

	while (r >= 0 && reader->read < reader->size) {
		if (ready(reader) > PIECE) /* but for the header's length */
			reader->start = reader->bytes.size - sizeof(uint32_t);
		r = need(reader, ready(reader) + 1, err);
	}
	if (r >= 0)
		r = hash_end(reader->hash, found.bytes, err);
	if (r >= 0 && !id_equal(&found, id))
		r = err_set(err, ERR_CORRUPT, EBADMSG, "pack's hash is another");
	return r;
}

/* Lists what the pack itself says of its blobs. Its end was read last. */
static int read_header(
	struct pack_check *reader, struct blob_codec *codec, struct buf *ret, struct err *err)
{
	cleanup_buf struct buf again = BUF_INIT(PACK_HEADER_MAX + 1);
	size_t known = ready(reader);
	uint8_t *header = reader->bytes.data + reader->bytes.size;
	uint32_t length;
	int r = 0;

	if (reader->size < CIPHER_OVERHEAD + sizeof(length) || known < sizeof(length))
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack is too short to be one");
	memcpy(&length, header - sizeof(length), sizeof(length));
	length = le32toh(length);
	if (length < CIPHER_OVERHEAD || length > PACK_HEADER_MAX ||
		length > reader->size - sizeof(length))
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack's header has a wrong length");
	if (length <= known - sizeof(length)) {
		header -= sizeof(length) + length;
	} else {
		r = buf_reserve(&again, length, err);
		if (r >= 0)
			r = store_read(reader->store, STORE_PACK, reader->name,
				reader->size - sizeof(length) - length, again.data, length, err);
		header = again.data;
	}
	if (r >= 0)
		r = cipher_open(blob_codec_cipher(codec), header, length, err);
	return r < 0 ? r
		     : pack_header_parse(header + CIPHER_IV_SIZE, length - CIPHER_OVERHEAD,
			       reader->size - sizeof(length) - length, ret, err);
}

static bool same_entry(const struct pack_entry *a, const struct index_entry *b)
{
	return id_equal(&a->id, &b->id) && (a->type == BLOB_TREE) == b->is_tree &&
	       a->location.offset == b->location.offset &&
	       a->location.length == b->location.length &&
	       a->location.plain_length == b->location.plain_length;
}

/* The first thing that is wrong in the pack's own order is told, but the hash of all before. */
int pack_check_read(struct pack_check *reader, struct blob_codec *codec, const struct id *id,
	uint64_t size, const struct index_entry *entries, size_t count, struct err *err)
{
	cleanup_buf struct buf list = BUF_INIT(PACK_HEADER_MAX * 2);
	struct err blob_err = ERR_INIT;
	const struct pack_entry *found;
	size_t good, found_count;
	int r;

	id_format(id, reader->name);
	reader->size = size;
	reader->read = 0;
	reader->start = 0;
	reader->batch_count = 0;
	buf_clear(&reader->bytes);
	buf_clear(&reader->plain);
	r = hash_begin(reader->hash, err);
	if (r < 0)
		return r;
	good = check_blobs(reader, codec, entries, count, &blob_err);
	/* What could not be read at all needs no second try. */
	if (blob_err.code && blob_err.kind != ERR_CORRUPT) {
		*err = blob_err;
		return -err->code;
	}
	r = read_rest(reader, id, err);
	if (r >= 0)
		r = read_header(reader, codec, &list, err);
	if (r < 0)
		return r;
	found = (const struct pack_entry *)(const void *)list.data;
	found_count = list.size / sizeof(*found);
	if (found_count != count)
		return err_set(err, ERR_CORRUPT, EBADMSG, "pack lists %zu blobs, the index %zu",
			found_count, count);
	for (size_t i = 0; i < count && i <= good; i++) {
		if (!same_entry(&found[i], &entries[i]))
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"pack and index disagree about blob %zu", i);
	}
	*err = blob_err;
	return -err->code;
}
