/* A store behind restic's REST server (rest-server, rclone serve restic). */
#ifndef NEXUS_STORE_REST_REST_H
#define NEXUS_STORE_REST_REST_H

#include "net/http.h"
#include "store/store.h"

struct rest_options {
	const char *url; /* "https://user:password@host:8000/path/", without "rest:" */
	const char *user, *password; /* for an address that has none; may be NULL */
	struct http_options http; /* without a login */
};

/* Everything is borrowed for the call alone, but what http's options say. Nothing is sent yet.
 * -EINVAL (kind config) for an address that is none. */
int rest_store_open(const struct rest_options *options, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
