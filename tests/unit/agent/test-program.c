#include "agent/common/program.h"

#include <string.h>

#include "../unit.h"

static char seen[64]; /* the root that the verb was given */

static int look(int argc, char **argv, void *context, struct err *err)
{
	(void)argc;
	(void)argv;
	(void)err;
	snprintf(seen, sizeof(seen), "%s", *(const char **)context);
	return 0;
}

static const struct verb alone[] = {{.name = "", .arguments = "", .attempt = look}, {0}};
static const struct verb named[] = {
	{.name = "look", .arguments = "", .summary = "looks", .attempt = look}, {0}};

static const struct {
	const struct verb *verbs;
	const char *argv[4]; /* after the program's name */
	int status;
	const char *seen;
} rows[] = {
	{alone, {NULL}, 0, "<default>"},
	{alone, {"--root=/x"}, 0, "/x"},
	{alone, {"--root", "/x"}, 0, "/x"},
	{alone, {"--root"}, 2, ""},
	{alone, {"x"}, 2, ""},
	{named, {"look"}, 0, "<default>"},
	{named, {"look", "--root=/x"}, 0, "/x"},
	{named, {"--root=/x", "look"}, 0, "/x"},
	{named, {"--rood=/x", "look"}, 2, ""},
};

START_TEST(verbs_get_the_root)
{
	const struct verb_program program = {
		.name = "tool", .summary = "does", .version = "1", .verbs = rows[_i].verbs};
	const char *root = "<default>";
	char words[4][16], *argv[6] = {words[0]};
	int argc = 1;

	snprintf(words[0], sizeof(words[0]), "tool");
	seen[0] = '\0';
	for (; argc < 4 && rows[_i].argv[argc - 1]; argc++) {
		snprintf(words[argc], sizeof(words[argc]), "%s", rows[_i].argv[argc - 1]);
		argv[argc] = words[argc];
	}
	ck_assert_int_eq(program_main(&program, &root, argc, argv), rows[_i].status);
	ck_assert_str_eq(seen, rows[_i].seen);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("program");

	tcase_add_loop_test(tcase, verbs_get_the_root, 0, COUNT(rows));
	return unit_main("program", tcase);
}
