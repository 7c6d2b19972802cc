#include "repo/chunker.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"

#define POLYNOMIAL 0x3DA3358B4DC173ull
#define SIZE (9u << 20)

/* The algorithm of restic's chunker in its plainest form, byte by byte with its window. */
static size_t serial_next(const struct chunker *chunker, const uint8_t *data, size_t size)
{
	uint8_t window[64] = {1};
	unsigned at = 1;
	uint64_t digest = 1;

	for (size_t i = CHUNKER_MIN - 64; i < size && i < CHUNKER_MAX; i++) {
		digest ^= chunker->out[window[at]];
		window[at] = data[i];
		at = (at + 1) % 64;
		digest = (digest << 8 | data[i]) ^ chunker->mod[digest >> 45];
		if (i + 1 >= CHUNKER_MIN && !(digest & ((1u << 20) - 1)))
			return i + 1;
	}
	return size < CHUNKER_MAX ? size : CHUNKER_MAX;
}

static void fill(uint8_t *data, size_t size, int kind)
{
	uint64_t state = 88172645463325252ull;

	for (size_t i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		data[i] = kind == 0   ? (uint8_t)(state >> 32)
			  : kind == 1 ? (uint8_t)(i / 1000)
			  : kind == 2 ? 0
				      : (uint8_t)((state >> 32) & 3);
	}
}

/* Steps by which the chunker is given more bytes. */
static const size_t steps[] = {SIZE, 1 << 20, 65537};

START_TEST(cuts_as_the_plain_algorithm)
{
	cleanup_free uint8_t *data = malloc(SIZE);
	cleanup_free struct chunker *chunker = malloc(sizeof(*chunker));
	size_t start, cuts;

	chunker_init(chunker, POLYNOMIAL);
	for (int kind = 0; kind < 4; kind++) {
		fill(data, SIZE, kind);
		start = cuts = 0;
		while (SIZE - start > CHUNKER_MIN) {
			size_t want = serial_next(chunker, data + start, SIZE - start);
			size_t have = 0, scanned = 0, got = 0;

			while (!got && have < SIZE - start) {
				have += steps[_i];
				if (have > SIZE - start)
					have = SIZE - start;
				got = chunker_next(chunker, data + start, have, &scanned);
			}
			ck_assert_uint_eq(got ? got : SIZE - start, want);
			ck_assert_uint_ge(want, CHUNKER_MIN);
			ck_assert_uint_le(want, CHUNKER_MAX);
			start += want;
			cuts++;
		}
		ck_assert_uint_ge(cuts, 1);
	}
}
END_TEST

START_TEST(zeros_are_cut_at_the_minimum)
{
	cleanup_free uint8_t *data = calloc(1, CHUNKER_MAX);
	cleanup_free struct chunker *chunker = malloc(sizeof(*chunker));
	size_t scanned = 0;

	chunker_init(chunker, POLYNOMIAL);
	ck_assert_uint_eq(chunker_next(chunker, data, CHUNKER_MIN - 1, &scanned), 0);
	ck_assert_uint_eq(chunker_next(chunker, data, CHUNKER_MAX, &scanned), CHUNKER_MIN);
	scanned = 0;
	ck_assert_uint_eq(chunker_next(chunker, data, CHUNKER_MIN, &scanned), CHUNKER_MIN);
}
END_TEST

/* The polynomials of restic's own tests, and what is none. */
static const struct {
	uint64_t polynomial;
	int result;
} polynomials[] = {
	{0x3DA3358B4DC173, 0},
	{0x38f1e565e288df, -EINVAL},
	{0x30a8295b9d5c91, -EINVAL},
	{0x2482734cacca49, 0},
	{0x200d57aa6fdacb, -EINVAL},
	{0x3DA3358B4DC173ull << 1, -EINVAL},
	{0x3DA3358B4DC172, -EINVAL},
	{0, -EINVAL},
	{1, -EINVAL},
	{~0ull, -EINVAL},
	{1ull << 53, -EINVAL},
	{(1ull << 53) + 1, -EINVAL},
};

START_TEST(polynomial_check)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		chunker_polynomial_check(polynomials[_i].polynomial, &err), polynomials[_i].result);
}
END_TEST

START_TEST(random_polynomials)
{
	struct err err = ERR_INIT;
	uint64_t first, second;

	ck_assert_int_eq(chunker_polynomial_new(&first, &err), 0);
	ck_assert_int_eq(chunker_polynomial_new(&second, &err), 0);
	ck_assert_uint_ne(first, second);
	ck_assert_int_eq(chunker_polynomial_check(first, &err), 0);
	ck_assert_int_eq(chunker_polynomial_check(second, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("chunker");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, cuts_as_the_plain_algorithm, 0, COUNT(steps));
	tcase_add_test(tcase, zeros_are_cut_at_the_minimum);
	tcase_add_loop_test(tcase, polynomial_check, 0, COUNT(polynomials));
	tcase_add_test(tcase, random_polynomials);
	return unit_main("chunker", tcase);
}
