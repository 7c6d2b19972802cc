/* What a person is told to do about a failure, where more can be said than its kind says. */
#ifndef NEXUS_BACKUP_COMMON_ADVICE_H
#define NEXUS_BACKUP_COMMON_ADVICE_H

#include <stdbool.h>

#include "base/err.h"

/* Whether no key of the repository fits the password. */
bool advice_is_password(const struct err *err);

/* One or two translated sentences; static. opening: the repository could not be opened. */
const char *advice_for(const struct err *err, bool opening);

#endif
