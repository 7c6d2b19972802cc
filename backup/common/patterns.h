/* The options that leave files out or choose them by patterns, as backup and restore have them. */
#ifndef NEXUS_BACKUP_COMMON_PATTERNS_H
#define NEXUS_BACKUP_COMMON_PATTERNS_H

#include "archive/filter.h"
#include "base/err.h"
#include "base/i18n.h"
#include "base/str.h"
#include "base/verb.h"

/* What they were given; folded: great and small letters alike. */
struct pattern_arguments {
	struct str_list plain, folded, files, folded_files;
};

/* The rows of an option table that fill it. */
#define PATTERNS_EXCLUDE(arguments)                                                                \
	{.long_name = "exclude",                                                                   \
		.short_name = 'e',                                                                 \
		.argument = N_("PATTERN"),                                                         \
		.help = N_("leave out what matches (may be given again)"),                         \
		.list = &(arguments).plain},                                                       \
		{.long_name = "iexclude",                                                          \
			.argument = N_("PATTERN"),                                                 \
			.help = N_("the same, great and small letters alike"),                     \
			.list = &(arguments).folded},                                              \
		{.long_name = "exclude-file",                                                      \
			.argument = N_("FILE"),                                                    \
			.help = N_("the same as --exclude, a pattern a line"),                     \
			.list = &(arguments).files},                                               \
	{                                                                                          \
		.long_name = "iexclude-file", .argument = N_("FILE"),                              \
		.help = N_("the same as --iexclude, a pattern a line"),                            \
		.list = &(arguments).folded_files                                                  \
	}

/* Adds all of them to ret, which the caller releases also on failure. -EINVAL (kind config), or
 * what reading a file gives. */
int patterns_read(const struct pattern_arguments *arguments, struct filter *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
