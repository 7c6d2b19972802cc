/* The backup repository of the box and the key that opens it. */
#ifndef NEXUS_AGENT_WORKER_REPOSITORY_H
#define NEXUS_AGENT_WORKER_REPOSITORY_H

#include "base/err.h"

/* Where the key stands for this process: systemd's credential "repo-key", else the file itself
 * below root. Owned. */
int repository_key_path(const char *root, char **ret_path, struct err *err)
	__attribute__((warn_unused_result));

/* Makes what is missing: first the key, 32 random bytes in hexadecimal, which is durable before the
 * repository appears; then the repository, under another name until it is whole (if it is a
 * folder). A repository without its key is -ENOKEY: nobody could open a new one of that name as the
 * old. Blocks. */
int repository_make(const char *root, const char *location, struct err *err)
	__attribute__((warn_unused_result));

#endif
