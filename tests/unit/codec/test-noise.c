#include "codec/noise.h"

#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "codec/zstd.h"

#define SIZE (1u << 20)

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

typedef void fill_fn(uint64_t *state, uint8_t *ret, size_t size);

static void fill_noise(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(draw(state) >> 7);
}

static void fill_text(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t) "eaotin srhld\ncumf"[draw(state) % 17];
}

/* Samples of sound: the lower bytes are noise. */
static void fill_sound(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(i % 2 ? draw(state) % 24 : draw(state));
}

static void fill_base64(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(' ' + draw(state) % 64);
}

/* Noise in which one bit of a byte is mostly set: half a bit is to be saved. */
static void fill_uneven(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t i = 0; i < size; i++)
		ret[i] = (uint8_t)(draw(state) | (draw(state) % 10 < 8 ? 1 : 0));
}

/* What packed files are: a header and an index in much noise. */
static void fill_archive(uint64_t *state, uint8_t *ret, size_t size)
{
	fill_noise(state, ret, size);
	fill_text(state, ret, size / 200);
	fill_text(state, ret + size - size / 200, size / 200);
}

static void fill_pages(uint64_t *state, uint8_t *ret, size_t size)
{
	for (size_t at = 0; at < size; at += 4096) {
		size_t n = size - at < 4096 ? size - at : 4096, kind = draw(state) % 10;

		if (kind < 3)
			fill_noise(state, ret + at, n);
		else if (kind < 8)
			fill_text(state, ret + at, n);
		else
			memset(ret + at, 0, n);
	}
}

static void fill_half(uint64_t *state, uint8_t *ret, size_t size)
{
	fill_text(state, ret, size / 2);
	fill_noise(state, ret + size / 2, size - size / 2);
}

static const struct {
	fill_fn *fill;
	bool noise; /* of every size from 1 KiB on */
	bool either; /* both answers are right */
} kinds[] = {
	{fill_noise, true, false},
	{fill_text, false, false},
	{fill_sound, false, false},
	{fill_base64, false, false},
	{fill_uneven, false, false},
	{fill_pages, false, true},
	{fill_half, false, false},
	{fill_archive, true, true},
};

START_TEST(is_told)
{
	static const size_t sizes[] = {1024, 1025, 3000, 4096, 65536, 65537, 500000, SIZE};
	cleanup_free uint8_t *data = malloc(SIZE);
	uint64_t state = 1;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		kinds[_i].fill(&state, data, sizes[i]);
		if (!kinds[_i].either)
			ck_assert_int_eq(noise_likely(data, sizes[i]), kinds[_i].noise);
	}
	/* Text at the end alone; one bit that is set a little more often than not, everywhere. */
	fill_noise(&state, data, SIZE);
	ck_assert(noise_likely(data, SIZE));
	fill_text(&state, data + SIZE - SIZE / 25, SIZE / 25);
	ck_assert(!noise_likely(data, SIZE));
	fill_noise(&state, data, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		data[i] |= draw(&state) % 10 < 3;
	ck_assert(!noise_likely(data, SIZE));
	/* Too little to tell. */
	ck_assert(!noise_likely(data, 1023));
	ck_assert(!noise_likely(NULL, 0));
}
END_TEST

/* What is taken for noise is stored as it is: against always trying, the mixture may not grow by
 * more than 1 %, and most noise must be skipped. */
START_TEST(little_is_lost)
{
	static const size_t sizes[] = {1500, 9000, 65536, 700000};
	cleanup_zstd_encoder struct zstd_encoder *encoder = NULL;
	cleanup_free uint8_t *data = malloc(SIZE), *frame = malloc(SIZE);
	size_t best = 0, ours = 0, plain = 0, skipped = 0;
	struct err err = ERR_INIT;
	uint64_t state = 2;

	ck_assert(data && frame);
	ck_assert_int_eq(zstd_encoder_new(3, &encoder, &err), 0);
	for (size_t round = 0; round < 400; round++) {
		size_t size = sizes[round % 4 ? draw(&state) % 3 : 3], n;
		fill_fn *fill = kinds[draw(&state) % COUNT(kinds)].fill;

		fill(&state, data, size);
		if (zstd_encode(encoder, data, size, frame, size, &n, &err) == 1)
			n = size;
		best += n;
		ours += noise_likely(data, size) ? size : n;
		if (fill == fill_noise) {
			plain += size;
			skipped += noise_likely(data, size) ? size : 0;
		}
	}
	ck_assert_uint_le(ours, best + best / 100);
	ck_assert_uint_ge(skipped, plain - plain / 100);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("noise");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, is_told, 0, COUNT(kinds));
	tcase_add_test(tcase, little_is_lost);
	return unit_main("noise", tcase);
}
