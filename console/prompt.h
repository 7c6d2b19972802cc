/* Asking the person at the terminal. Questions go to the terminal itself, so that stdout stays
 * free for data. */
#ifndef NEXUS_CONSOLE_PROMPT_H
#define NEXUS_CONSOLE_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define PROMPT_LINE_MAX 512

/* True if there is somebody to ask: stdin is a terminal. */
bool prompt_possible(void);

/* Prints question on stderr and reads a line, without its end, into ret_line of PROMPT_LINE_MAX
 * bytes. -ENODATA when input ends, -E2BIG (kind config) when the line is too long. */
int prompt_line(const char *question, char ret_line[PROMPT_LINE_MAX], struct err *err)
	__attribute__((warn_unused_result));

#endif
