#include "repo/blob.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/noise.h"
#include "codec/zstd.h"
#include "crypto/hash.h"

/* Less in fuzz targets, as in stream/tree_stream.c. */
#ifndef TREE_STREAM_SMALLER
#define TREE_STREAM_SMALLER 1
#endif
#define PIECE (65536u / TREE_STREAM_SMALLER) /* bytes */
#define KEEP_MAX (3u << 20) /* bytes of scratch kept between blobs */
#define FILE_ZSTD 2 /* first byte of a compressed file */

struct blob_codec {
	struct hash *hash;
	enum hash_many_way hash_way;
	struct cipher *cipher;
	const struct cipher_key *key;
	struct zstd_encoder *encoder;
	struct zstd_decoder *decoder;
	uint8_t *sealed; /* owned scratch: room for IV, text, MAC */
	size_t sealed_size;
	bool plain_only; /* see blob_codec_plain_only */
	bool file_compressed; /* of the file between begin and end */
	uint8_t piece[PIECE];
};

const char *blob_type_name(enum blob_type type)
{
	return type == BLOB_TREE ? "tree" : "data";
}

size_t blob_plain_max(enum blob_type type)
{
	return type == BLOB_TREE ? BLOB_TREE_MAX : BLOB_DATA_MAX;
}

size_t blob_sealed_max(enum blob_type type)
{
	return zstd_bound(blob_plain_max(type)) + CIPHER_OVERHEAD;
}

int blob_codec_new(
	const struct cipher_key *key, int level, struct blob_codec **ret, struct err *err)
{
	cleanup_blob_codec struct blob_codec *codec = calloc(1, sizeof(*codec));
	int r;

	if (!codec)
		return err_oom(err);
	codec->key = key;
	codec->hash_way = hash_many_best();
	r = hash_new(&codec->hash, err);
	if (r >= 0)
		r = cipher_new(key, &codec->cipher, err);
	if (r >= 0)
		r = zstd_encoder_new(level, &codec->encoder, err);
	if (r >= 0)
		r = zstd_decoder_new(&codec->decoder, err);
	if (r < 0)
		return r;
	*ret = TAKE(codec);
	return 0;
}

void blob_codec_free(struct blob_codec *codec)
{
	if (!codec)
		return;
	hash_free(codec->hash);
	cipher_free(codec->cipher);
	zstd_encoder_free(codec->encoder);
	zstd_decoder_free(codec->decoder);
	free(codec->sealed);
	free(codec);
}

struct cipher *blob_codec_cipher(struct blob_codec *codec)
{
	return codec->cipher;
}

const struct cipher_key *blob_codec_key(const struct blob_codec *codec)
{
	return codec->key;
}

struct hash *blob_codec_hash(struct blob_codec *codec)
{
	return codec->hash;
}

void blob_codec_trim(struct blob_codec *codec)
{
	if (codec->sealed_size <= KEEP_MAX)
		return;
	free(codec->sealed);
	codec->sealed = NULL;
	codec->sealed_size = 0;
}

int blob_id(
	struct blob_codec *codec, const void *data, size_t size, struct id *ret, struct err *err)
{
	return hash_once(codec->hash, data, size, ret->bytes, err);
}

int blob_ids(struct blob_codec *codec, const struct hash_input *inputs, size_t count,
	struct id *ret, struct err *err)
{
	static_assert(sizeof(*ret) == HASH_SIZE, "ids stand as close as digests");
	return count ? hash_many(codec->hash, codec->hash_way, inputs, count, &ret->bytes, err) : 0;
}

/* Makes the scratch hold at least size bytes; what it held is lost. */
static int need_scratch(struct blob_codec *codec, size_t size, struct err *err)
{
	if (size <= codec->sealed_size)
		return 0;
	free(codec->sealed);
	codec->sealed_size = 0;
	codec->sealed = malloc(size);
	if (!codec->sealed)
		return err_oom(err);
	codec->sealed_size = size;
	return 0;
}

/* Puts the text to seal behind the room for the IV: compressed if that is wanted and pays (or
 * must be). */
