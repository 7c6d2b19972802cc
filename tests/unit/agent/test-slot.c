#include "agent/common/slot.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static const struct {
	const char *line, *mode, *slot;
} lines[] = {
	{"root=PARTUUID=x nexus.mode=installed nexus.slot=A rauc.slot=A quiet\n", "installed", "A"},
	{"nexus.mode=live nexus.slot=B", "live", "B"},
	{"quiet", "", ""},
	{"", "", ""},
	{"nexus.mode=other nexus.slot=C", "", ""},
	{"nexus.mode= nexus.slot=", "", ""},
	{"xnexus.slot=A nexus.slot=AB", "", ""},
	{"  \tnexus.slot=B  ", "", "B"},
};

START_TEST(reads_command_lines)
{
	struct slot slot;

	slot_parse(lines[_i].line, &slot);
	ck_assert_str_eq(slot.mode, lines[_i].mode);
	ck_assert_str_eq(slot.slot, lines[_i].slot);
}
END_TEST

static void env_of(struct hw_grubenv *env, const char *order, const char *a, const char *a_try,
	const char *b, const char *b_try, const char *proven)
{
	struct err err = ERR_INIT;

	*env = (struct hw_grubenv){0};
	ck_assert_int_eq(hw_grubenv_set(env, "ORDER", order, &err), 0);
	ck_assert_int_eq(hw_grubenv_set(env, "A_OK", a, &err), 0);
	ck_assert_int_eq(hw_grubenv_set(env, "A_TRY", a_try, &err), 0);
	ck_assert_int_eq(hw_grubenv_set(env, "B_OK", b, &err), 0);
	ck_assert_int_eq(hw_grubenv_set(env, "B_TRY", b_try, &err), 0);
	ck_assert_int_eq(hw_grubenv_set(env, "PROVEN", proven, &err), 0);
}

static const struct {
	const char *order, *other_ok, *other_try, *slot, *waiting;
} waits[] = {
	{"B A", "1", "0", "A", "B"},
	{"A B", "1", "0", "A", ""}, /* it is second */
	{"B A", "0", "0", "A", ""}, /* it is not to be started */
	{"B A", "1", "1", "A", ""}, /* it was tried */
	{"B A", "1", "0", "B", ""}, /* it runs */
	{"B A", "1", "0", "", ""},
};

START_TEST(sees_an_update_that_waits)
{
	struct hw_grubenv env;
	char waiting[SLOT_SIZE] = "x";

	env_of(&env, waits[_i].order, "1", "0", waits[_i].other_ok, waits[_i].other_try, "A");
	slot_waiting(&env, waits[_i].slot, waiting);
	ck_assert_str_eq(waiting, waits[_i].waiting);
}
END_TEST

static const struct {
	const char *what;
	const char *order, *a, *a_try, *b, *b_try, *proven; /* before */
	const char *slot; /* that runs */
	const char *failed, *order_after, *other_ok;
} marks[] = {
	{"fresh install", "A B", "1", "1", "0", "0", "", "A", "", "A B", "0"},
	{"an ordinary boot", "A B", "1", "1", "1", "0", "A", "A", "", "A B", "1"},
	{"an update that worked", "B A", "1", "0", "1", "1", "A", "B", "", "B A", "1"},
	{"an update that did not", "B A", "1", "1", "1", "3", "A", "A", "B", "A B", "0"},
	{"a kernel that could not be read", "B A", "1", "1", "1", "1", "A", "A", "B", "A B", "0"},
	{"an update that waits for its first boot", "B A", "1", "0", "1", "0", "A", "A", "", "B A",
		"1"},
	{"one given up long ago", "B A", "1", "1", "0", "0", "A", "A", "", "B A", "0"},
};

START_TEST(marks_good)
{
	char failed[SLOT_SIZE], name[8];
	struct hw_grubenv env;
	struct err err = ERR_INIT;
	const char *other = *marks[_i].slot == 'A' ? "B" : "A";

	env_of(&env, marks[_i].order, marks[_i].a, marks[_i].a_try, marks[_i].b, marks[_i].b_try,
		marks[_i].proven);
	ck_assert(!slot_is_good(&env, marks[_i].slot) || *marks[_i].proven);
	ck_assert_int_eq(slot_mark_good(&env, marks[_i].slot, failed, &err), 0);
	ck_assert_msg(strcmp(failed, marks[_i].failed) == 0, "%s", marks[_i].what);
	ck_assert_str_eq(hw_grubenv_get(&env, "ORDER"), marks[_i].order_after);
	ck_assert_str_eq(hw_grubenv_get(&env, "PROVEN"), marks[_i].slot);
	ck_assert(slot_is_good(&env, marks[_i].slot));
	snprintf(name, sizeof(name), "%s_OK", other);
	ck_assert_str_eq(hw_grubenv_get(&env, name), marks[_i].other_ok);
	snprintf(name, sizeof(name), "%s_TRY", other);
	if (*marks[_i].failed) /* it starts afresh when it is updated again */
		ck_assert_str_eq(hw_grubenv_get(&env, name), "0");
}
END_TEST

/* A boot state without room for one more variable is told, and stays as it was. */
START_TEST(full)
{
	struct hw_grubenv env = {0}, before;
	char failed[SLOT_SIZE] = "x", name[16];
	struct err err = ERR_INIT;

	for (int i = 0, r = 0; r >= 0; i++) {
		snprintf(name, sizeof(name), "FILL_%d", i);
		r = hw_grubenv_set(&env, name, "1", &err);
	}
	before = env;
	ck_assert_int_lt(slot_mark_good(&env, "A", failed, &err), 0);
	ck_assert_mem_eq(&env, &before, sizeof(env));
	ck_assert_str_eq(failed, "x");
}
END_TEST

START_TEST(refuses_what_is_no_slot)
{
	struct hw_grubenv env = {0};
	char failed[SLOT_SIZE];
	struct err err = ERR_INIT;

	ck_assert_int_eq(slot_mark_good(&env, "", failed, &err), -EINVAL);
	ck_assert_int_eq(slot_mark_good(&env, "C", failed, &err), -EINVAL);
	ck_assert_uint_eq(env.count, 0);
	ck_assert(!slot_is_good(&env, ""));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("slot");

	tcase_add_loop_test(tcase, reads_command_lines, 0, COUNT(lines));
	tcase_add_loop_test(tcase, marks_good, 0, COUNT(marks));
	tcase_add_loop_test(tcase, sees_an_update_that_waits, 0, COUNT(waits));
	tcase_add_test(tcase, full);
	tcase_add_test(tcase, refuses_what_is_no_slot);
	return unit_main("slot", tcase);
}
