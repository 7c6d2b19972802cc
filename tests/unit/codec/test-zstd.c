#include "codec/zstd.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static const size_t sizes[] = {1, 100, 65536, 65537, 3000000};

static uint8_t *make_data(size_t size)
{
	uint8_t *data = malloc(size);
	uint32_t state = 1;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < size; i++) {
		state = state * 1103515245 + 12345;
		data[i] = i % 3 ? (uint8_t)(i >> 8) : (uint8_t)(state >> 20);
	}
	return data;
}

START_TEST(there_and_back)
{
	cleanup_zstd_encoder struct zstd_encoder *encoder = NULL;
	cleanup_zstd_decoder struct zstd_decoder *decoder = NULL;
	size_t size = sizes[_i], room = zstd_bound(size), n;
	cleanup_free uint8_t *data = make_data(size), *frame = malloc(room), *back = malloc(size);
	cleanup_buf struct buf buf = BUF_INIT(size), pieces = BUF_INIT(room + 65536 * 2);
	struct zstd_compare compare;
	struct err err = ERR_INIT;

	ck_assert_int_eq(zstd_encoder_new(3, &encoder, &err), 0);
	ck_assert_int_eq(zstd_decoder_new(&decoder, &err), 0);
	ck_assert_int_eq(zstd_encode(encoder, data, size, frame, room, &n, &err), 0);
	ck_assert_int_eq(zstd_decode(decoder, frame, n, back, size, &err), 0);
	ck_assert_mem_eq(back, data, size);
	ck_assert_int_eq(zstd_decode_buf(decoder, frame, n, &buf, &err), 0);
	ck_assert_uint_eq(buf.size, size);
	ck_assert_mem_eq(buf.data, data, size);
	/* Piece by piece, both ways. */
	ck_assert_int_eq(zstd_encode_begin(encoder, &err), 0);
	for (size_t at = 0; at < size; at += 1000)
		ck_assert_int_eq(zstd_encode_next(encoder, data + at,
					 size - at < 1000 ? size - at : 1000, false, &pieces, &err),
			0);
	ck_assert_int_eq(zstd_encode_next(encoder, NULL, 0, true, &pieces, &err), 0);
	ck_assert_int_eq(zstd_compare_begin(&compare, decoder, data, size, &err), 0);
	for (size_t at = 0; at < pieces.size; at += 777)
		ck_assert_int_eq(zstd_compare_next(&compare, pieces.data + at,
					 pieces.size - at < 777 ? pieces.size - at : 777, &err),
			0);
	ck_assert_int_eq(zstd_compare_end(&compare, &err), 0);
}
END_TEST

START_TEST(what_is_refused)
{
	cleanup_zstd_encoder struct zstd_encoder *encoder = NULL;
	cleanup_zstd_decoder struct zstd_decoder *decoder = NULL;
	size_t size = 100000, n;
	cleanup_free uint8_t *data = make_data(size), *frame = malloc(zstd_bound(size)),
			     *back = malloc(size + 1);
	cleanup_buf struct buf small = BUF_INIT(size - 1);
	struct zstd_compare compare;
	struct err err = ERR_INIT;

	ck_assert_int_eq(zstd_encoder_new(3, &encoder, &err), 0);
	ck_assert_int_eq(zstd_decoder_new(&decoder, &err), 0);
	ck_assert_int_eq(zstd_encode(encoder, data, size, frame, 10, &n, &err), 1);
	ck_assert_int_eq(zstd_encode(encoder, data, size, frame, zstd_bound(size), &n, &err), 0);
	/* One byte more or fewer than promised, and a bomb against a bound. */
	ck_assert_int_eq(zstd_decode(decoder, frame, n, back, size + 1, &err), -EBADMSG);
	ck_assert_int_eq(zstd_decode(decoder, frame, n, back, size - 1, &err), -EBADMSG);
	ck_assert_int_eq(zstd_decode_buf(decoder, frame, n, &small, &err), -EFBIG);
	/* Cut off, and with something behind it. */
	buf_done(&small);
	ck_assert_int_lt(zstd_decode_buf(decoder, frame, n - 1, &small, &err), 0);
	ck_assert_int_eq(zstd_decode(decoder, frame, n - 1, back, size, &err), -EBADMSG);
	ck_assert_int_eq(zstd_decode(decoder, "no frame", 8, back, size, &err), -EBADMSG);
	/* Other bytes than were put in. */
	data[size - 1] ^= 1;
	ck_assert_int_eq(zstd_compare_begin(&compare, decoder, data, size, &err), 0);
	ck_assert_int_eq(zstd_compare_next(&compare, frame, n, &err), -EBADMSG);
	data[size - 1] ^= 1;
	ck_assert_int_eq(zstd_compare_begin(&compare, decoder, data, size, &err), 0);
	ck_assert_int_eq(zstd_compare_next(&compare, frame, n - 1, &err), 0);
	ck_assert_int_eq(zstd_compare_end(&compare, &err), -EBADMSG);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("zstd");

	tcase_add_loop_test(tcase, there_and_back, 0, COUNT(sizes));
	tcase_add_test(tcase, what_is_refused);
	return unit_main("zstd", tcase);
}
