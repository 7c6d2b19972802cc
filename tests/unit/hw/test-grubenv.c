#include "hw/grubenv.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static void block_of(const char *text, char block[HW_GRUBENV_SIZE])
{
	memset(block, '#', HW_GRUBENV_SIZE);
	memcpy(block, text, strlen(text));
}

#define SIGNED "# GRUB Environment Block\n"

static const struct {
	const char *text;
	int result;
	size_t count;
} blocks[] = {
	{SIGNED, 0, 0}, {SIGNED "ORDER=A B\nA_OK=1\n", 0, 2},
	{SIGNED "# a comment\nA_OK=1\n", 0, 1}, {SIGNED "empty=\n", 0, 1},
	{SIGNED "two=a\\\nb\n", 0, 1}, /* GRUB's escaped line end */
	{"", -EBADMSG, 0}, {"# GRUB environment block\nA=1\n", -EBADMSG, 0},
	{SIGNED "A_OK=1\nA_OK=0\n", -EBADMSG, 0}, {SIGNED "nothing\n", -EBADMSG, 0},
	{SIGNED "=x\n", -EBADMSG, 0},
	{SIGNED "A_OK=1", -EBADMSG, 0}, /* no line end before the block's */
};

START_TEST(reads_blocks)
{
	char block[HW_GRUBENV_SIZE];
	struct hw_grubenv env;
	struct err err = ERR_INIT;

	block_of(blocks[_i].text, block);
	ck_assert_int_eq(hw_grubenv_parse(block, &env, &err), blocks[_i].result);
	if (blocks[_i].result == 0)
		ck_assert_uint_eq(env.count, blocks[_i].count);
}
END_TEST

START_TEST(refuses_zeros)
{
	char block[HW_GRUBENV_SIZE] = SIGNED;
	struct hw_grubenv env;
	struct err err = ERR_INIT;

	ck_assert_int_eq(hw_grubenv_parse(block, &env, &err), -EBADMSG);
	memset(block, 0, sizeof(block));
	ck_assert_int_eq(hw_grubenv_parse(block, &env, &err), -EBADMSG);
}
END_TEST

START_TEST(goes_round)
{
	char block[HW_GRUBENV_SIZE], again[HW_GRUBENV_SIZE];
	struct hw_grubenv env;
	struct err err = ERR_INIT;

	block_of(SIGNED "ORDER=A B\ntwo=a\\\nb\nA_TRY=3\n", block);
	ck_assert_int_eq(hw_grubenv_parse(block, &env, &err), 0);
	ck_assert_int_eq(hw_grubenv_format(&env, again, &err), 0);
	ck_assert_mem_eq(block, again, sizeof(block));
	ck_assert_int_eq(hw_grubenv_set(&env, "A_TRY", "0", &err), 0);
	ck_assert_int_eq(hw_grubenv_set(&env, "PROVEN", "A", &err), 0);
	ck_assert_str_eq(hw_grubenv_get(&env, "A_TRY"), "0");
	ck_assert_str_eq(hw_grubenv_get(&env, "PROVEN"), "A");
	ck_assert_str_eq(hw_grubenv_get(&env, "NOTHING"), "");
	ck_assert_uint_eq(env.count, 4);
}
END_TEST

START_TEST(refuses_bad_values)
{
	struct hw_grubenv env = {0};
	struct err err = ERR_INIT;
	char value[256];

	ck_assert_int_eq(hw_grubenv_set(&env, "A", "1\n", &err), -EINVAL);
	ck_assert_int_eq(hw_grubenv_set(&env, "A", "\\", &err), -EINVAL);
	ck_assert_int_eq(hw_grubenv_set(&env, "", "1", &err), -EINVAL);
	ck_assert_int_eq(hw_grubenv_set(&env, "A B", "1", &err), -EINVAL);
	memset(value, 'v', sizeof(value));
	value[128] = '\0';
	ck_assert_int_eq(hw_grubenv_set(&env, "A", value, &err), -EINVAL);
	value[127] = '\0';
	ck_assert_int_eq(hw_grubenv_set(&env, "A", value, &err), 0);
}
END_TEST

START_TEST(is_full_at_last)
{
	struct hw_grubenv env = {0};
	char name[16], value[120], block[HW_GRUBENV_SIZE];
	struct err err = ERR_INIT;

	for (int i = 0; i < HW_GRUBENV_VARIABLES_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		ck_assert_int_eq(hw_grubenv_set(&env, name, "1", &err), 0);
	}
	ck_assert_int_eq(hw_grubenv_set(&env, "MORE", "1", &err), -ENOSPC);
	ck_assert_int_eq(hw_grubenv_format(&env, block, &err), 0);
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		ck_assert_int_eq(hw_grubenv_set(&env, name, value, &err), 0);
	}
	ck_assert_int_eq(hw_grubenv_format(&env, block, &err), -ENOSPC);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("grubenv");

	tcase_add_loop_test(tcase, reads_blocks, 0, COUNT(blocks));
	tcase_add_test(tcase, refuses_zeros);
	tcase_add_test(tcase, goes_round);
	tcase_add_test(tcase, refuses_bad_values);
	tcase_add_test(tcase, is_full_at_last);
	return unit_main("grubenv", tcase);
}
