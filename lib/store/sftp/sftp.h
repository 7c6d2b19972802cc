/* A store in a folder of a machine that is reached by SSH, in restic's default layout. */
#ifndef NEXUS_STORE_SFTP_SFTP_H
#define NEXUS_STORE_SFTP_SFTP_H

#include "net/rate.h"
#include "store/sftp/pool.h"
#include "store/store.h"

struct sftp_options {
	const char *place; /* "user@host:/path", without "sftp:" */
	struct pool_options pool;
	struct rate *up, *down; /* borrowed; NULL: no limit */
};

/* Everything is borrowed for the call alone, but what pool's options say, up and down. Nothing is
 * sent yet. */
int sftp_store_open(const struct sftp_options *options, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
