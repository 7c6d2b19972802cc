#include "base/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/i18n.h"
#include "base/log.h"

#define OPTIONS_MAX 96

enum {
	VALUE_HELP = 1000, /* getopt values: 1000 help, 1001 version, 2000 + index of an option */
	VALUE_VERSION,
	VALUE_FIRST = 2000,
};

static const struct verb_option options_none[] = {{0}};
static const struct verb_option options_common[] = {
	{.long_name = "help", .short_name = 'h', .help = N_("show this help")},
	{.long_name = "version", .help = N_("show the version")},
	{0},
};

/* The options in force, flattened for getopt_long. */
struct table {
	const struct verb_option *options[OPTIONS_MAX];
	struct option longs[OPTIONS_MAX + 3];
	char shorts[2 * OPTIONS_MAX + 8];
	size_t count, shorts_used;
};

static void table_add(struct table *table, const struct verb_option *options)
{
	for (; options && options->long_name && table->count < OPTIONS_MAX; options++) {
		struct option *o = &table->longs[table->count];

		table->options[table->count] = options;
		o->name = options->long_name;
		o->has_arg = !options->argument         ? no_argument
			     : options->may_stand_alone ? optional_argument
							: required_argument;
		o->flag = NULL;
		o->val = VALUE_FIRST + (int)table->count;
		if (options->short_name) {
			table->shorts[table->shorts_used++] = options->short_name;
			if (options->argument && !options->may_stand_alone)
				table->shorts[table->shorts_used++] = ':';
		}
		table->count++;
	}
}

static void table_finish(struct table *table)
{
	table->longs[table->count] = (struct option){"help", no_argument, NULL, VALUE_HELP};
	table->longs[table->count + 1] =
		(struct option){"version", no_argument, NULL, VALUE_VERSION};
	table->shorts[table->shorts_used++] = 'h';
	table->shorts[table->shorts_used] = '\0';
}

static const struct verb_option *table_find(const struct table *table, int value)
{
	if (value >= VALUE_FIRST)
		return table->options[value - VALUE_FIRST];
	for (size_t i = 0; i < table->count; i++)
		if (table->options[i]->short_name == (char)value)
			return table->options[i];
	return NULL;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits that turn a into b, capped at 64 characters each. */
static size_t distance(const char *a, const char *b)
{
	size_t row[65], n = strlen(b), before, above;

	if (strlen(a) > 64 || n > 64)
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		before = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			above = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, before + (a[i - 1] != b[j - 1]));
			before = above;
		}
	}
	return row[n];
}

struct nearest {
	const char *name;
	size_t edits;
};

static void nearest_try(struct nearest *nearest, const char *wanted, const char *name)
{
	size_t edits = distance(wanted, name);

	if (edits < nearest->edits) {
		nearest->edits = edits;
		nearest->name = name;
	}
}

static bool single(const struct verb_program *program)
{
	return !program->verbs[0].name || !program->verbs[0].name[0];
}

static void hint(const struct verb_program *program, const struct verb *verb)
{
	if (verb && verb->name[0])
		fprintf(stderr, _("Try '%s %s --help'.\n"), program->name, verb->name);
	else
		fprintf(stderr, _("Try '%s --help'.\n"), program->name);
}

/* Whether it is one that people look for in vain; then they are told why. */
static bool tell_absent(const struct verb_program *program, const char *given)
{
	for (const struct verb_absent *absent = program->absent; absent && absent->name; absent++)
		if (strcmp(absent->name, given) == 0) {
			fprintf(stderr, _("%s: there is no '%s' here: %s\n"), program->name, given,
				_(absent->reason));
			return true;
		}
	return false;
}

/* What is told of an option whose name or value is wrong; name is given up to its "=". */
static void tell_option(const struct verb_program *program, const struct table *table,
	const char *given, const char *name)
{
	struct nearest nearest = {NULL, 4};
	size_t size = strlen(name + strspn(name, "-"));
	unsigned fit = 0;

	for (size_t i = 0; i < table->count && strncmp(name, "--", 2) == 0; i++) {
		const char *known = table->options[i]->long_name;

		if (strcmp(name + 2, known) == 0) {
			fprintf(stderr, _("%s: option '%s' takes no value\n"), program->name, name);
			return;
		}
		fit += size && strncmp(name + 2, known, size) == 0;
		nearest_try(&nearest, name + 2, known);
	}
	if (fit > 1) {
		fprintf(stderr, _("%s: option '%s' can mean more than one:"), program->name, name);
		for (size_t i = 0; i < table->count; i++)
			if (strncmp(name + 2, table->options[i]->long_name, size) == 0)
				fprintf(stderr, " --%s", table->options[i]->long_name);
		fputc('\n', stderr);
		return;
	}
	fprintf(stderr, _("%s: unknown option '%s'\n"), program->name, given);
	if (nearest.name)
		fprintf(stderr, _("Did you mean '--%s'?\n"), nearest.name);
}

