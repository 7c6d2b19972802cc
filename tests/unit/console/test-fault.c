#include "console/fleet/fault.h"

#include <string.h>

#include "../unit.h"

/* The names stand in the inventory and in JSON that others read: they stay. */
static const struct {
	enum fault fault;
	const char *name;
	int exit;
} faults[] = {
	{FAULT_NONE, "none", 0},
	{FAULT_NAME, "name", 4},
	{FAULT_AWAY, "away", 4},
	{FAULT_REFUSED, "refused", 4},
	{FAULT_SILENT, "silent", 4},
	{FAULT_GARBAGE, "garbage", 4},
	{FAULT_EXCHANGE, "exchange", 4},
	{FAULT_HOST_KEY, "host-key", 5},
	{FAULT_LOGIN, "login", 5},
	{FAULT_COMMAND, "command", 1},
	{FAULT_ANSWER, "answer", 1},
	{FAULT_SLOW, "slow", 4},
	{FAULT_BOX, "box", 1},
	{FAULT_CONSOLE, "console", 1},
};

START_TEST(names_and_words)
{
	enum fault fault = faults[_i].fault, again = FAULT_CONSOLE;

	ck_assert_int_eq(fault, _i);
	ck_assert_str_eq(fault_name(fault), faults[_i].name);
	ck_assert(fault_parse(faults[_i].name, &again));
	ck_assert_int_eq(again, fault);
	ck_assert_int_eq(fault_exit(fault), faults[_i].exit);
	ck_assert_uint_gt(strlen(fault_word(fault)), 0);
	ck_assert_uint_gt(strlen(fault_text(fault)), 0);
	/* Who can't reach or enter a box must be told what to do. */
	if (faults[_i].exit >= FAULT_EXIT_UNREACHABLE)
		ck_assert_uint_gt(strlen(fault_advice(fault)), 0);
}
END_TEST

START_TEST(unknown_names)
{
	enum fault fault = FAULT_AWAY;

	ck_assert(!fault_parse("", &fault));
	ck_assert(!fault_parse("Away", &fault));
	ck_assert_int_eq(fault, FAULT_AWAY);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fault");

	tcase_add_loop_test(tcase, names_and_words, 0, COUNT(faults));
	tcase_add_test(tcase, unknown_names);
	return unit_main("fault", tcase);
}
