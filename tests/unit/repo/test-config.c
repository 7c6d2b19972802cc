#include "repo/config.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define ID "ac08ce34ba4f81236186612f2f7b7b6ab5d8f2a1f7b2a6a1c0b9f1a2b3c4d5e6"

static const struct {
	const char *text;
	int result;
} cases[] = {
	{"{\"version\":2,\"id\":\"" ID "\",\"chunker_polynomial\":\"3da3358b4dc173\"}\n", 0},
	{"{\"version\":1,\"id\":\"" ID "\",\"chunker_polynomial\":\"3da3358b4dc173\"}", 0},
	{"{\"later\":{\"x\":[1]},\"version\":2,\"id\":\"" ID
	 "\",\"chunker_polynomial\":\"3da3358b4dc173\"}",
		0},
	{"{\"version\":3,\"id\":\"" ID "\",\"chunker_polynomial\":\"3da3358b4dc173\"}", -ENOTSUP},
	{"{\"version\":0,\"id\":\"" ID "\",\"chunker_polynomial\":\"3da3358b4dc173\"}", -ENOTSUP},
	{"{\"version\":2,\"id\":\"" ID "\",\"chunker_polynomial\":\"3da3358b4dc172\"}", -EINVAL},
	{"{\"version\":2,\"id\":\"" ID "\",\"chunker_polynomial\":\"\"}", -EBADMSG},
	{"{\"version\":2,\"id\":\"" ID "\",\"chunker_polynomial\":\"xyz\"}", -EBADMSG},
	{"{\"version\":2,\"id\":\"12\",\"chunker_polynomial\":\"3da3358b4dc173\"}", -EBADMSG},
	{"no json", -EBADMSG},
};

START_TEST(parse)
{
	cleanup_buf struct buf buf = BUF_INIT(1000);
	struct err err = ERR_INIT;
	struct config config;

	ck_assert_int_eq(config_parse(cases[_i].text, strlen(cases[_i].text), &config, &err),
		cases[_i].result);
	if (_i)
		return;
	ck_assert_int_eq(config_format(&config, &buf, &err), 0);
	ck_assert_str_eq((char *)buf.data, cases[_i].text);
}
END_TEST

START_TEST(new_one)
{
	struct config random, given;
	struct err err = ERR_INIT;

	ck_assert_int_eq(config_new(0, &random, &err), 0);
	ck_assert_int_eq(config_new(0x3da3358b4dc173, &given, &err), 0);
	ck_assert_uint_eq(given.polynomial, 0x3da3358b4dc173);
	ck_assert(!id_equal(&random.id, &given.id));
	ck_assert_int_eq(config_new(12, &given, &err), -EINVAL);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("config");

	tcase_add_loop_test(tcase, parse, 0, COUNT(cases));
	tcase_add_test(tcase, new_one);
	return unit_main("config", tcase);
}
