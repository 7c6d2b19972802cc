#include "codec/zstd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define WINDOW_LOG 19
#define WINDOW_LOG_READ 27 /* what other writers may have used: 128 MiB */
#define STEP ZSTD_STEP

struct zstd_encoder {
	ZSTD_CCtx *context;
};

struct zstd_decoder {
	ZSTD_DCtx *context;
	uint8_t piece[STEP];
};

/* Levels with tables of another size than zstd would take for large blobs. 1 and 3: those fit into
 * the inner caches of old processors; 1 lies between zstd's own 1 and 2, in size nearer to its 2,
 * in speed to its 1; 3 loses half a percent and is a sixth quicker. 12: a quarter of the memory,
 * and no larger. */
static const struct tuning {
	int level;
	int strategy, hash_log, chain_log, match_min; /* 0: the level's own */
} tunings[] = {
	{1, ZSTD_fast, 15, 0, 6},
	{3, ZSTD_dfast, 16, 15, 5},
	{12, 0, 19, 18, 0},
};

static bool set(struct zstd_encoder *encoder, ZSTD_cParameter parameter, int value)
{
	return !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->context, parameter, value));
}

static bool tune(struct zstd_encoder *encoder, const struct tuning *tuning)
{
	return set(encoder, ZSTD_c_strategy, tuning->strategy) &&
	       set(encoder, ZSTD_c_hashLog, tuning->hash_log) &&
	       set(encoder, ZSTD_c_chainLog, tuning->chain_log) &&
	       set(encoder, ZSTD_c_minMatch, tuning->match_min);
}

int zstd_encoder_new(int level, struct zstd_encoder **ret, struct err *err)
{
	bool good;
	cleanup_zstd_encoder struct zstd_encoder *encoder = calloc(1, sizeof(*encoder));

	if (!encoder)
		return err_oom(err);
	encoder->context = ZSTD_createCCtx();
	if (!encoder->context)
		return err_oom(err);
	good = set(encoder, ZSTD_c_compressionLevel, level) &&
	       set(encoder, ZSTD_c_windowLog, WINDOW_LOG) && set(encoder, ZSTD_c_checksumFlag, 0);
	for (size_t i = 0; good && i < sizeof(tunings) / sizeof(tunings[0]); i++)
		if (tunings[i].level == level)
			good = tune(encoder, &tunings[i]);
	if (!good)
		return err_set(err, ERR_BUG, EINVAL, "set up zstd: level %d refused", level);
	*ret = TAKE(encoder);
	return 0;
}

void zstd_encoder_free(struct zstd_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->context);
	free(encoder);
}

size_t zstd_bound(size_t size)
{
	return ZSTD_compressBound(size);
}

int zstd_encode(struct zstd_encoder *encoder, const void *data, size_t size, void *ret,
	size_t ret_max, size_t *ret_size, struct err *err)
{
	size_t n = ZSTD_compress2(encoder->context, ret, ret_max, data, size);

	if (!ZSTD_isError(n)) {
		*ret_size = n;
		return 0;
	}
	/* A destination that is too small is the one failure that data can cause. */
	if (ret_max < ZSTD_compressBound(size))
		return 1;
	return err_set(err, ERR_SYSTEM, EIO, "compress: %s", ZSTD_getErrorName(n));
}

int zstd_encode_begin(struct zstd_encoder *encoder, struct err *err)
{
	if (ZSTD_isError(ZSTD_CCtx_reset(encoder->context, ZSTD_reset_session_only)))
		return err_set(err, ERR_SYSTEM, EIO, "compress: the encoder refuses");
	return 0;
}

int zstd_encode_next(struct zstd_encoder *encoder, const void *data, size_t size, bool end,
	struct buf *ret, struct err *err)
{
	ZSTD_inBuffer in = {data, size, 0};
	size_t left;

	do {
		ZSTD_outBuffer out;
		int r = buf_reserve(ret, STEP, err);

		if (r < 0)
			return r;
		out = (ZSTD_outBuffer){ret->data + ret->size, STEP, 0};
		left = ZSTD_compressStream2(
			encoder->context, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return err_set(
				err, ERR_SYSTEM, EIO, "compress: %s", ZSTD_getErrorName(left));
		ret->size += out.pos;
	} while (end ? left : in.pos < in.size);
	return 0;
}

int zstd_decoder_new(struct zstd_decoder **ret, struct err *err)
{
	cleanup_zstd_decoder struct zstd_decoder *decoder = calloc(1, sizeof(*decoder));

	if (!decoder)
		return err_oom(err);
	decoder->context = ZSTD_createDCtx();
	if (!decoder->context)
		return err_oom(err);
	if (ZSTD_isError(
		    ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax, WINDOW_LOG_READ)))
		return err_set(err, ERR_BUG, EINVAL, "set up zstd: window refused");
	*ret = TAKE(decoder);
	return 0;
}

