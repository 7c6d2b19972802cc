#include "net/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "net/certificates.h"
#include "net/http_error.h"
#include "net/url.h"

#define CONNECTIONS 5
#define SHORT_MAX (64u << 10) /* bytes that a short request moves */
#define CONNECT_US (20 * 1000000ull)
#define IDLE_US (120 * 1000000ull)
#define USER_AGENT "nexus-backup/" NEXUS_VERSION

struct http {
	pthread_mutex_t mutex; /* guards free and free_count */
	pthread_cond_t returned;
	CURL *free[HTTP_CONNECTIONS_MAX + 1]; /* owned: idle connections */
	unsigned free_count;
	struct http_options options; /* its texts are NULL */
	char *user, *password, *ca_file, *ca_dir; /* owned, or NULL */
	struct certificates certificates; /* read from files; ca_file and ca_dir are not then */
	bool met; /* the server has answered; atomic */
};

/* One try of a request. */
struct transfer {
	struct http *http;
	CURL *curl;
	const struct http_request *request;
	struct http_response *response;
	char curl_text[CURL_ERROR_SIZE];
	uint64_t sent; /* bytes of the body */
	uint64_t passed; /* bytes of a 2xx answer that came */
	uint64_t skip; /* bytes to leave out: the server ignored the range */
	bool range_is_wrong;
	struct err err; /* of our own callbacks */
};

static pthread_once_t global = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- The client and its connections --- */

/* Copies a text that may be missing. */
static bool keep(char **to, const char *text)
{
	*to = text && *text ? strdup(text) : NULL;
	return *to || !text || !*text;
}

static const char *environment(const char *first, const char *second)
{
	const char *value = getenv(first);

	return value && *value ? value : second ? getenv(second) : NULL;
}

int http_new(const struct http_options *options, struct http **ret, struct err *err)
{
	cleanup_http struct http *http = calloc(1, sizeof(*http));
	bool own_roots = options->ca_files && *options->ca_files;
	unsigned connections = options->connections ? options->connections : CONNECTIONS;
	int r;

	if (!http)
		return err_oom(err);
	pthread_once(&global, global_init);
	pthread_mutex_init(&http->mutex, NULL);
	pthread_cond_init(&http->returned, NULL);
	http->options = *options;
	http->options.user = http->options.password = NULL;
	http->options.ca_files = http->options.client_file = NULL;
	if (connections > HTTP_CONNECTIONS_MAX)
		connections = HTTP_CONNECTIONS_MAX;
	if (!http->options.connect_us)
		http->options.connect_us = CONNECT_US;
	if (!http->options.idle_us)
		http->options.idle_us = IDLE_US;
	if (!keep(&http->user, options->user) || !keep(&http->password, options->password) ||
		!keep(&http->ca_file,
			own_roots ? NULL : environment("CURL_CA_BUNDLE", "SSL_CERT_FILE")) ||
		!keep(&http->ca_dir, own_roots ? NULL : environment("SSL_CERT_DIR", NULL)))
		return err_oom(err);
	r = certificates_read(options->ca_files, options->client_file, &http->certificates, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < connections + 1; i++) {
		http->free[i] = curl_easy_init();
		if (!http->free[i])
			return err_oom(err);
		http->free_count++;
	}
	*ret = TAKE(http);
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (unsigned i = 0; i < http->free_count; i++)
		curl_easy_cleanup(http->free[i]);
	if (http->password)
		explicit_bzero(http->password, strlen(http->password));
	free(http->user);
	free(http->password);
	free(http->ca_file);
	free(http->ca_dir);
	certificates_done(&http->certificates);
	pthread_cond_destroy(&http->returned);
	pthread_mutex_destroy(&http->mutex);
	free(http);
}

/* A lock that is to be refreshed must not wait for packs that go up slowly. */
static bool is_short(const struct http_request *request)
{
	return !request->sink && request->body_size <= SHORT_MAX &&
	       request->range_size <= SHORT_MAX;
}

static CURL *take_connection(struct http *http, const struct http_request *request)
{
	unsigned kept = is_short(request) ? 0 : 1;
	CURL *curl;

	pthread_mutex_lock(&http->mutex);
	while (http->free_count <= kept)
		pthread_cond_wait(&http->returned, &http->mutex);
	curl = http->free[--http->free_count];
	pthread_mutex_unlock(&http->mutex);
	return curl;
}

