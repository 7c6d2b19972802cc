#include "crypto/kdf.h"

#include <errno.h>

#include "../unit.h"
#include "base/hex.h"

START_TEST(known_key) /* RFC 7914, section 12 */
{
	static const struct kdf_parameters parameters = {1024, 8, 16};
	struct err err = ERR_INIT;
	uint8_t key[64];
	char text[129];

	ck_assert_int_eq(kdf_scrypt(&parameters, "password", "NaCl", 4, key, sizeof(key), &err), 0);
	hex_format(key, sizeof(key), text);
	ck_assert_str_eq(text, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
			       "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
}
END_TEST

static const struct {
	struct kdf_parameters parameters;
	int result;
} cases[] = {
	{{32768, 8, 1}, 0},
	{{2, 1, 1}, 0},
	{{KDF_MEMORY_MAX / 1024, 8, 1}, 0}, /* the limit */
	{{KDF_MEMORY_MAX / 512, 8, 1}, -EINVAL},
	{{0, 8, 1}, -EINVAL},
	{{1, 8, 1}, -EINVAL},
	{{1000, 8, 1}, -EINVAL},
	{{32768, 0, 1}, -EINVAL},
	{{32768, 8, 0}, -EINVAL},
	{{1ull << 60, 1024, 1}, -EINVAL},
	{{32768, 8, 100000}, -EINVAL},
};

START_TEST(limits)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(kdf_check(&cases[_i].parameters, &err), cases[_i].result);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("kdf");

	tcase_add_test(tcase, known_key);
	tcase_add_loop_test(tcase, limits, 0, COUNT(cases));
	return unit_main("kdf", tcase);
}
