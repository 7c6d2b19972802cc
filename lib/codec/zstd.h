/* zstd with bounds: one frame, no checksum, window of at most 512 KiB (windowLog 19), so that
 * reading back needs little memory. Encoder and decoder belong to one thread each. */
#ifndef NEXUS_CODEC_ZSTD_H
#define NEXUS_CODEC_ZSTD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

struct zstd_encoder;
struct zstd_decoder;

/* level: zstd's, -7 to 19; 1, 3 and 12 are tuned (see the source). 0 and an owned *ret. */
int zstd_encoder_new(int level, struct zstd_encoder **ret, struct err *err)
	__attribute__((warn_unused_result));
void zstd_encoder_free(struct zstd_encoder *encoder);
CLEANUP_DEFINE(zstd_encoder, struct zstd_encoder *, zstd_encoder_free);
#define cleanup_zstd_encoder CLEANUP(zstd_encoder)

/* Bytes that encoding size bytes can need at most. */
size_t zstd_bound(size_t size);

/* Writes one frame to ret, which has room for ret_max bytes. Returns 0 and *ret_size; 1 if the
 * frame does not fit (*ret_size untouched). */
int zstd_encode(struct zstd_encoder *encoder, const void *data, size_t size, void *ret,
	size_t ret_max, size_t *ret_size, struct err *err) __attribute__((warn_unused_result));

/* The same piece by piece, appended to ret: begin, next as often as wanted, the last one with
 * end true. */
int zstd_encode_begin(struct zstd_encoder *encoder, struct err *err)
	__attribute__((warn_unused_result));
int zstd_encode_next(struct zstd_encoder *encoder, const void *data, size_t size, bool end,
	struct buf *ret, struct err *err) __attribute__((warn_unused_result));

int zstd_decoder_new(struct zstd_decoder **ret, struct err *err)
	__attribute__((warn_unused_result));
void zstd_decoder_free(struct zstd_decoder *decoder);
CLEANUP_DEFINE(zstd_decoder, struct zstd_decoder *, zstd_decoder_free);
#define cleanup_zstd_decoder CLEANUP(zstd_decoder)

/* Bytes of memory that it has taken: its window among them. */
size_t zstd_decoder_memory(const struct zstd_decoder *decoder);

/* Decodes into ret, which must be filled exactly: size bytes. -EBADMSG if the data is no zstd,
 * gives fewer or more. */
int zstd_decode(struct zstd_decoder *decoder, const void *data, size_t data_size, void *ret,
	size_t size, struct err *err) __attribute__((warn_unused_result));

/* Appends what the data decodes to; -EFBIG past the limit of ret. */
int zstd_decode_buf(struct zstd_decoder *decoder, const void *data, size_t data_size,
	struct buf *ret, struct err *err) __attribute__((warn_unused_result));

/* The same piece by piece: begin, then next until *ret_ended. next takes from *data, moves it,
 * and appends at most ZSTD_STEP bytes to ret. Nothing given to it and nothing appended by it
 * means that the frame is cut off, unless more data is to come. */
#define ZSTD_STEP 65536u
int zstd_decode_begin(struct zstd_decoder *decoder, struct err *err)
	__attribute__((warn_unused_result));
int zstd_decode_next(struct zstd_decoder *decoder, const uint8_t **data, size_t *size,
	struct buf *ret, bool *ret_ended, struct err *err) __attribute__((warn_unused_result));

/* Whether a frame, given piece by piece, decodes to the size bytes at expected, in flat memory.
 * -EBADMSG as soon as it does not. */
struct zstd_compare {
	struct zstd_decoder *decoder; /* borrowed */
	const uint8_t *expected; /* borrowed */
	size_t size, at;
	int ended;
};
int zstd_compare_begin(struct zstd_compare *compare, struct zstd_decoder *decoder,
	const void *expected, size_t size, struct err *err) __attribute__((warn_unused_result));
int zstd_compare_next(struct zstd_compare *compare, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
int zstd_compare_end(const struct zstd_compare *compare, struct err *err)
	__attribute__((warn_unused_result));

#endif
