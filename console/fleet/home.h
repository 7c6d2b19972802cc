/* The console's own folder: ${NEXUS_HOME}, or ${XDG_DATA_HOME:-~/.local/share}/nexus, mode 0700.
 * It holds the operator's key, made at first use, and the inventory. Blocks. */
#ifndef NEXUS_CONSOLE_FLEET_HOME_H
#define NEXUS_CONSOLE_FLEET_HOME_H

#include "base/cleanup.h"
#include "base/err.h"
#include "console/fleet/session.h"

struct home {
	char *path; /* owned */
	char *public_line; /* owned: "ssh-ed25519 AAAA... user@host" */
	struct session_identity *identity; /* owned */
};

/* Opens the folder (given, or NULL for the default), makes it and the key if they are missing,
 * and refuses with -EACCES a key file that others may read. */
int home_open(const char *given, struct home *ret, struct err *err)
	__attribute__((warn_unused_result));
void home_done(struct home *home);

/* This machine's name, for the box to know who adopted it. */
void home_host_name(char ret_name[64]);

static inline void cleanup_home_fn(struct home *home)
{
	int saved = errno;

	home_done(home);
	errno = saved;
}
#define cleanup_home __attribute__((cleanup(cleanup_home_fn)))

#endif
