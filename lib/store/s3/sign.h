/* AWS Signature Version 4: an HMAC over the canonical form of a request. */
#ifndef NEXUS_STORE_S3_SIGN_H
#define NEXUS_STORE_S3_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SIGN_HASH_SIZE 65 /* hexadecimal and its NUL */
#define SIGN_TIME_SIZE 17 /* "20130524T000000Z" */
#define SIGN_HEADERS_MAX 16
#define SIGN_EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sign_header {
	const char *name; /* lowercase */
	const char *value; /* without blanks around it */
};

/* All borrowed. */
struct sign_request {
	const char *method;
	const char *path; /* encoded, from its "/" on */
	const char *query; /* encoded, "name=value" sorted by name; "" for none */
	const struct sign_header *headers; /* all that are signed, host among them, in any order */
	size_t header_count; /* at most SIGN_HEADERS_MAX */
	const char *payload_hash; /* hexadecimal */
	const char *time; /* as in x-amz-date */
	const char *region, *service;
	const char *key_id, *secret;
};

/* 0 and the owned value of the Authorization header. */
int sign_make(const struct sign_request *request, char **ret_authorization, struct err *err)
	__attribute__((warn_unused_result));

/* The time as S3 wants it. */
void sign_format_time(uint64_t realtime_us, char ret_time[static SIGN_TIME_SIZE]);

#endif