void zstd_decoder_free(struct zstd_decoder *decoder)
{
	if (!decoder)
		return;
	ZSTD_freeDCtx(decoder->context);
	free(decoder);
}

size_t zstd_decoder_memory(const struct zstd_decoder *decoder)
{
	return sizeof(*decoder) + ZSTD_sizeof_DCtx(decoder->context);
}

static int bad(struct err *err, const char *why)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "decompress: %s", why);
}

int zstd_decode(struct zstd_decoder *decoder, const void *data, size_t data_size, void *ret,
	size_t size, struct err *err)
{
	size_t n = ZSTD_decompressDCtx(decoder->context, ret, size, data, data_size);

	if (ZSTD_isError(n))
		return bad(err, ZSTD_getErrorName(n));
	return n == size ? 0 : bad(err, "fewer bytes than promised");
}

int zstd_decode_buf(struct zstd_decoder *decoder, const void *data, size_t data_size,
	struct buf *ret, struct err *err)
{
	ZSTD_inBuffer in = {data, data_size, 0};
	size_t left = 1;

	ZSTD_DCtx_reset(decoder->context, ZSTD_reset_session_only);
	while (left) {
		size_t before = in.pos;
		ZSTD_outBuffer out = {decoder->piece, STEP, 0};
		int r;

		left = ZSTD_decompressStream(decoder->context, &out, &in);
		if (ZSTD_isError(left))
			return bad(err, ZSTD_getErrorName(left));
		if (left && in.pos == before && !out.pos)
			return bad(err, "it ends too early");
		r = buf_add(ret, out.dst, out.pos, err);
		if (r < 0)
			return r;
	}
	return in.pos == data_size ? 0 : bad(err, "something follows the frame");
}

int zstd_decode_begin(struct zstd_decoder *decoder, struct err *err)
{
	if (ZSTD_isError(ZSTD_DCtx_reset(decoder->context, ZSTD_reset_session_only)))
		return bad(err, "the decoder refuses");
	return 0;
}

int zstd_decode_next(struct zstd_decoder *decoder, const uint8_t **data, size_t *size,
	struct buf *ret, bool *ret_ended, struct err *err)
{
	ZSTD_inBuffer in = {*data, *size, 0};
	ZSTD_outBuffer out;
	size_t left;
	int r = buf_reserve(ret, STEP, err);

	if (r < 0)
		return r;
	out = (ZSTD_outBuffer){ret->data + ret->size, STEP, 0};
	left = ZSTD_decompressStream(decoder->context, &out, &in);
	if (ZSTD_isError(left))
		return bad(err, ZSTD_getErrorName(left));
	*data += in.pos;
	*size -= in.pos;
	ret->size += out.pos;
	ret->data[ret->size] = 0;
	*ret_ended = !left;
	return 0;
}

int zstd_compare_begin(struct zstd_compare *compare, struct zstd_decoder *decoder,
	const void *expected, size_t size, struct err *err)
{
	*compare = (struct zstd_compare){.decoder = decoder, .expected = expected, .size = size};
	if (ZSTD_isError(ZSTD_DCtx_reset(decoder->context, ZSTD_reset_session_only)))
		return bad(err, "the decoder refuses");
	return 0;
}

int zstd_compare_next(struct zstd_compare *compare, const void *data, size_t size, struct err *err)
{
	ZSTD_inBuffer in = {data, size, 0};

	for (;;) {
		ZSTD_outBuffer out = {compare->decoder->piece, STEP, 0};
		size_t left;

		if (compare->ended)
			return in.pos == size ? 0 : bad(err, "something follows the frame");
		left = ZSTD_decompressStream(compare->decoder->context, &out, &in);
		if (ZSTD_isError(left))
			return bad(err, ZSTD_getErrorName(left));
		if (out.pos > compare->size - compare->at ||
			memcmp(out.dst, compare->expected + compare->at, out.pos) != 0)
			return bad(err, "other bytes than were put in");
		compare->at += out.pos;
		compare->ended = left == 0;
		if (!compare->ended && in.pos == size && out.pos < STEP)
			return 0;
	}
}

int zstd_compare_end(const struct zstd_compare *compare, struct err *err)
{
	if (!compare->ended || compare->at != compare->size)
		return bad(err, "fewer bytes than were put in");
	return 0;
}
