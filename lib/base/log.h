/* Messages for the operator, on stderr; under systemd with the "<N>" prefix that journald
 * reads as the priority. One line each. Libraries do not log errors: they return them. */
#ifndef NEXUS_BASE_LOG_H
#define NEXUS_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR = 3, /* syslog's numbers */
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* program is borrowed for the life of the process. Finds out whether stderr is the journal. */
void log_init(const char *program, enum log_level max_level);
void log_set_level(enum log_level max_level);
bool log_is_on(enum log_level level);

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_message(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