static int fill_scratch(struct blob_codec *codec, enum blob_type type, bool compress,
	const void *data, size_t size, size_t *ret_text, uint32_t *ret_plain, struct err *err)
{
	/* For data a frame that is not smaller is of no use: no room is made for it. */
	size_t room = type == BLOB_TREE ? zstd_bound(size) : size;
	bool wanted = type == BLOB_TREE || (compress && !noise_likely(data, size));
	size_t text = 0;
	int r;

	r = need_scratch(codec, room + CIPHER_OVERHEAD, err);
	if (r < 0)
		return r;
	r = 1;
	if (wanted && size && !codec->plain_only)
		r = zstd_encode(codec->encoder, data, size, codec->sealed + CIPHER_IV_SIZE, room,
			&text, err);
	if (r < 0)
		return r;
	if (r == 0 && (type == BLOB_TREE || text < size)) {
		*ret_plain = (uint32_t)size;
		*ret_text = text;
		return 0;
	}
	if (size)
		memcpy(codec->sealed + CIPHER_IV_SIZE, data, size);
	*ret_plain = 0;
	*ret_text = size;
	return 0;
}

/* Opens what was sealed, piece by piece, and compares it with what went in. */
static int verify_sealed(struct blob_codec *codec, const struct blob_sealed *sealed,
	const uint8_t *data, size_t size, struct err *err)
{
	size_t left = sealed->size - CIPHER_OVERHEAD, at = 0;
	const uint8_t *text = sealed->data + CIPHER_IV_SIZE;
	struct zstd_compare compare;
	int r;

	r = cipher_open_begin(codec->cipher, sealed->data, sealed->size, err);
	if (r >= 0 && sealed->plain_length)
		r = zstd_compare_begin(&compare, codec->decoder, data, size, err);
	while (r >= 0 && left) {
		size_t n = left < PIECE ? left : PIECE;

		r = cipher_open_next(codec->cipher, text + at, n, codec->piece, err);
		if (r >= 0 && sealed->plain_length)
			r = zstd_compare_next(&compare, codec->piece, n, err);
		else if (r >= 0 && memcmp(codec->piece, data + at, n) != 0)
			r = err_set(err, ERR_CORRUPT, EBADMSG, "compare: other bytes");
		at += n;
		left -= n;
	}
	if (r >= 0 && sealed->plain_length)
		r = zstd_compare_end(&compare, err);
	return r < 0 ? err_wrap(err, "verify a blob before storing it") : 0;
}

void blob_codec_plain_only(struct blob_codec *codec)
{
	codec->plain_only = true;
}

int blob_seal(struct blob_codec *codec, enum blob_type type, bool compress, bool verify,
	const void *data, size_t size, struct blob_sealed *ret, struct err *err)
{
	size_t text;
	int r;

	if (size > blob_plain_max(type))
		return err_set(err, ERR_SPACE, EFBIG, "store a %s blob: %zu bytes are too many",
			blob_type_name(type), size);
	r = fill_scratch(codec, type, compress, data, size, &text, &ret->plain_length, err);
	if (r < 0)
		return r;
	r = cipher_seal(codec->cipher, codec->sealed, text, err);
	if (r < 0)
		return r;
	ret->data = codec->sealed;
	ret->size = (uint32_t)(text + CIPHER_OVERHEAD);
	return verify ? verify_sealed(codec, ret, data, size, err) : 0;
}

bool blob_ids_pay(const struct blob_codec *codec)
{
	return codec->hash_way != HASH_MANY_LIBRARY;
}

int blob_decode(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	uint8_t *ret, struct err *err)
{
	uint8_t *text = sealed + CIPHER_IV_SIZE;
	int r = cipher_open_begin(codec->cipher, sealed, size, err);

	if (r < 0)
		return r;
	size -= CIPHER_OVERHEAD;
	r = cipher_open_next(codec->cipher, text, size, plain_length ? text : ret, err);
	if (r < 0 || !plain_length)
		return r;
	return zstd_decode(codec->decoder, text, size, ret, plain_length, err);
}

