/* HTTP/1.1 for programs that talk to one server much: a client with a bounded set of
 * connections that several threads share, and one more for short requests, so that these need not
 * wait until long ones are over. A request is tried again where that can heal; what
 * comes back is bounded. Proxy variables of the environment (https_proxy, no_proxy ...) and the
 * usual ones of certificates (CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR) are honoured.
 * Redirects are not followed: what is signed and secret goes to one place only. */
#ifndef NEXUS_NET_HTTP_H
#define NEXUS_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"
#include "net/rate.h"
#include "net/retry.h"

#define HTTP_CONNECTIONS_MAX 64
#define HTTP_ERROR_MAX 16384 /* bytes kept of the body of a refusal */

struct http;

struct http_options {
	unsigned connections; /* 0: 5; at most HTTP_CONNECTIONS_MAX */
	uint64_t connect_us; /* for the connection; 0: 20 s */
	uint64_t idle_us; /* without a byte moving; 0: 120 s; whole seconds */
	uint64_t total_us; /* for one try of a request; 0: none, idle_us ends it */
	struct retry_policy retry;
	struct rate *up, *down; /* borrowed; NULL: no limit */
	const char *user, *password; /* borrowed for http_new alone; NULL: no login */
	/* the same: see certificates.h; without ca_files the environment's, then the system's */
	const char *ca_files, *client_file;
	/* borrowed, or NULL. stop: true ends waiting between tries. cut: true ends with ECANCELED
	 * what is moving content; requests without any, to remove something, still pass. */
	const volatile bool *stop, *cut;
};

/* Reads size bytes of a body at offset. */
typedef int http_body_fn(void *context, uint64_t offset, void *ret, size_t size, struct err *err);
/* Takes the next bytes of an answer; restart: what came before is void, the answer begins anew. */
typedef int http_sink_fn(
	void *context, bool restart, const void *data, size_t size, struct err *err);
/* Adds the headers of one try ("Name: value"), for what is signed with the time. */
typedef int http_prepare_fn(void *context, struct str_list *headers, struct err *err);

struct http_request {
	const char *method; /* GET HEAD PUT POST DELETE */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	http_prepare_fn *prepare; /* may be NULL */
	http_body_fn *body; /* NULL: none */
	uint64_t body_size; /* bytes */
	void *context; /* of prepare and body */
	/* A part of the object: range_size bytes at range_offset, into range_data. */
	void *range_data; /* NULL: no range */
	uint64_t range_offset;
	size_t range_size;
	http_sink_fn *sink; /* of a 2xx answer; NULL: it goes to the response's body */
	void *sink_context;
	size_t body_max; /* bytes of answer kept without a sink; more is -EFBIG; 0: HTTP_ERROR_MAX
			  */
};

struct http_response {
	unsigned status;
	uint64_t length; /* Content-Length, as a HEAD gives it; UINT64_MAX: unknown */
	size_t range_got; /* bytes of range_data filled */
	char type[128]; /* Content-Type */
	int64_t date_s; /* the server's clock, seconds since 1970; 0: it told none */
	char region[64]; /* x-amz-bucket-region */
	uint64_t asked_us; /* Retry-After */
	struct buf body; /* owned; text of a refusal too, cut at HTTP_ERROR_MAX */
};

int http_new(const struct http_options *options, struct http **ret, struct err *err)
	__attribute__((warn_unused_result));
/* No request may be under way. */
void http_free(struct http *http);
CLEANUP_DEFINE(http, struct http *, http_free);
#define cleanup_http CLEANUP(http)

/* Waits for a free connection and makes the request. Returns 0 with whatever status the server
 * gave (after the tries that its kind deserves), or an error: ERR_NETWORK with ECONNREFUSED,
 * EHOSTUNREACH (unknown host too), ETIMEDOUT, ECONNRESET, EPROTO; ERR_CONFIG for certificates;
 * ECANCELED when stopped. ret is filled and to be released in any case. */
int http_perform(struct http *http, const struct http_request *request, struct http_response *ret,
	struct err *err) __attribute__((warn_unused_result));
void http_response_done(struct http_response *response);

/* An error for a status that is no success: 401 EPERM, 403 EPERM, 404 ENOENT, 416 ENODATA, 507
 * ENOSPC, others EPROTO. doing: "read data/0123". */
int http_refused(const struct http_response *response, const char *doing, struct err *err);

static inline void cleanup_http_response_fn(struct http_response *response)
{
	int saved = errno;

	http_response_done(response);
	errno = saved;
}
#define cleanup_http_response __attribute__((cleanup(cleanup_http_response_fn)))

#endif
