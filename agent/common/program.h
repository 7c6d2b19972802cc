/* What the programs of the box have in common on their command lines. */
#ifndef NEXUS_AGENT_COMMON_PROGRAM_H
#define NEXUS_AGENT_COMMON_PROGRAM_H

#include "base/verb.h"

/* verb_start for a program whose one option beside its verbs' own is --root, the folder below
 * which all paths are taken; program->options is not looked at. *root keeps its value unless
 * the option is given; the verbs get root as their context. Returns the exit status. */
int program_main(const struct verb_program *program, const char **root, int argc, char **argv);

#endif
