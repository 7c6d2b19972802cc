#include "net/http.h"

#include "../unit.h"
#include "net/http_error.h"

static const struct {
	unsigned status;
	enum retry_class class;
	enum err_kind kind;
	int code;
} statuses[] = {
	{301, RETRY_NEVER, ERR_CONFIG, EPROTO},
	{400, RETRY_NEVER, ERR_NETWORK, EPROTO},
	{401, RETRY_NEVER, ERR_DENIED, EPERM},
	{403, RETRY_NEVER, ERR_DENIED, EPERM},
	{404, RETRY_NEVER, ERR_NOT_FOUND, ENOENT},
	{408, RETRY_HEALS, ERR_NETWORK, EPROTO},
	{413, RETRY_NEVER, ERR_SPACE, EFBIG},
	{416, RETRY_NEVER, ERR_CORRUPT, ENODATA},
	{429, RETRY_HEALS, ERR_NETWORK, EPROTO},
	{500, RETRY_SELDOM, ERR_NETWORK, EPROTO},
	{501, RETRY_NEVER, ERR_NETWORK, EPROTO},
	{502, RETRY_HEALS, ERR_NETWORK, EPROTO},
	{503, RETRY_HEALS, ERR_NETWORK, EPROTO},
	{504, RETRY_HEALS, ERR_NETWORK, EPROTO},
	{507, RETRY_NEVER, ERR_SPACE, ENOSPC},
};

START_TEST(statuses_have_meanings)
{
	struct http_response response = {.status = statuses[_i].status};
	struct err err = ERR_INIT;

	ck_assert_int_eq(http_status_class(statuses[_i].status), statuses[_i].class);
	ck_assert_int_eq(http_refused(&response, "read x", &err), -statuses[_i].code);
	ck_assert_int_eq(err.kind, statuses[_i].kind);
}
END_TEST

static const struct {
	CURLcode curl;
	long os_error;
	enum retry_class class;
	int code;
	const char *words; /* of curl; NULL: any */
} failures[] = {
	{CURLE_COULDNT_CONNECT, ECONNREFUSED, RETRY_IF_MET, ECONNREFUSED, NULL},
	{CURLE_COULDNT_CONNECT, ENETUNREACH, RETRY_IF_MET, ENETUNREACH, NULL},
	{CURLE_COULDNT_RESOLVE_HOST, 0, RETRY_IF_MET, EHOSTUNREACH, NULL},
	{CURLE_OPERATION_TIMEDOUT, 0, RETRY_HEALS, ETIMEDOUT, NULL},
	{CURLE_RECV_ERROR, ECONNRESET, RETRY_HEALS, ECONNRESET, NULL},
	{CURLE_PARTIAL_FILE, 0, RETRY_HEALS, ECONNRESET, NULL},
	{CURLE_PEER_FAILED_VERIFICATION, 0, RETRY_NEVER, EPROTO, NULL},
	{CURLE_SSL_CACERT_BADFILE, 0, RETRY_NEVER, EPROTO, NULL},
	{CURLE_UNSUPPORTED_PROTOCOL, 0, RETRY_NEVER, EPROTO, NULL},
	/* Turned away for our certificate, whenever that comes. */
	{CURLE_RECV_ERROR, 0, RETRY_NEVER, EPROTO,
		"OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate required"},
	{CURLE_SSL_CONNECT_ERROR, 0, RETRY_NEVER, EPROTO,
		"error:0A000410:SSL routines::sslv3 alert handshake failure"},
	{CURLE_RECV_ERROR, 0, RETRY_NEVER, EPROTO, "tlsv1 alert unknown ca"},
	{CURLE_RECV_ERROR, 0, RETRY_HEALS, ECONNRESET, "unexpected eof while reading"},
};

START_TEST(failures_have_meanings)
{
	struct err err = ERR_INIT;

	const char *words = failures[_i].words ? failures[_i].words : "words";

	ck_assert_int_eq(http_error(failures[_i].curl, failures[_i].os_error, words, "host", &err),
		failures[_i].class);
	ck_assert_int_eq(err.code, failures[_i].code);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("http");

	tcase_add_loop_test(tcase, statuses_have_meanings, 0, COUNT(statuses));
	tcase_add_loop_test(tcase, failures_have_meanings, 0, COUNT(failures));
	return unit_main("http", tcase);
}
