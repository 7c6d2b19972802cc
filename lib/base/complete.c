#include "base/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/i18n.h"
#include "base/verb.h"

static void print_options(const struct verb_option *options)
{
	for (; options && options->long_name; options++)
		printf("--%s%s\t%s\n", options->long_name, options->argument ? "=" : "",
			_(options->help));
}

static const struct verb *find(const struct verb_program *program, int count, char *const *words)
{
	for (int i = 0; i < count; i++)
		for (const struct verb *verb = program->verbs; verb->name; verb++)
			if (*verb->name && strcmp(verb->name, words[i]) == 0)
				return verb;
	return NULL;
}

void complete_print(const struct verb_program *program, int count, char *const *words)
{
	static const struct verb_option common[] = {
		{.long_name = "help", .help = N_("show this help")},
		{.long_name = "version", .help = N_("show the version")},
		{0},
	};
	const struct verb *verb = find(program, count, words);

	if (!verb && program->verbs[0].name && !*program->verbs[0].name)
		verb = &program->verbs[0];
	if (verb)
		print_options(verb->options);
	for (const struct verb *at = program->verbs; !verb && at->name; at++)
		printf("%s\t%s\n", at->name, _(at->summary));
	print_options(program->options);
	print_options(common);
}