static void give_connection(struct http *http, CURL *curl)
{
	curl_easy_reset(curl); /* the connection itself stays open */
	pthread_mutex_lock(&http->mutex);
	http->free[http->free_count++] = curl;
	pthread_cond_broadcast(&http->returned); /* not everyone may take the last one */
	pthread_mutex_unlock(&http->mutex);
}

/* --- What curl calls --- */

static size_t on_body(char *to, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	uint64_t left = request->body_size - transfer->sent;

	size = rate_piece(transfer->http->options.up, size * one);
	if (size > left)
		size = (size_t)left;
	if (!size)
		return 0;
	if (request->body(request->context, transfer->sent, to, size, &transfer->err) < 0)
		return CURL_READFUNC_ABORT;
	rate_pass(transfer->http->options.up, size);
	transfer->sent += size;
	return size;
}

/* curl starts a body anew when a kept connection turns out to be dead. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct transfer *transfer = context;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The value of a header if the line is that one, with its end cut; else NULL. */
static char *header_value(char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return str_strip(line + n + 1);
}

static void read_range(struct transfer *transfer, const char *value)
{
	const char *at = str_after(value, "bytes ");
	uint64_t offset = at ? strtoull(at, NULL, 10) : UINT64_MAX;

	transfer->range_is_wrong = offset != transfer->request->range_offset;
}

static size_t on_header(char *data, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	struct http_response *response = transfer->response;
	char line[512], *value;

	size *= one;
	if (size >= sizeof(line))
		return size;
	memcpy(line, data, size);
	line[size] = '\0';
	if (str_after(line, "HTTP/")) { /* an answer begins; 100 Continue is one too */
		response->asked_us = 0;
		response->date_s = 0;
		response->type[0] = response->region[0] = '\0';
	} else if ((value = header_value(line, "content-type"))) {
		snprintf(response->type, sizeof(response->type), "%s", value);
	} else if ((value = header_value(line, "content-range"))) {
		read_range(transfer, value);
	} else if ((value = header_value(line, "date"))) {
		response->date_s = (int64_t)curl_getdate(value, NULL);
	} else if ((value = header_value(line, "x-amz-bucket-region"))) {
		snprintf(response->region, sizeof(response->region), "%s", value);
	} else if ((value = header_value(line, "retry-after"))) {
		struct err err = ERR_INIT;
		uint64_t seconds;

		if (parse_u64(value, 0, 86400, &seconds, &err) >= 0)
			response->asked_us = seconds * 1000000;
	}
	return size;
}

/* Bytes of the range asked for; a server that sends all of it has its head left out. */
static int take_range(struct transfer *transfer, const char *data, size_t size)
{
	const struct http_request *request = transfer->request;
	struct http_response *response = transfer->response;
	size_t skipped = transfer->skip < size ? (size_t)transfer->skip : size, room;

	transfer->skip -= skipped;
	room = request->range_size - response->range_got;
	size -= skipped;
	if (size > room)
		size = room;
	if (size)
		memcpy((char *)request->range_data + response->range_got, data + skipped, size);
	response->range_got += size;
	return 0;
}

static int take_body(struct transfer *transfer, const char *data, size_t size, bool success)
{
	struct buf *body = &transfer->response->body;

	if (success && transfer->request->range_data)
		return take_range(transfer, data, size);
	if (success && transfer->request->sink)
		return transfer->request->sink(
			transfer->request->sink_context, false, data, size, &transfer->err);
	if (!success) /* the words of a refusal: as much as there is room for */
		size = size > body->max - body->size ? body->max - body->size : size;
	return buf_add(body, data, size, &transfer->err);
}

static size_t on_answer(char *data, size_t one, size_t size, void *context)
{
	struct transfer *transfer = context;
	bool success;
	long status = 0;

	size *= one;
	(void)curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	success = status >= 200 && status < 300;
	if (success && !transfer->passed && transfer->request->range_data && status != 206)
		transfer->skip = transfer->request->range_offset;
	if (take_body(transfer, data, size, success) < 0)
		return size ? 0 : 1;
	if (success)
		transfer->passed += size;
	for (size_t left = size, piece; left; left -= piece) {
		piece = rate_piece(transfer->http->options.down, left);
		rate_pass(transfer->http->options.down, piece);
	}
	return size;
}

