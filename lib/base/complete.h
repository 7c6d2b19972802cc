/* What a shell offers to complete, from the same tables as the help: so that no shell's script
 * has a list of its own. */
#ifndef NEXUS_BASE_COMPLETE_H
#define NEXUS_BASE_COMPLETE_H

struct verb_program;

/* Prints what may come after the words that were typed: a line each, a tab and what it is.
 * Before a verb these are the verbs and the program's options; behind it its own, too. An option
 * with a value ends with "=". For the hidden verb __complete. */
void complete_print(const struct verb_program *program, int count, char *const *words);

#endif
