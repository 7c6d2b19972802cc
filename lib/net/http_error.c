#include "net/http_error.h"

#include <errno.h>
#include <string.h>

static enum retry_class tell(
	struct err *err, enum retry_class class, int code, const char *where, const char *reason)
{
	err_set(err, ERR_NETWORK, code, "talk to %s: %s", where, reason);
	return class;
}

static enum retry_class connect_error(long os_error, const char *where, struct err *err)
{
	int code = os_error ? (int)os_error : ECONNREFUSED;

	if (code == ECONNREFUSED)
		return tell(err, RETRY_IF_MET, code, where,
			"it refuses the connection; is the server running?");
	if (code == ETIMEDOUT || code == EINPROGRESS)
		return tell(err, RETRY_IF_MET, ETIMEDOUT, where, "no answer");
	return tell(err, RETRY_IF_MET, code, where, err_reason(code));
}

static enum retry_class tls_error(
	CURLcode code, const char *text, const char *where, struct err *err)
{
	bool ours = code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM ||
		    code == CURLE_PEER_FAILED_VERIFICATION;

	err_set(err, ours ? ERR_CONFIG : ERR_NETWORK, EPROTO,
		"talk to %s: no secure connection: %s", where, text);
	/* A server that goes away in the middle of a greeting looks like this too. */
	return code == CURLE_SSL_CONNECT_ERROR ? RETRY_IF_MET : RETRY_NEVER;
}

/* The server broke off for who we are: since TLS 1.3 that comes when the greeting seems over. */
static bool is_turned_away(const char *text)
{
	return strcasestr(text, "alert") &&
	       (strcasestr(text, "certificate") || strcasestr(text, "unknown ca") ||
		       strcasestr(text, "handshake failure") || strcasestr(text, "access denied"));
}

static enum retry_class turned_away(const char *text, const char *where, struct err *err)
{
	err_set(err, ERR_CONFIG, EPROTO,
		"talk to %s: it wants another client certificate (--tls-client-cert), or one at "
		"all: %s",
		where, text);
	return RETRY_NEVER;
}

enum retry_class http_error(
	CURLcode code, long os_error, const char *text, const char *where, struct err *err)
{
	if (is_turned_away(text))
		return turned_away(text, where, err);
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return tell(err, RETRY_IF_MET, EHOSTUNREACH, where, "no such host is known");
	case CURLE_COULDNT_RESOLVE_PROXY:
		return tell(err, RETRY_IF_MET, EHOSTUNREACH, where, "the proxy is not known");
	case CURLE_COULDNT_CONNECT:
		return connect_error(os_error, where, err);
	case CURLE_OPERATION_TIMEDOUT:
		return tell(err, RETRY_HEALS, ETIMEDOUT, where, "no answer in time");
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return tell(err, RETRY_HEALS, ECONNRESET, where, "the connection broke");
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return tls_error(code, text, where, err);
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return tell(err, RETRY_NEVER, EPROTO, where, "it does not speak HTTP");
	case CURLE_OUT_OF_MEMORY:
		err_oom(err);
		return RETRY_NEVER;
	default:
		return tell(err, RETRY_NEVER, EPROTO, where, text);
	}
}

enum retry_class http_status_class(unsigned status)
{
	switch (status) {
	case 408: /* request timeout */
	case 425: /* too early */
	case 429: /* too many requests */
	case 502:
	case 503:
	case 504:
		return RETRY_HEALS;
	case 500:
	case 520 ... 527: /* of a proxy before the server */
		return RETRY_SELDOM;
	default:
		return RETRY_NEVER;
	}
}
