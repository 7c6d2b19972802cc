#include "crypto/hash_many.h"

#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"

#define COUNT_MAX 200u
#define LONG_MAX 9000u

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 33;
}

/* Lengths where padding changes its shape, short ones, long ones, and some of each. */
static size_t draw_size(uint64_t *state, int mix)
{
	static const size_t edges[] = {
		0, 1, 54, 55, 56, 57, 63, 64, 65, 118, 119, 120, 127, 128, 129, 191, 192, 4096};
	int kind = mix < 3 ? mix : (int)(draw(state) % 3);

	if (kind == 0)
		return edges[draw(state) % (sizeof(edges) / sizeof(edges[0]))];
	return draw(state) % (kind == 1 ? 300 : LONG_MAX);
}

/* Each input has memory of its own and of its exact size, so that a sanitizer sees any read
 * beside it. */
static void make_inputs(struct hash_input *inputs, size_t count, uint64_t *state, int mix)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = draw_size(state, mix);
		uint8_t *data = size ? malloc(size) : NULL;

		ck_assert(data || !size);
		for (size_t k = 0; k < size; k++)
			data[k] = (uint8_t)draw(state);
		inputs[i] = (struct hash_input){data, size};
	}
}

static void check_way(
	struct hash *hash, enum hash_many_way way, const struct hash_input *inputs, size_t count)
{
	static uint8_t digests[COUNT_MAX + 1][HASH_SIZE];
	uint8_t expected[HASH_SIZE], untouched[HASH_SIZE];
	struct err err = ERR_INIT;

	memset(digests, 0xa5, sizeof(digests));
	memset(untouched, 0xa5, sizeof(untouched));
	ck_assert_int_eq(hash_many(hash, way, inputs, count, digests, &err), 0);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(
			hash_once(hash, inputs[i].data, inputs[i].size, expected, &err), 0);
		ck_assert_mem_eq(digests[i], expected, HASH_SIZE);
	}
	ck_assert_mem_eq(digests[count], untouched, HASH_SIZE);
}

/* Any number of any lengths, against OpenSSL one by one, by either way. */
START_TEST(same_as_the_library)
{
	cleanup_hash struct hash *hash = NULL;
	struct hash_input inputs[COUNT_MAX];
	struct err err = ERR_INIT;
	uint64_t state = (uint64_t)_i;

	ck_assert_int_eq(hash_new(&hash, &err), 0);
	for (int round = 0; round < 40; round++) {
		size_t count = draw(&state) % (round % 2 ? 20 : COUNT_MAX);

		make_inputs(inputs, count, &state, round % 4);
		check_way(hash, HASH_MANY_LIBRARY, inputs, count);
		if (hash_many_works(HASH_MANY_LANES))
			check_way(hash, HASH_MANY_LANES, inputs, count);
		for (size_t i = 0; i < count; i++)
			free((void *)inputs[i].data);
	}
}
END_TEST

/* Every length from nothing to some blocks, eight and more at a time. */
START_TEST(every_length)
{
	static uint8_t data[400];
	cleanup_hash struct hash *hash = NULL;
	struct hash_input inputs[12];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(hash_new(&hash, &err), 0);
	for (size_t size = 0; size + 12 <= sizeof(data) / 2; size++) {
		for (size_t i = 0; i < 12; i++)
			inputs[i] = (struct hash_input){data + i * 3, size + (i & 1) * i};
		if (hash_many_works(HASH_MANY_LANES))
			check_way(hash, HASH_MANY_LANES, inputs, 12);
	}
}
END_TEST

/* One that is far longer than the rest, first, in the middle and last. */
START_TEST(one_giant)
{
	size_t giant = 3u << 20;
	cleanup_free uint8_t *data = calloc(1, giant);
	cleanup_hash struct hash *hash = NULL;
	struct hash_input inputs[30];
	struct err err = ERR_INIT;

	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(hash_new(&hash, &err), 0);
	for (size_t at = 0; at < 30; at += 7) {
		for (size_t i = 0; i < 30; i++)
			inputs[i] = (struct hash_input){data, i == at ? giant : 100 * i};
		if (hash_many_works(HASH_MANY_LANES))
			check_way(hash, HASH_MANY_LANES, inputs, 30);
	}
}
END_TEST

/* What is chosen follows OpenSSL, which reads its variable when the program starts: meson.build
 * runs this with and without. */
START_TEST(the_choice)
{
	const char *mask = getenv("OPENSSL_ia32cap");

	ck_assert(hash_many_works(hash_many_best()));
	if (!mask || !hash_many_works(HASH_MANY_LANES))
		return;
	if (strcmp(mask, ":~0x20000000") == 0) /* no SHA */
		ck_assert_int_eq(hash_many_best(), HASH_MANY_LANES);
	else /* no AVX2 either */
		ck_assert_int_eq(hash_many_best(), HASH_MANY_LIBRARY);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("hash_many");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, same_as_the_library, 0, 8);
	tcase_add_test(tcase, every_length);
	tcase_add_test(tcase, one_giant);
	tcase_add_test(tcase, the_choice);
	return unit_main("hash_many", tcase);
}
