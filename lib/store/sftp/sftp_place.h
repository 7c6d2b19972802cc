/* Where a folder is: restic's forms of an address after "sftp:". */
#ifndef NEXUS_STORE_SFTP_SFTP_PLACE_H
#define NEXUS_STORE_SFTP_SFTP_PLACE_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct sftp_place {
	char *user; /* owned, or NULL: ssh_config's or our own name */
	char *host; /* owned */
	uint16_t port; /* 0: ssh_config's or 22 */
	char *path; /* owned: from "/" on, or relative to the home folder; no '/' at its end */
};

/* "user@host:/path", "user@host:path", "//user@host:port//path", "//user@host/path". A user may
 * contain '@'. -EINVAL. */
int sftp_place_parse(const char *text, struct sftp_place *ret, struct err *err)
	__attribute__((warn_unused_result));
void sftp_place_done(struct sftp_place *place);

static inline void cleanup_sftp_place_fn(struct sftp_place *place)
{
	int saved = errno;

	sftp_place_done(place);
	errno = saved;
}
#define cleanup_sftp_place __attribute__((cleanup(cleanup_sftp_place_fn)))

#endif