static int refuse_option(const struct verb_program *program, const struct verb *verb,
	const struct table *table, const char *given, bool missing)
{
	cleanup_free char *name = strndup(given, strcspn(given, "="));

	if (missing)
		fprintf(stderr, _("%s: option '%s' needs a value\n"), program->name, given);
	else if (!name || !tell_absent(program, name))
		tell_option(program, table, given, name ? name : given);
	hint(program, verb);
	return VERB_EXIT_USAGE;
}

static int refuse_verb(const struct verb_program *program, const char *given)
{
	struct nearest nearest = {NULL, 4};

	if (!tell_absent(program, given)) {
		fprintf(stderr, _("%s: unknown command '%s'\n"), program->name, given);
		for (const struct verb *v = program->verbs; v->name; v++)
			nearest_try(&nearest, given, v->name);
		if (nearest.name)
			fprintf(stderr, _("Did you mean '%s'?\n"), nearest.name);
	}
	hint(program, NULL);
	return VERB_EXIT_USAGE;
}

static void print_pad(FILE *stream, size_t used, size_t column)
{
	if (used + 1 > column) {
		fputc('\n', stream);
		used = 0;
	}
	fprintf(stream, "%*s", (int)(column - used), "");
}

static void print_options(const struct verb_option *options)
{
	for (; options && options->long_name; options++) {
		cleanup_free char *left = NULL;
		const char *argument = options->argument ? _(options->argument) : NULL;
		char shorts[8] = "    ";

		if (options->short_name)
			snprintf(shorts, sizeof(shorts), "-%c, ", options->short_name);
		left = str_printf("  %s--%s%s%s%s", shorts, options->long_name,
			!argument                  ? ""
			: options->may_stand_alone ? "[="
						   : "=",
			argument ? argument : "", argument && options->may_stand_alone ? "]" : "");
		if (!left)
			return;
		fputs(left, stdout);
		print_pad(stdout, str_width(left), 34);
		puts(_(options->help));
	}
}

static void print_common_options(void)
{
	print_options(options_common);
}

static void print_verbs(FILE *stream, const struct verb_program *program)
{
	for (const struct verb *v = program->verbs; v->name; v++) {
		const char *arguments = v->arguments[0] ? _(v->arguments) : "";
		cleanup_free char *left = str_printf("  %s %s", v->name, arguments);

		if (!left)
			return;
		fputs(left, stream);
		print_pad(stream, str_width(left), 34);
		fprintf(stream, "%s\n", _(v->summary));
	}
}

static void help_program(const struct verb_program *program)
{
	printf(_("Usage: %s [OPTION...] COMMAND [ARGUMENT...]\n\n%s\n\nCommands:\n"), program->name,
		_(program->summary));
	print_verbs(stdout, program);
	puts(_("\nOptions:"));
	print_options(program->options);
	print_common_options();
	if (program->epilogue)
		printf("\n%s\n", _(program->epilogue));
}

static void help_verb(const struct verb_program *program, const struct verb *verb)
{
	/* Never _(""): that is the header of the catalogue. */
	const char *summary = verb->summary[0] ? verb->summary : program->summary;

	printf(_("Usage: %s%s%s [OPTION...] %s\n\n%s\n"), program->name, verb->name[0] ? " " : "",
		verb->name, verb->arguments[0] ? _(verb->arguments) : "", _(summary));
	if (verb->details)
		printf("\n%s\n", _(verb->details));
	puts(_("\nOptions:"));
	print_options(verb->options);
	print_options(program->options);
	print_common_options();
	if (single(program) && program->epilogue)
		printf("\n%s\n", _(program->epilogue));
}

