/* What curl's and HTTP's failures mean. Used by http alone. */
#ifndef NEXUS_NET_HTTP_ERROR_H
#define NEXUS_NET_HTTP_ERROR_H

#include <curl/curl.h>

#include "base/err.h"
#include "net/retry.h"

/* The error of a transfer that ended without an answer, and what it is worth. text: what curl
 * says of it. where: the server, without secrets. */
enum retry_class http_error(
	CURLcode code, long os_error, const char *text, const char *where, struct err *err);

/* What a status is worth trying again. */
enum retry_class http_status_class(unsigned status);

#endif
