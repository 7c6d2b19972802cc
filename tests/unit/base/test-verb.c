#include "base/verb.h"

#include <errno.h>
#include <locale.h>
#include <string.h>

#include "capture.h"

#include "../unit.h"

static bool arg_json, arg_force, arg_loud;
static const char *arg_repo;
static struct str_list arg_tags;
static char ran[256];

static int note(const char *verb, int argc, char **argv, void *context)
{
	size_t used = (size_t)snprintf(ran, sizeof(ran), "%s", verb);

	for (int i = 0; i < argc; i++)
		used += (size_t)snprintf(ran + used, sizeof(ran) - used, " %s", argv[i]);
	return *(const int *)context;
}

static int run_backup(int argc, char **argv, void *context)
{
	return note("backup", argc, argv, context);
}

static int run_list(int argc, char **argv, void *context)
{
	return note("list", argc, argv, context);
}

/* Fails when it is given a place. */
static int attempt_send(int argc, char **argv, void *context, struct err *err)
{
	note("send", argc, argv, context);
	if (argc == 0)
		return 0;
	err_set(err, ERR_NETWORK, EPIPE, "write %s: broken", argv[0]);
	return err_wrap(err, "send");
}

static const struct verb_option common_options[] = {
	{.long_name = "json", .help = "machine output", .flag = &arg_json},
	{.long_name = "repo",
		.short_name = 'r',
		.argument = "PATH",
		.help = "the repository",
		.text = &arg_repo},
	{.long_name = "resist",
		.short_name = 'l',
		.argument = "N",
		.may_stand_alone = true,
		.help = "how much",
		.flag = &arg_loud},
	{0},
};

static const struct verb_option backup_options[] = {
	{.long_name = "force", .short_name = 'f', .help = "read all", .flag = &arg_force},
	{.long_name = "tag", .argument = "TAG", .help = "label", .list = &arg_tags},
	{0},
};

static const struct verb verbs[] = {
	{.name = "backup",
		.arguments = "PATH...",
		.summary = "save files",
		.options = backup_options,
		.min_arguments = 1,
		.max_arguments = -1,
		.run = run_backup},
	{.name = "list",
		.arguments = "[NAME]",
		.summary = "show",
		.max_arguments = 1,
		.run = run_list},
	{.name = "send",
		.arguments = "[PLACE]",
		.summary = "move",
		.max_arguments = 1,
		.attempt = attempt_send},
	{0},
};

static const struct verb_absent absent[] = {
	{"--fly", "it has no wings"},
	{"jump", "it has no legs"},
	{0},
};

static const struct verb_program program = {
	.name = "tool",
	.summary = "does things",
	.version = "1.2.3",
	.options = common_options,
	.verbs = verbs,
	.epilogue = "The end.",
	.absent = absent,
};

static const struct verb only_verb[] = {
	{.name = "", .arguments = "", .summary = "serves", .run = run_list}, {0}};

static const struct verb_program single_program = {
	.name = "daemon",
	.summary = "serves",
	.version = "1.2.3",
	.options = common_options,
	.verbs = only_verb,
	.epilogue = "The end.",
};

struct row {
	const char *line; /* arguments, one space between */
	int status;
	const char *ran; /* what ran, "" for nothing */
	const char *out, *err; /* a part of what must be printed; NULL: nothing is printed */
	bool json, force;
	const char *repo;
	size_t tags;
};

