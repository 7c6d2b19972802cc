/* Command lines of the shape "program [options] verb [options] [arguments]", declared as
 * tables and read by getopt_long; the tables give the help too. Every program of ours uses
 * this, so that all of them answer --help, --version and mistakes alike. */
#ifndef NEXUS_BASE_VERB_H
#define NEXUS_BASE_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
	VERB_EXIT_OK = 0,
	VERB_EXIT_FAILED = 1,
	VERB_EXIT_USAGE = 2,
};

/* One option; a table ends with { 0 }. */
struct verb_option {
	const char *long_name; /* without the dashes */
	char short_name; /* 0: none */
	const char *argument; /* N_("PATH") for the help; NULL: the option takes none */
	bool may_stand_alone; /* the argument may be missing; the short name takes none then */
	const char *help; /* N_("one sentence") */
	/* Where the value goes: exactly one of them, or none with handle. */
	bool *flag; /* set to true */
	const char **text; /* borrows from argv; the last one wins */
	struct str_list *list; /* each occurrence is added */
};

struct verb {
	const char *name;
	const char *arguments; /* N_("PATH...") for the help; "" for none */
	const char *summary; /* N_("one sentence") */
	const char *details; /* N_("paragraphs for its own help"), or NULL */
	const struct verb_option *options; /* ends with { 0 }; NULL: none */
	int min_arguments;
	int max_arguments; /* -1: any number */
	/* Exactly one of the two; argv[0..argc-1] are the arguments alone. run returns the exit
	 * status and has told of its failures itself; attempt returns 0 or a negative errno, and
	 * its chain is logged. */
	int (*run)(int argc, char **argv, void *context);
	int (*attempt)(int argc, char **argv, void *context, struct err *err);
};

/* An option ("--NAME") or command that people know from another program and look for in vain. A
 * table ends with { 0 }. */
struct verb_absent {
	const char *name;
	const char *reason; /* N_("why it is not here, or what is instead") */
};

struct verb_program {
	const char *name;
	const char *summary; /* N_("one sentence") */
	const char *version;
	const struct verb_option *options; /* before or after the verb; ends with { 0 } */
	const struct verb *verbs; /* ends with { 0 }; with one whose name is "" the
				     program takes no verb */
	const char *epilogue; /* N_("...") printed after the help, or NULL */
	const struct verb_absent *absent; /* told instead of a guess; NULL: none */
};

/* Reads the command line, runs the verb and returns its exit status; 2 after a mistake, which
 * is told on stderr with the nearest right name. "help [VERB]" and "version" are answered for
 * every program. context is handed to the verb. */
int verb_main(const struct verb_program *program, int argc, char **argv, void *context);

/* What the main of most programs is: locale and log (at level info) set up, then verb_main. */
int verb_start(const struct verb_program *program, int argc, char **argv, void *context);

#endif
