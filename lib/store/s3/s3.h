/* A store in a bucket of S3 or of what speaks like it, in restic's default layout. */
#ifndef NEXUS_STORE_S3_S3_H
#define NEXUS_STORE_S3_S3_H

#include "net/http.h"
#include "store/s3/s3_place.h"
#include "store/store.h"

struct s3_options {
	const char *place; /* "host/bucket/prefix", without "s3:" */
	enum s3_lookup lookup;
	const char *region; /* NULL: of the host's name, or us-east-1 */
	const char *key_id, *secret; /* NULL: -EINVAL that says which variables to set */
	const char *token; /* of a session; may be NULL */
	bool create; /* make the bucket if it is missing */
	struct http_options http; /* without a login */
};

/* Everything is borrowed for the call alone, but what http's options say. With create the bucket
 * is looked for, and made if it is missing; else nothing is sent yet. */
int s3_store_open(const struct s3_options *options, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
