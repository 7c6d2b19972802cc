/* Which snapshots a verb is about: the options --host, --tag and --path, or ids. */
#ifndef NEXUS_BACKUP_COMMON_CHOOSE_H
#define NEXUS_BACKUP_COMMON_CHOOSE_H

#include <stddef.h>

#include "archive/select.h"
#include "base/verb.h"
#include "json/json.h"

/* What those options were given. */
struct choose_arguments {
	struct str_list hosts, tags, paths;
};

/* The rows of an option table that fill it; letter: of --host, or 0. */
#define CHOOSE_OPTIONS(arguments, letter)                                                          \
	{.long_name = "host",                                                                      \
		.short_name = (letter),                                                            \
		.argument = N_("NAME"),                                                            \
		.help = N_("only snapshots of this host (or RESTIC_HOST; may be given again)"),    \
		.list = &(arguments).hosts},                                                       \
		{.long_name = "tag",                                                               \
			.argument = N_("TAGS"),                                                    \
			.help = N_("only with all of these tags (may be given again)"),            \
			.list = &(arguments).tags},                                                \
	{                                                                                          \
		.long_name = "path", .argument = N_("PATH"),                                       \
		.help = N_("only with this path (may be given again)"), .list = &(arguments).paths \
	}

/* The filter of the options; RESTIC_HOST counts when no --host is given, and --host '' is any.
 * It borrows from arguments. */
int choose_filter(struct choose_arguments *arguments, struct select_filter *ret, struct err *err)
	__attribute__((warn_unused_result));

struct choose {
	const struct snapshot **items; /* owned; what they point to is borrowed from the list */
	size_t count;
};

/* argc ids (or "latest") choose; without any, the options do. -ENOENT, -EINVAL. */
int choose_snapshots(const struct select_list *list, struct choose_arguments *arguments, int argc,
	char **argv, struct choose *ret, struct err *err) __attribute__((warn_unused_result));
void choose_done(struct choose *choose);

/* A snapshot as restic prints it in JSON; NULL without memory. */
struct json *choose_json(const struct snapshot *snapshot);
/* One line for people: id, time, host, paths and tags. reasons may be NULL. */
void choose_print(const struct snapshot *snapshot, const struct str_list *reasons);

static inline void cleanup_choose_fn(struct choose *choose)
{
	int saved = errno;

	choose_done(choose);
	errno = saved;
}
#define cleanup_choose __attribute__((cleanup(cleanup_choose_fn)))

#endif