static const struct row rows[] = {
	{.line = "backup a b", .status = 5, .ran = "backup a b"},
	{.line = "list", .status = 5, .ran = "list"},
	{.line = "list x", .status = 5, .ran = "list x"},
	/* Options before the verb, after it and after its arguments. */
	{.line = "--json backup a", .status = 5, .ran = "backup a", .json = true},
	{.line = "backup --json a", .status = 5, .ran = "backup a", .json = true},
	{.line = "backup a --json", .status = 5, .ran = "backup a", .json = true},
	{.line = "-r P backup -f a", .status = 5, .ran = "backup a", .force = true, .repo = "P"},
	{.line = "-rP backup a", .status = 5, .ran = "backup a", .repo = "P"},
	{.line = "--repo=P backup --repo Q a", .status = 5, .ran = "backup a", .repo = "Q"},
	{.line = "backup --tag x --tag=y a", .status = 5, .ran = "backup a", .tags = 2},
	{.line = "backup --rep=P a", .status = 5, .ran = "backup a", .repo = "P"},
	{.line = "backup -- --json", .status = 5, .ran = "backup --json"},
	{.line = "backup -", .status = 5, .ran = "backup -"},
	/* An attempt's failure is told once, as a whole chain. */
	{.line = "send", .status = 0, .ran = "send"},
	{.line = "send far", .status = 1, .ran = "send far", .err = "send: write far: broken\n"},
	/* Help and version. */
	{.line = "--help", .out = "Usage: tool [OPTION...] COMMAND"},
	{.line = "-h", .out = "  list [NAME]"},
	{.line = "help", .out = "The end."},
	{.line = "help backup", .out = "Usage: tool backup [OPTION...] PATH..."},
	{.line = "help nothing", .status = 2, .err = "tool: unknown command 'nothing'\n"},
	{.line = "help lits", .status = 2, .err = "Did you mean 'list'?\n"},
	{.line = "version", .out = "tool 1.2.3\n"},
	{.line = "list --help", .out = "  -l, --resist[=N]"},
	/* A value that may be missing is none that stands alone. */
	{.line = "list --resist x", .status = 5, .ran = "list x"},
	{.line = "list --resist=2 x", .status = 5, .ran = "list x"},
	{.line = "list -ll x", .status = 5, .ran = "list x"},
	{.line = "backup --help", .out = "  -f, --force"},
	{.line = "backup -h", .out = "  -r, --repo=PATH"},
	{.line = "--version", .out = "tool 1.2.3\n"},
	{.line = "backup --version", .out = "tool 1.2.3\n"},
	/* Mistakes, with the nearest right name. */
	{.line = "", .status = 2, .err = "tool: say which command\n  backup PATH..."},
	{.line = "", .status = 2, .err = "move\nTry 'tool --help'.\n"},
	{.line = "bakcup x",
		.status = 2,
		.err = "tool: unknown command 'bakcup'\nDid you mean 'backup'?\n"},
	{.line = "zzzzzzzzzz", .status = 2, .err = "unknown command 'zzzzzzzzzz'\nTry 'tool"},
	{.line = "--jsno backup a",
		.status = 2,
		.err = "unknown option '--jsno'\nDid you mean '--json'?"},
	{.line = "backup --forec a",
		.status = 2,
		.err = "unknown option '--forec'\nDid you mean '--force'?\nTry 'tool backup "
		       "--help'.\n"},
	{.line = "list --force", .status = 2, .err = "unknown option '--force'"},
	{.line = "-x backup a", .status = 2, .err = "unknown option '-x'"},
	{.line = "backup -x a", .status = 2, .err = "unknown option '-x'"},
	{.line = "backup a --repo", .status = 2, .err = "option '--repo' needs a value"},
	{.line = "backup a -r", .status = 2, .err = "option '-r' needs a value"},
	{.line = "backup --json=1 a", .status = 2, .err = "tool: option '--json' takes no value"},
	{.line = "list --repos=x/y/z", .status = 2, .err = "Did you mean '--repo'?\n"},
	{.line = "list --re x",
		.status = 2,
		.err = "option '--re' can mean more than one: --repo --resist\n"},
	{.line = "list --fly=2",
		.status = 2,
		.err = "no '--fly' here: it has no wings\nTry 'tool l"},
	{.line = "--fly list", .status = 2, .err = "no '--fly' here: it has no wings\nTry 'tool -"},
	{.line = "jump", .status = 2, .err = "tool: there is no 'jump' here: it has no legs\n"},
	{.line = "help jump",
		.status = 2,
		.err = "tool: there is no 'jump' here: it has no legs\n"},
	{.line = "backup", .status = 2, .err = "tool: an argument is missing\n"},
	{.line = "list a b", .status = 2, .err = "tool: argument 'b' is one too many\n"},
};