/* Called often, also while nothing moves. */
static int on_progress(
	void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct transfer *transfer = context;
	const struct http_request *request = transfer->request;
	const volatile bool *cut = transfer->http->options.cut;

	(void)down_all, (void)down, (void)up_all, (void)up;
	if (!cut || !*cut || !(request->body || request->range_data || request->sink))
		return 0;
	if (!transfer->err.code)
		err_set(&transfer->err, ERR_SYSTEM, ECANCELED, "talk to server: cut off");
	return 1;
}

/* --- One request --- */

static void set_certificates(CURL *curl, const struct http *http)
{
	struct curl_blob blob = {.flags = CURL_BLOB_NOCOPY};

	if (http->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca_file);
	if (http->ca_dir)
		curl_easy_setopt(curl, CURLOPT_CAPATH, http->ca_dir);
	if (http->certificates.roots) {
		blob.data = http->certificates.roots;
		blob.len = strlen(http->certificates.roots);
		curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)NULL); /* these alone */
		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (http->certificates.client) {
		blob.data = http->certificates.client;
		blob.len = strlen(http->certificates.client);
		curl_easy_setopt(curl, CURLOPT_SSLCERT_BLOB, &blob);
		curl_easy_setopt(curl, CURLOPT_SSLKEY_BLOB, &blob);
		curl_easy_setopt(curl, CURLOPT_KEYPASSWD, ""); /* nobody is asked for one */
	}
}

static void set_limits(CURL *curl, const struct http *http)
{
	const struct http_options *options = &http->options;

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, USER_AGENT);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)(options->connect_us / 1000));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(
		curl, CURLOPT_LOW_SPEED_TIME, (long)((options->idle_us + 999999) / 1000000));
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(options->total_us / 1000));
	curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 2L);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	set_certificates(curl, http);
	if (http->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, http->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, http->password ? http->password : "");
	}
}

static void set_request(struct transfer *transfer)
{
	const struct http_request *request = transfer->request;
	CURL *curl = transfer->curl;
	char range[64];

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->curl_text);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	if (request->body || strcmp(request->method, "PUT") == 0 ||
		strcmp(request->method, "POST") == 0) {
		curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->body_size);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(curl, CURLOPT_SEEKDATA, transfer);
	}
	if (strcmp(request->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->range_data) {
		snprintf(range, sizeof(range), "%llu-%llu",
			(unsigned long long)request->range_offset,
			(unsigned long long)(request->range_offset + request->range_size - 1));
		curl_easy_setopt(curl, CURLOPT_RANGE, range);
	}
}

