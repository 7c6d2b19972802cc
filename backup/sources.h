/* What the command line of backup names, in all the ways in which it can. */
#ifndef NEXUS_BACKUP_SOURCES_H
#define NEXUS_BACKUP_SOURCES_H

#include "backup/common/common.h"
#include "base/err.h"
#include "base/str.h"

/* Lists of files that list paths; "-" is the standard input. */
struct sources_files {
	const struct str_list *patterns; /* a shell pattern a line; # begins a comment */
	const struct str_list *verbatim; /* a path a line, as it stands */
	const struct str_list *raw; /* paths that end with a NUL each */
};

/* Adds the paths of the command line and of the files to ret; what does not exist is told and
 * counted in *ret_missing. -ENOENT if nothing is left, -EINVAL (kind config) if nothing was
 * named. */
int sources_read(const struct common *common, int argc, char **argv,
	const struct sources_files *files, struct str_list *ret, unsigned *ret_missing,
	struct err *err) __attribute__((warn_unused_result));

#endif