static const struct row single_rows[] = {
	{.line = "", .status = 5, .ran = "list"},
	{.line = "--json", .status = 5, .ran = "list", .json = true},
	{.line = "--help", .out = "Usage: daemon [OPTION...] "},
	{.line = "--version", .out = "daemon 1.2.3\n"},
	{.line = "x", .status = 2, .err = "argument 'x' is one too many"},
	{.line = "--no", .status = 2, .err = "unknown option '--no'"},
};

static int call(const struct verb_program *of, const char *line, char *out, char *err, size_t size)
{
	static char copy[256]; /* what options borrow from is looked at after the call */
	char *argv[16] = {copy}, *rest = NULL;
	struct capture capture_out, capture_err;
	int argc = 1, status, context = 5;

	arg_json = arg_force = false;
	arg_repo = NULL;
	str_list_done(&arg_tags);
	ran[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[0] = (char *)(uintptr_t)of->name;
	argv[argc] = NULL;
	capture_begin(&capture_out, stdout);
	capture_begin(&capture_err, stderr);
	status = verb_main(of, argc, argv, &context);
	capture_end(&capture_err, stderr, err, size);
	capture_end(&capture_out, stdout, out, size);
	return status;
}

static void check_printed(const struct row *row, const char *what, const char *got)
{
	if (!what)
		ck_assert_msg(!*got, "'%s' printed: %s", row->line, got);
	else
		ck_assert_msg(strstr(got, what), "'%s' printed: %s", row->line, got);
}

static void check_row(const struct verb_program *of, const struct row *row)
{
	char out[4096], err[4096];
	int status = call(of, row->line, out, err, sizeof(out));

	ck_assert_msg(status == row->status, "'%s': status %d: %s", row->line, status, err);
	ck_assert_str_eq(ran, row->ran ? row->ran : "");
	check_printed(row, row->out, out);
	check_printed(row, row->err, err);
	ck_assert_int_eq(arg_json, row->json);
	ck_assert_int_eq(arg_force, row->force);
	ck_assert_uint_eq(arg_tags.count, row->tags);
	if (row->repo)
		ck_assert_str_eq(arg_repo, row->repo);
	else if (row->ran)
		ck_assert_ptr_null(arg_repo);
	str_list_done(&arg_tags);
}

START_TEST(command_lines)
{
	check_row(&program, &rows[_i]);
}
END_TEST

START_TEST(command_lines_without_verb)
{
	check_row(&single_program, &single_rows[_i]);
}
END_TEST

/* The locale is the environment's, and what is logged bears the program's name. */
START_TEST(start_sets_up_locale_and_log)
{
	char name[] = "tool", verb[] = "send", place[] = "far";
	char *argv[] = {name, verb, place, NULL};
	struct capture capture;
	char err[4096];
	int context = 5;

	setlocale(LC_ALL, "C");
	setenv("LC_ALL", "C.UTF-8", 1);
	capture_begin(&capture, stderr);
	ck_assert_int_eq(verb_start(&program, 3, argv, &context), VERB_EXIT_FAILED);
	capture_end(&capture, stderr, err, sizeof(err));
	ck_assert_str_eq(err, "tool: send: write far: broken\n");
	ck_assert_str_eq(setlocale(LC_CTYPE, NULL), "C.UTF-8");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("verb");

	tcase_add_loop_test(tcase, command_lines, 0, COUNT(rows));
	tcase_add_loop_test(tcase, command_lines_without_verb, 0, COUNT(single_rows));
	tcase_add_test(tcase, start_sets_up_locale_and_log);
	return unit_main("verb", tcase);
}
