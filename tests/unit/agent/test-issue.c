#include "agent/issue.h"

#include <string.h>

#include "../unit.h"

static char *format(const struct issue *issue)
{
	struct err err = ERR_INIT;
	char *text;

	ck_assert_int_eq(issue_format(issue, &text, &err), 0);
	return text;
}

START_TEST(tells_how_to_adopt)
{
	char *items[] = {(char *)"192.168.1.20", (char *)"2001:db8::1", NULL};
	struct str_list addresses = {.items = items, .count = 2};
	struct issue issue = {.name = "caja-1",
		.version = "0.1.0",
		.code = "ABCD-EFGH-JKMN-PQRS",
		.console = "",
		.addresses = &addresses};
	cleanup_free char *text = format(&issue);

	ck_assert_ptr_nonnull(strstr(text, "nexus fleet adopt 192.168.1.20\n"));
	ck_assert_ptr_nonnull(strstr(text, "ABCD-EFGH-JKMN-PQRS"));
	ck_assert_ptr_nonnull(strstr(text, "2001:db8::1"));
}
END_TEST

START_TEST(shows_no_code_once_adopted)
{
	struct str_list addresses = {0};
	struct issue issue = {.name = "caja-1",
		.version = "0.1.0",
		.code = "ABCD-EFGH-JKMN-PQRS",
		.adopted = true,
		.console = "mesa",
		.level = FLEET_STATUS_WARN,
		.addresses = &addresses};
	cleanup_free char *text = format(&issue);

	ck_assert_ptr_null(strstr(text, "ABCD"));
	ck_assert_ptr_nonnull(strstr(text, "mesa"));
	ck_assert_ptr_nonnull(strstr(text, "attention"));
	ck_assert_ptr_nonnull(strstr(text, "No network"));
}
END_TEST

/* getty runs escapes such as \d in an issue file. */
START_TEST(has_no_backslash)
{
	struct str_list addresses = {0};
	struct issue issue = {.name = "a\\db",
		.version = "1\\n",
		.code = "",
		.console = "",
		.addresses = &addresses};
	cleanup_free char *text = format(&issue);

	ck_assert_ptr_null(strchr(text, '\\'));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("issue");

	tcase_add_test(tcase, tells_how_to_adopt);
	tcase_add_test(tcase, shows_no_code_once_adopted);
	tcase_add_test(tcase, has_no_backslash);
	return unit_main("issue", tcase);
}
