/* The certificates of a secure connection, read and looked at once: whom to trust, and who we
 * are. All in PEM. */
#ifndef NEXUS_NET_CERTIFICATES_H
#define NEXUS_NET_CERTIFICATES_H

#include <stddef.h>

#include "base/err.h"

#define CERTIFICATES_MAX (4u << 20) /* bytes of a file */
#define CERTIFICATES_FILES_MAX 64u

struct certificates {
	char *roots; /* owned: of those to trust; NULL: the system's */
	char *client; /* owned, wiped: our certificates and the key; NULL: none */
};

/* roots: files, with commas between them; client: a file with our certificate, those above it and
 * one private key without a password. Either may be NULL or "". -EINVAL (kind config) if a file
 * has not what it should, else the errno of reading it (kind config too); ret is to be released in
 * any case. */
int certificates_read(const char *roots, const char *client, struct certificates *ret,
	struct err *err) __attribute__((warn_unused_result));
void certificates_done(struct certificates *certificates);

#endif
