/* Where a bucket is: restic's forms of an address after "s3:". */
#ifndef NEXUS_STORE_S3_S3_PLACE_H
#define NEXUS_STORE_S3_S3_PLACE_H

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"

#define S3_REGION_SIZE 64 /* bytes, with the NUL */

enum s3_lookup {
	S3_LOOKUP_AUTO, /* by name in the host at AWS, by path elsewhere */
	S3_LOOKUP_PATH,
	S3_LOOKUP_DNS,
};

struct s3_place {
	char *endpoint; /* owned "https://host:port" */
	char *host; /* owned "host:port", as the Host header has it */
	char *bucket; /* owned */
	char *prefix; /* owned: "" or like "a/b", encoded */
	char *region; /* owned: of AWS's host names, or NULL */
	bool in_host; /* the bucket stands in the host's name, else in the path */
};

/* "host/bucket/prefix", "//host/bucket", "http://host:port/bucket/prefix". -EINVAL. */
int s3_place_parse(const char *text, enum s3_lookup lookup, struct s3_place *ret, struct err *err)
	__attribute__((warn_unused_result));
/* At AWS, points it to the host of a region; elsewhere it stays as it is. */
int s3_place_move(struct s3_place *place, const char *region, struct err *err)
	__attribute__((warn_unused_result));
void s3_place_done(struct s3_place *place);

static inline void cleanup_s3_place_fn(struct s3_place *place)
{
	int saved = errno;

	s3_place_done(place);
	errno = saved;
}
#define cleanup_s3_place __attribute__((cleanup(cleanup_s3_place_fn)))

#endif
