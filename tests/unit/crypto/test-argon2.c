#include "crypto/argon2.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hex.h"

#include "../unit.h"

/* The reference implementation's own answer (argon2 -id -t 3 -k 8192 -p 1 -l 32, salt
 * "somesaltsomesalt"). */
START_TEST(knows_the_answer)
{
	static const struct argon2_cost cost = {.passes = 3, .memory_bytes = 8192 << 10};
	struct err err = ERR_INIT;
	uint8_t out[32];
	char text[65];

	ck_assert_int_eq(argon2_derive(&cost, "password", 8, (const uint8_t *)"somesaltsomesalt",
				 out, sizeof(out), &err),
		0);
	hex_format(out, sizeof(out), text);
	ck_assert_str_eq(text, "02950b5580d9c4909f78967fb3a6bfe9f0839ed64b932b118aba21ec89705b29");
}
END_TEST

static const struct {
	struct argon2_cost cost;
	size_t size;
	int result;
} limits[] = {
	{{1, 8192}, 16, 0},
	{{1, 8192}, 15, -EINVAL},
	{{1, 8192}, ARGON2_OUTPUT_MAX, 0},
	{{1, 8192}, ARGON2_OUTPUT_MAX + 1, -EINVAL},
	{{0, 8192}, 32, -EINVAL},
	{{64, 8192}, 32, 0},
	{{65, 8192}, 32, -EINVAL},
	{{1, 8191}, 32, -EINVAL},
	{{1, ((size_t)1 << 30) + 1}, 32, -EINVAL},
};

START_TEST(keeps_its_limits)
{
	struct err err = ERR_INIT;
	uint8_t out[ARGON2_OUTPUT_MAX + 1];

	ck_assert_int_eq(argon2_derive(&limits[_i].cost, "", 0, (const uint8_t *)"somesaltsomesalt",
				 out, limits[_i].size, &err),
		limits[_i].result);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, knows_the_answer);
	tcase_add_loop_test(tcase, keeps_its_limits, 0, sizeof(limits) / sizeof(limits[0]));
	return unit_main("argon2", tcase);
}