int blob_open(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	const struct id *id, struct buf *ret, struct err *err)
{
	size_t plain = plain_length ? plain_length : size - CIPHER_OVERHEAD;
	struct id found;
	int r;

	if (size < CIPHER_OVERHEAD)
		return err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: it is too short");
	buf_clear(ret);
	r = buf_reserve(ret, plain + 1, err);
	if (r >= 0)
		r = blob_decode(codec, sealed, size, plain_length, ret->data, err);
	if (r < 0)
		return r;
	ret->size = plain;
	ret->data[plain] = 0;
	r = blob_id(codec, ret->data, plain, &found, err);
	if (r < 0)
		return r;
	if (!id_equal(&found, id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: its hash is another");
	return 0;
}

/* --- Piece by piece --- */

int blob_source_id(struct blob_codec *codec, const struct blob_source *source, struct id *ret_id,
	size_t *ret_size, struct err *err)
{
	cleanup_buf struct buf piece = BUF_INIT(BLOB_TREE_MAX);
	size_t size = 0;
	int r = hash_begin(codec->hash, err), more = 1;

	for (bool first = true; r >= 0 && more > 0; first = false) {
		buf_clear(&piece);
		r = more = source->next(source->context, first, &piece, err);
		if (r >= 0)
			r = hash_add(codec->hash, piece.data, piece.size, err);
		size += piece.size;
	}
	if (r < 0)
		return r;
	*ret_size = size;
	return hash_end(codec->hash, ret_id->bytes, err);
}

static int encode_source(struct blob_codec *codec, const struct blob_source *source,
	struct buf *ret, struct err *err)
{
	static const uint8_t room[CIPHER_OVERHEAD];
	cleanup_buf struct buf piece = BUF_INIT(BLOB_TREE_MAX);
	int r = buf_add(ret, room, CIPHER_IV_SIZE, err), more = 1;

	if (r >= 0)
		r = zstd_encode_begin(codec->encoder, err);
	for (bool first = true; r >= 0 && more > 0; first = false) {
		buf_clear(&piece);
		r = more = source->next(source->context, first, &piece, err);
		if (r >= 0)
			r = zstd_encode_next(
				codec->encoder, piece.data, piece.size, !more, ret, err);
	}
	return r < 0 ? r : buf_add(ret, room, CIPHER_MAC_SIZE, err);
}

/* Hashes what the next n sealed bytes open and decode to, and counts it. */
static int prove_piece(struct blob_codec *codec, const uint8_t *text, size_t n, bool is_plain,
	struct buf *out, size_t *plain, bool *ended, struct err *err)
{
	const uint8_t *at = codec->piece;
	size_t rest = n;
	int r = cipher_open_next(codec->cipher, text, n, codec->piece, err);

	if (is_plain) {
		*plain += n;
		return r < 0 ? r : hash_add(codec->hash, codec->piece, n, err);
	}
	do {
		buf_clear(out);
		if (r >= 0)
			r = zstd_decode_next(codec->decoder, &at, &rest, out, ended, err);
		if (r >= 0)
			r = hash_add(codec->hash, out->data, out->size, err);
		*plain += out->size;
		/* A full step may have left something in the decoder. */
	} while (r >= 0 && !*ended && (rest || out->size == ZSTD_STEP));
	if (r >= 0 && rest)
		r = err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: something follows the frame");
	return r;
}

int blob_prove(struct blob_codec *codec, const struct blob_sealed *sealed, const struct id *id,
	struct err *err)
{
	cleanup_buf struct buf out = BUF_INIT(2 * ZSTD_STEP);
	const uint8_t *text = sealed->data + CIPHER_IV_SIZE;
	bool is_plain = !sealed->plain_length, ended = is_plain;
	size_t left, size, plain = 0;
	struct id found = {{0}};
	int r = cipher_open_begin(codec->cipher, sealed->data, sealed->size, err);

	if (r < 0)
		return r;
	left = sealed->size - CIPHER_OVERHEAD;
	size = is_plain ? left : sealed->plain_length;
	if (!is_plain)
		r = zstd_decode_begin(codec->decoder, err);
	if (r >= 0)
		r = hash_begin(codec->hash, err);
	while (r >= 0 && left && plain <= size) {
		size_t n = left < PIECE ? left : PIECE;

		r = prove_piece(codec, text, n, is_plain, &out, &plain, &ended, err);
		text += n;
		left -= n;
	}
	if (r >= 0)
		r = hash_end(codec->hash, found.bytes, err);
	if (r < 0)
		return r;
	if (!ended || left || plain != size || !id_equal(&found, id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: its hash is another");
	return 0;
}

int blob_reseal(struct blob_codec *codec, struct blob_codec *from, const struct blob_sealed *sealed,
	const struct id *id, struct blob_sealed *ret, struct err *err)
{
	size_t text = sealed->size - CIPHER_OVERHEAD;
	int r = cipher_open_begin(from->cipher, sealed->data, sealed->size, err);

	if (r >= 0)
		r = need_scratch(codec, sealed->size, err);
	if (r >= 0)
		r = cipher_open_next(from->cipher, sealed->data + CIPHER_IV_SIZE, text,
			codec->sealed + CIPHER_IV_SIZE, err);
	if (r >= 0)
		r = cipher_seal(codec->cipher, codec->sealed, text, err);
	if (r < 0)
		return r;
	*ret = (struct blob_sealed){codec->sealed, sealed->size, sealed->plain_length};
	return blob_prove(codec, ret, id, err);
}

int blob_seal_source(struct blob_codec *codec, const struct blob_source *source,
	const struct id *id, size_t size, struct blob_sealed *ret, struct err *err)
{
	cleanup_buf struct buf sealed = BUF_INIT(blob_sealed_max(BLOB_TREE));
	struct blob_sealed made;
	int r = encode_source(codec, source, &sealed, err);

	if (r >= 0)
		r = cipher_seal(codec->cipher, sealed.data, sealed.size - CIPHER_OVERHEAD, err);
	if (r < 0)
		return r;
	made = (struct blob_sealed){sealed.data, (uint32_t)sealed.size, (uint32_t)size};
	/* The same hash, that is, all of it as it went in. */
	if (blob_prove(codec, &made, id, err) < 0)
		return err_wrap(err, "verify a blob before storing it");
	free(codec->sealed);
	codec->sealed_size = sealed.allocated;
	codec->sealed = TAKE(sealed.data);
	*ret = (struct blob_sealed){codec->sealed, (uint32_t)sealed.size, (uint32_t)size};
	return 0;
}

struct blob_stream {
	struct zstd_decoder *decoder; /* owned; NULL: the text is stored as it is */
	uint8_t *sealed; /* owned, decrypted */
	size_t text_size; /* bytes behind the IV */
	const uint8_t *at; /* what the decoder has not taken */
	size_t left;
	bool ended;
};

void blob_stream_free(struct blob_stream *stream)
{
	if (!stream)
		return;
	zstd_decoder_free(stream->decoder);
	free(stream->sealed);
	free(stream);
}

size_t blob_stream_memory(const struct blob_stream *stream)
{
	return sizeof(*stream) + stream->text_size +
	       (stream->decoder ? zstd_decoder_memory(stream->decoder) : 0);
}

static int rewind_stream(struct blob_stream *stream, struct err *err)
{
	stream->at = stream->sealed + CIPHER_IV_SIZE;
	stream->left = stream->text_size;
	stream->ended = false;
	return stream->decoder ? zstd_decode_begin(stream->decoder, err) : 0;
}

int blob_stream_next(struct blob_stream *stream, struct buf *ret, struct err *err)
{
	size_t n = stream->left < ZSTD_STEP ? stream->left : ZSTD_STEP;
	int r;

	if (stream->ended)
		return 0;
	if (stream->decoder) {
		const uint8_t *from = stream->at;
		size_t before = ret->size;

		r = zstd_decode_next(
			stream->decoder, &stream->at, &stream->left, ret, &stream->ended, err);
		if (r >= 0 && !stream->ended && stream->at == from && ret->size == before)
			r = err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: it ends too early");
		if (r >= 0 && stream->ended && stream->left)
			r = err_set(err, ERR_CORRUPT, EBADMSG,
				"open a blob: something follows the frame");
	} else {
		r = buf_add(ret, stream->at, n, err);
		stream->at += n;
		stream->left -= n;
		stream->ended = !stream->left;
	}
	return r < 0 ? r : 1;
}

static int check_stream(struct blob_codec *codec, struct blob_stream *stream, size_t plain,
	const struct id *id, struct err *err)
{
	cleanup_buf struct buf piece = BUF_INIT(2 * ZSTD_STEP);
	struct id found;
	size_t size = 0;
	int r = rewind_stream(stream, err);

	if (r >= 0)
		r = hash_begin(codec->hash, err);
	while (r >= 0 && size <= plain && (r = blob_stream_next(stream, &piece, err)) > 0) {
		r = hash_add(codec->hash, piece.data, piece.size, err);
		size += piece.size;
		buf_clear(&piece);
	}
	if (r >= 0)
		r = hash_end(codec->hash, found.bytes, err);
	if (r < 0)
		return r;
	if (size != plain || !id_equal(&found, id))
		return err_set(err, ERR_CORRUPT, EBADMSG, "open a blob: its hash is another");
	return rewind_stream(stream, err);
}

int blob_stream_open(struct blob_codec *codec, uint8_t *sealed, size_t size, uint32_t plain_length,
	const struct id *id, struct blob_stream **ret, struct err *err)
{
	cleanup_blob_stream struct blob_stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream) {
		free(sealed);
		return err_oom(err);
	}
	stream->sealed = sealed;
	r = cipher_open(codec->cipher, sealed, size, err);
	if (r < 0)
		return r;
	stream->text_size = size - CIPHER_OVERHEAD;
	if (plain_length)
		r = zstd_decoder_new(&stream->decoder, err);
	if (r >= 0)
		r = check_stream(
			codec, stream, plain_length ? plain_length : stream->text_size, id, err);
	if (r < 0)
		return r;
	*ret = TAKE(stream);
	return 0;
}

/* --- Files of JSON --- */

int blob_file_begin(struct blob_codec *codec, bool compress, struct buf *ret, struct err *err)
{
	static const uint8_t room[CIPHER_IV_SIZE];
	int r = buf_add(ret, room, sizeof(room), err);

	codec->file_compressed = compress;
	if (r < 0 || !compress)
		return r;
	r = buf_add_byte(ret, FILE_ZSTD, err);
	return r < 0 ? r : zstd_encode_begin(codec->encoder, err);
}

int blob_file_add(
	struct blob_codec *codec, const void *data, size_t size, struct buf *ret, struct err *err)
{
	if (codec->file_compressed)
		return zstd_encode_next(codec->encoder, data, size, false, ret, err);
	return buf_add(ret, data, size, err);
}

int blob_file_end(struct blob_codec *codec, struct buf *ret, struct err *err)
{
	static const uint8_t room[CIPHER_MAC_SIZE];
	int r = 0;

	if (codec->file_compressed)
		r = zstd_encode_next(codec->encoder, NULL, 0, true, ret, err);
	if (r >= 0)
		r = buf_add(ret, room, sizeof(room), err);
	return r < 0 ? r : cipher_seal(codec->cipher, ret->data, ret->size - CIPHER_OVERHEAD, err);
}

int blob_seal_file(struct blob_codec *codec, bool compress, const void *data, size_t size,
	struct buf *ret, struct err *err)
{
	int r = blob_file_begin(codec, compress, ret, err);

	if (r >= 0)
		r = blob_file_add(codec, data, size, ret, err);
	return r < 0 ? r : blob_file_end(codec, ret, err);
}

size_t blob_file_max(size_t size)
{
	return zstd_bound(size) + 1 + CIPHER_OVERHEAD;
}

int blob_open_file(
	struct blob_codec *codec, uint8_t *sealed, size_t size, struct buf *ret, struct err *err)
{
	const uint8_t *text = sealed + CIPHER_IV_SIZE;
	int r = cipher_open(codec->cipher, sealed, size, err);

	if (r < 0)
		return r;
	size -= CIPHER_OVERHEAD;
	if (size && text[0] == FILE_ZSTD)
		return zstd_decode_buf(codec->decoder, text + 1, size - 1, ret, err);
	if (size && (text[0] == '{' || text[0] == '['))
		return buf_add(ret, text, size, err);
	return err_set(err, ERR_CORRUPT, EBADMSG, "open a file: neither JSON nor zstd");
}