static int store(const struct verb_option *option, const char *value)
{
	struct err err = ERR_INIT;

	if (option->flag)
		*option->flag = true;
	if (option->text)
		*option->text = value;
	if (option->list && str_list_add(option->list, value, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return VERB_EXIT_FAILED;
	}
	return 0;
}

static int print_version(const struct verb_program *program)
{
	printf("%s %s\n", program->name, program->version);
	return VERB_EXIT_OK;
}

enum {
	PARSE_GO_ON = -1
};

/* Reads options from argv[1] on. Returns PARSE_GO_ON, or the exit status to end with. */
static int parse(const struct verb_program *program, const struct verb *verb,
	const struct table *table, const char *shorts, int argc, char **argv)
{
	int value;

	opterr = 0;
	optind = 0;
	while ((value = getopt_long(argc, argv, shorts, table->longs, NULL)) != -1) {
		const struct verb_option *option;
		char given[3] = {'-', (char)optopt, 0};
		int r;

		if (value == VALUE_HELP || value == 'h') {
			if (verb)
				help_verb(program, verb);
			else
				help_program(program);
			return VERB_EXIT_OK;
		}
		if (value == VALUE_VERSION)
			return print_version(program);
		if (value == '?' || value == ':')
			return refuse_option(program, verb, table,
				optopt && optopt < 256 ? given : argv[optind - 1], value == ':');
		option = table_find(table, value);
		r = option ? store(option, optarg) : VERB_EXIT_USAGE;
		if (r)
			return r;
	}
	return PARSE_GO_ON;
}

static const struct verb *find_verb(const struct verb_program *program, const char *name)
{
	for (const struct verb *v = program->verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

static int call_verb(const struct verb *verb, int argc, char **argv, void *context)
{
	struct err err = ERR_INIT;

	if (verb->run)
		return verb->run(argc, argv, context);
	if (verb->attempt(argc, argv, context, &err) >= 0)
		return VERB_EXIT_OK;
	log_error("%s", err.text);
	return VERB_EXIT_FAILED;
}

static int run_verb(const struct verb_program *program, const struct verb *verb, int argc,
	char **argv, void *context)
{
	struct table table = {0};
	char shorts[sizeof(table.shorts) + 1];
	int r, count;

	table_add(&table, verb->options ? verb->options : options_none);
	table_add(&table, program->options ? program->options : options_none);
	table_finish(&table);
	snprintf(shorts, sizeof(shorts), ":%s", table.shorts);
	r = parse(program, verb, &table, shorts, argc, argv);
	if (r != PARSE_GO_ON)
		return r;
	count = argc - optind;
	if (count < verb->min_arguments ||
		(verb->max_arguments >= 0 && count > verb->max_arguments)) {
		if (count < verb->min_arguments)
			fprintf(stderr, _("%s: an argument is missing\n"), program->name);
		else
			fprintf(stderr, _("%s: argument '%s' is one too many\n"), program->name,
				argv[optind + verb->max_arguments]);
		hint(program, verb);
		return VERB_EXIT_USAGE;
	}
	return call_verb(verb, count, argv + optind, context);
}

/* --- The hidden verb __complete: what a shell offers, from the same tables as the help. A line
 * each: a word, a tab and what it is. An option with a value ends with "=". --- */

static void offer_options(const struct verb_option *options)
{
	for (; options && options->long_name; options++)
		printf("--%s%s\t%s\n", options->long_name,
			options->argument && !options->may_stand_alone ? "=" : "",
			_(options->help));
}

static const struct verb *find_typed(
	const struct verb_program *program, int count, char *const *words)
{
	for (int i = 0; i < count; i++)
		for (const struct verb *verb = program->verbs; verb->name; verb++)
			if (*verb->name && strcmp(verb->name, words[i]) == 0)
				return verb;
	return NULL;
}

static void offer(const struct verb_program *program, int count, char *const *words)
{
	const struct verb *verb = find_typed(program, count, words);

	if (!verb && program->verbs[0].name && !*program->verbs[0].name)
		verb = &program->verbs[0];
	if (verb)
		offer_options(verb->options);
	for (const struct verb *at = program->verbs; !verb && at->name; at++)
		printf("%s\t%s\n", at->name, _(at->summary));
	offer_options(program->options);
	offer_options(options_common);
}

/* "help" and "version": every program has these. name is that of the verb that is asked about. */
static int answer_help(const struct verb_program *program, const char *name)
{
	const struct verb *verb = name ? find_verb(program, name) : NULL;

	if (name && !verb)
		return refuse_verb(program, name);
	if (verb)
		help_verb(program, verb);
	else
		help_program(program);
	return VERB_EXIT_OK;
}

static int refuse_nothing(const struct verb_program *program)
{
	fprintf(stderr, _("%s: say which command\n"), program->name);
	print_verbs(stderr, program);
	hint(program, NULL);
	return VERB_EXIT_USAGE;
}

int verb_main(const struct verb_program *program, int argc, char **argv, void *context)
{
	struct table table = {0};
	char shorts[sizeof(table.shorts) + 2];
	const struct verb *verb;
	int r;

	if (argc > 1 && strcmp(argv[1], "__complete") == 0) {
		offer(program, argc - 2, argv + 2);
		return VERB_EXIT_OK;
	}
	if (single(program))
		return run_verb(program, &program->verbs[0], argc, argv, context);
	table_add(&table, program->options ? program->options : options_none);
	table_finish(&table);
	snprintf(shorts, sizeof(shorts), "+:%s", table.shorts);
	r = parse(program, NULL, &table, shorts, argc, argv);
	if (r != PARSE_GO_ON)
		return r;
	if (optind >= argc)
		return refuse_nothing(program);
	verb = find_verb(program, argv[optind]);
	if (!verb && strcmp(argv[optind], "help") == 0)
		return answer_help(program, optind + 1 < argc ? argv[optind + 1] : NULL);
	if (!verb && strcmp(argv[optind], "version") == 0)
		return print_version(program);
	return verb ? run_verb(program, verb, argc - optind, argv + optind, context)
		    : refuse_verb(program, argv[optind]);
}

int verb_start(const struct verb_program *program, int argc, char **argv, void *context)
{
	i18n_init();
	log_init(program->name, LOG_LEVEL_INFO);
	return verb_main(program, argc, argv, context);
}