static int make_headers(
	const struct http_request *request, struct curl_slist **ret, struct err *err)
{
	cleanup_str_list struct str_list added = {0};
	struct curl_slist *list = NULL, *longer;
	int r = request->prepare ? request->prepare(request->context, &added, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; request->headers && request->headers[i]; i++) {
		r = str_list_add(&added, request->headers[i], err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < added.count; i++) {
		longer = curl_slist_append(list, added.items[i]);
		if (!longer) {
			curl_slist_free_all(list);
			return err_oom(err);
		}
		list = longer;
	}
	*ret = list;
	return 0;
}

/* Readies the response for a new try. */
static void begin_answer(const struct http_request *request, struct http_response *response)
{
	size_t max = request->body_max > HTTP_ERROR_MAX ? request->body_max : HTTP_ERROR_MAX;

	http_response_done(response);
	response->body = BUF_INIT(max);
	response->length = UINT64_MAX;
}

static void end_answer(struct transfer *transfer)
{
	struct http_response *response = transfer->response;
	curl_off_t length = -1;
	long status = 0;

	(void)curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	response->status = (unsigned)status;
	response->length = length < 0 ? UINT64_MAX : (uint64_t)length;
	if (status)
		__atomic_store_n(&transfer->http->met, true, __ATOMIC_RELAXED);
}

/* Where a request goes, for people: no path, no login. */
static void format_where(const char *url, char ret[static 300])
{
	const char *host = strstr(url, "://");

	host = host ? host + 3 : url;
	snprintf(ret, 300, "%.*s", (int)(strcspn(host, "/?") > 280 ? 280 : strcspn(host, "/?")),
		host);
}

/* A server that turns a certificate away may break off before it can be heard to say so. */
static int suspect_certificate(const struct http *http, struct err *err)
{
	if (http->certificates.client && err->code == ECONNRESET &&
		!__atomic_load_n(&http->met, __ATOMIC_RELAXED))
		return err_wrap(err, "with --tls-client-cert, which the server may not accept");
	return -err->code;
}

/* Returns what a failure is worth in *ret_class. */
static int try_once(struct transfer *transfer, enum retry_class *ret_class, struct err *err)
{
	struct curl_slist *headers = NULL;
	char where[300];
	long os_error = 0;
	CURLcode code;
	int r;

	*ret_class = RETRY_NEVER;
	transfer->sent = transfer->passed = transfer->skip = 0;
	transfer->range_is_wrong = false;
	transfer->curl_text[0] = '\0';
	begin_answer(transfer->request, transfer->response);
	r = make_headers(transfer->request, &headers, err);
	if (r >= 0 && transfer->request->sink)
		r = transfer->request->sink(transfer->request->sink_context, true, NULL, 0, err);
	if (r < 0) {
		curl_slist_free_all(headers);
		return r;
	}
	set_limits(transfer->curl, transfer->http);
	set_request(transfer);
	if (headers)
		curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(transfer->curl);
	(void)curl_easy_getinfo(transfer->curl, CURLINFO_OS_ERRNO, &os_error);
	end_answer(transfer);
	curl_slist_free_all(headers);
	if (transfer->err.code) {
		*err = transfer->err;
		return -err->code;
	}
	format_where(transfer->request->url, where);
	if (code != CURLE_OK) {
		*ret_class = http_error(code, os_error,
			*transfer->curl_text ? transfer->curl_text : curl_easy_strerror(code),
			where, err);
		return suspect_certificate(transfer->http, err);
	}
	if (transfer->range_is_wrong && transfer->response->status == 206)
		return err_set(err, ERR_NETWORK, EPROTO,
			"talk to %s: it sends another range than the one asked for", where);
	*ret_class = http_status_class(transfer->response->status);
	return 0;
}

int http_perform(struct http *http, const struct http_request *request, struct http_response *ret,
	struct err *err)
{
	struct transfer transfer = {.http = http, .request = request, .response = ret};
	enum retry_class class;
	struct retry retry;
	uint64_t wait_us;
	int r;

	*ret = (struct http_response){0};
	retry_start(&retry, &http->options.retry, &clock_system);
	for (;;) {
		transfer.curl = take_connection(http, request);
		r = try_once(&transfer, &class, err);
		give_connection(http, transfer.curl);
		if (r >= 0 && class == RETRY_NEVER)
			return r;
		if (!retry_next(&retry, class, __atomic_load_n(&http->met, __ATOMIC_RELAXED),
			    ret->asked_us, &wait_us))
			break;
		if (!retry_wait(wait_us, http->options.stop))
			return err_set(err, ERR_SYSTEM, ECANCELED, "wait for server: stopped");
	}
	if (r < 0 && retry.tries > 1)
		return err_wrap(err, "given up after %u tries", retry.tries);
	return r;
}

void http_response_done(struct http_response *response)
{
	buf_done(&response->body);
	*response = (struct http_response){0};
}

int http_refused(const struct http_response *response, const char *doing, struct err *err)
{
	unsigned status = response->status;

	switch (status) {
	case 401:
		return err_set(err, ERR_DENIED, EPERM,
			"%s: the server wants another user or login (401)", doing);
	case 403:
		return err_set(err, ERR_DENIED, EPERM, "%s: the server forbids it (403)", doing);
	case 404:
		return err_set(err, ERR_NOT_FOUND, ENOENT, "%s: it is not there (404)", doing);
	case 416:
		return err_set(err, ERR_CORRUPT, ENODATA, "%s: ends too early (416)", doing);
	case 413:
		return err_set(err, ERR_SPACE, EFBIG, "%s: too large for the server (413)", doing);
	case 507:
		return err_set(err, ERR_SPACE, ENOSPC, "%s: the server is full (507)", doing);
	case 301:
	case 302:
	case 307:
	case 308:
		return err_set(err, ERR_CONFIG, EPROTO,
			"%s: the server is somewhere else (%u); use its final address", doing,
			status);
	default:
		return err_set(
			err, ERR_NETWORK, EPROTO, "%s: the server answers %u", doing, status);
	}
}
