/* Which snapshots a verb looks at: the options that choose them, and finding them. */
#ifndef NEXUS_BACKUP_SHOW_PICK_H
#define NEXUS_BACKUP_SHOW_PICK_H

#include "archive/select.h"
#include "backup/common/common.h"
#include "base/verb.h"

struct pick_arguments {
	struct str_list hosts, tags, paths;
};

/* The rows of an option table that fill it. */
#define PICK_OPTIONS(arguments)                                                                    \
	{.long_name = "host",                                                                      \
		.short_name = 'H',                                                                 \
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
int pick_filter(struct pick_arguments *arguments, struct select_filter *ret, struct err *err)
	__attribute__((warn_unused_result));

/* One snapshot, or a folder in it. */
struct pick {
	struct select_list list; /* owned */
	const struct snapshot *snapshot; /* in the list */
	char *folder; /* owned; "" for none */
	struct id tree; /* of the snapshot, or of the folder */
};

/* Finds what text means ("latest", an id, the start of one; each with ":FOLDER") and loads the
 * index. -ENOENT, -ENOTDIR, -EINVAL. */
int pick_one(struct repository *repository, const char *text, struct pick_arguments *arguments,
	struct pick *ret, struct err *err) __attribute__((warn_unused_result));
void pick_done(struct pick *pick);

static inline void cleanup_pick_fn(struct pick *pick)
{
	int saved = errno;

	pick_done(pick);
	errno = saved;
}
#define cleanup_pick __attribute__((cleanup(cleanup_pick_fn)))

#endif
