/* The options of backup, and what they ask for. */
#ifndef NEXUS_BACKUP_BACKUP_OPTIONS_H
#define NEXUS_BACKUP_BACKUP_OPTIONS_H

#include "archive/save_options.h"
#include "backup/common/common.h"
#include "base/err.h"
#include "base/verb.h"

#define BACKUP_HOST_SIZE 256

extern const struct verb_option backup_options[];

/* What is to be backed up, and how. Must not be moved: save borrows from it. */
struct backup_request {
	struct str_list paths, tags; /* owned, like all that is not said to be borrowed */
	struct filter excludes;
	struct reject reject;
	char *stream_path, *checkpoint_folder;
	char hostname[BACKUP_HOST_SIZE];
	char *const *command; /* borrowed from argv: what the stream comes from; NULL: no command */
	const char *parent; /* borrowed from argv: the snapshot to compare with; NULL: the last */
	bool without_parent;
	unsigned group_by; /* what makes the group in which the last one is looked for */
	unsigned missing; /* paths that were named, but are not there */
	struct save_options save; /* but for the callbacks and the parent */
};

/* Reads what the options were given, argv being the arguments. ret is zeros before, and to be
 * released also on failure. -EINVAL (kind config) and what reading files gives. */
int backup_options_read(const struct common *common, int argc, char **argv,
	struct backup_request *ret, struct err *err) __attribute__((warn_unused_result));
void backup_options_done(struct backup_request *request);

static inline void cleanup_backup_request_fn(struct backup_request *request)
{
	int saved = errno;

	backup_options_done(request);
	errno = saved;
}
#define cleanup_backup_request __attribute__((cleanup(cleanup_backup_request_fn)))

#endif
