/* What a server means that says no. Used by s3 alone. */
#ifndef NEXUS_STORE_S3_REFUSAL_H
#define NEXUS_STORE_S3_REFUSAL_H

#include <stdbool.h>

#include "base/err.h"
#include "net/http.h"
#include "store/s3/s3_place.h"

/* The error of an answer that is no success, as a sentence that tells what to do. region: the one
 * that the request was signed for. doing: "read data/0123". */
int refusal_explain(const struct s3_place *place, const char *region,
	const struct http_response *response, const char *doing, struct err *err);

/* True if the answer says that the bucket is in another region than ours, and in which. */
bool refusal_region(
	const struct http_response *response, const char *ours, char ret[static S3_REGION_SIZE]);

#endif
