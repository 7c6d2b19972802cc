/* The password of a repository: where it stands, and asking for it. */
#ifndef NEXUS_BACKUP_COMMON_PASSWORD_H
#define NEXUS_BACKUP_COMMON_PASSWORD_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

/* What the options say; texts are borrowed from argv, NULL: not given, then the environment is
 * asked. */
struct password_source {
	const char *file, *command;
	bool is_second; /* of the repository to read from: RESTIC_FROM_PASSWORD and its like */
};

/* From the file, the command, the environment or, on a terminal, the person (twice when again).
 * Owned and wiped by password_free. -EINVAL (kind config) if there is none, or it is empty. */
int password_get(const struct password_source *source, bool again, char **ret, struct err *err)
	__attribute__((warn_unused_result));
/* A new one for a key: from a file, or asked for twice when path is NULL. */
int password_new(const char *path, char **ret, struct err *err) __attribute__((warn_unused_result));
void password_free(char *password);

CLEANUP_DEFINE(password, char *, password_free);
#define cleanup_password CLEANUP(password)

#endif
