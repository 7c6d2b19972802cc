#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *log_program = "nexus";
static enum log_level log_max = LOG_LEVEL_INFO;
static bool log_to_journal;

void log_init(const char *program, enum log_level max_level)
{
	log_program = program;
	log_max = max_level;
	log_to_journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_set_level(enum log_level max_level)
{
	log_max = max_level;
}

bool log_is_on(enum log_level level)
{
	return level <= log_max;
}

void log_message(enum log_level level, const char *format, ...)
{
	int saved = errno;
	char text[2048];
	va_list ap;

	if (!log_is_on(level))
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (log_to_journal)
		fprintf(stderr, "<%d>%s\n", (int)level, text);
	else
		fprintf(stderr, "%s: %s\n", log_program, text);
	errno = saved;
}
