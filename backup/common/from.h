/* The repository that another one is copied from, or made like: the options --from-repo and so
 * on, or RESTIC_FROM_REPOSITORY and its like. */
#ifndef NEXUS_BACKUP_COMMON_FROM_H
#define NEXUS_BACKUP_COMMON_FROM_H

#include "backup/common/common.h"
#include "base/i18n.h"
#include "base/verb.h"

/* What those options were given. */
struct from_arguments {
	const char *repository, *repository_file, *key_hint; /* borrowed from argv, or NULL */
	struct password_source password;
};

#define FROM_ARGUMENTS_INIT                                                                        \
	{                                                                                          \
		.password.is_second = true                                                         \
	}

/* The rows of an option table that fill it. */
#define FROM_OPTIONS(arguments)                                                                    \
	{.long_name = "from-repo",                                                                 \
		.argument = N_("PLACE"),                                                           \
		.help = N_("the repository to read from (or RESTIC_FROM_REPOSITORY)"),             \
		.text = &(arguments).repository},                                                  \
		{.long_name = "from-repository-file",                                              \
			.argument = N_("FILE"),                                                    \
			.help = N_("file that says where it is "                                   \
				   "(or RESTIC_FROM_REPOSITORY_FILE)"),                            \
			.text = &(arguments).repository_file},                                     \
		{.long_name = "from-password-file",                                                \
			.argument = N_("FILE"),                                                    \
			.help = N_("file with its password (or RESTIC_FROM_PASSWORD_FILE)"),       \
			.text = &(arguments).password.file},                                       \
		{.long_name = "from-password-command",                                             \
			.argument = N_("COMMAND"),                                                 \
			.help = N_("command that prints it (or RESTIC_FROM_PASSWORD_COMMAND)"),    \
			.text = &(arguments).password.command},                                    \
	{                                                                                          \
		.long_name = "from-key-hint", .argument = N_("ID"),                                \
		.help = N_("which of its keys to try first (or RESTIC_FROM_KEY_HINT)"),            \
		.text = &(arguments).key_hint                                                      \
	}

/* Whether an option names a repository; the environment does not count. */
bool from_is_given(const struct from_arguments *arguments);

/* What common is, for the repository to read from. Borrows from both and the environment.
 * -EINVAL (kind config) if none is named, or two. */
int from_common(const struct common *common, const struct from_arguments *arguments,
	struct common *ret, struct err *err) __attribute__((warn_unused_result));

#endif
