#include "hw/cpu.h"

#include <string.h>

#include "../unit.h"

static const struct {
	const char *text, *model;
	unsigned threads;
	bool has_flags, is_64_bit, has_aes;
} rows[] = {
	{"", "", 0, false, false, false},
	{"garbage\n\n:::\nflags\nmodel name", "", 0, false, false, false},
	{"processor\t: 0\nmodel name\t: Intel(R) Core(TM) i5-2400 CPU @ 3.10GHz\n"
	 "flags\t\t: fpu lm aes avx\n\nprocessor\t: 1\nmodel name\t: other\nflags\t\t: fpu\n",
		"Intel(R) Core(TM) i5-2400 CPU @ 3.10GHz", 2, true, true, true},
	/* Words that only contain the flags are others. */
	{"processor : 0\nflags : lahf_lm aesni constant_lm\n", "", 1, true, false, false},
	{"processor\t: 0\nmodel name\t: a\033[31mb\nflags\t:", "a?[31mb", 1, true, false, false},
};

START_TEST(reads)
{
	struct hw_cpu cpu;

	hw_cpu_parse(rows[_i].text, &cpu);
	ck_assert_str_eq(cpu.model, rows[_i].model);
	ck_assert_uint_eq(cpu.threads, rows[_i].threads);
	ck_assert_int_eq(cpu.has_flags, rows[_i].has_flags);
	ck_assert_int_eq(cpu.is_64_bit, rows[_i].is_64_bit);
	ck_assert_int_eq(cpu.has_aes, rows[_i].has_aes);
}
END_TEST

START_TEST(a_long_model_is_cut)
{
	char text[400] = "model name\t: ";
	struct hw_cpu cpu;

	memset(text + strlen(text), 'x', 300);
	hw_cpu_parse(text, &cpu);
	ck_assert_uint_eq(strlen(cpu.model), sizeof(cpu.model) - 1);
}
END_TEST

START_TEST(no_file)
{
	struct hw_cpu cpu = {.threads = 7};

	hw_cpu_read("/nonexistent", &cpu);
	ck_assert_uint_eq(cpu.threads, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cpu");

	tcase_add_loop_test(tcase, reads, 0, COUNT(rows));
	tcase_add_test(tcase, a_long_model_is_cut);
	tcase_add_test(tcase, no_file);
	return unit_main("hw/cpu", tcase);
}
