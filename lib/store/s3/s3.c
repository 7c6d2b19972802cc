#include "store/s3/s3.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "net/url.h"
#include "store/names.h"
#include "store/s3/answer.h"
#include "store/s3/refusal.h"
#include "store/s3/sign.h"
#include "store/spool.h"

#define REGION_DEFAULT "us-east-1"
#define WHAT_SIZE (STORE_PATH_SIZE + 16)
#define PIECE_SIZE 65536u

struct s3_store {
	struct store store;
	struct http *http; /* owned */
	struct s3_place place;
	char region[S3_REGION_SIZE];
	char *key_id, *secret, *token; /* owned; token may be NULL */
	/* Until a request succeeded, one is made at a time and may change region and place. */
	pthread_mutex_t mutex;
	atomic_bool settled;
};

/* One request. */
struct call {
	struct s3_store *s3;
	const char *method;
	char *path; /* owned, encoded */
	const char *query; /* "" for none */
	char payload_hash[SIGN_HASH_SIZE];
	struct spool *spool; /* the body, or NULL */
	const char *text; /* the body, if it is this, or NULL */
	void *range_data;
	uint64_t range_offset;
	size_t range_size;
};

static struct s3_store *s3_of(struct store *store)
{
	return (struct s3_store *)store;
}

/* --- Requests --- */

static int add_header(struct str_list *list, const char *name, const char *value, struct err *err)
{
	cleanup_free char *line = str_printf("%s: %s", name, value);

	return line ? str_list_add(list, line, err) : err_oom(err);
}

/* Signs a try with the time it is made at. */
static int sign_try(void *context, struct str_list *headers, struct err *err)
{
	const struct call *call = context;
	const struct s3_store *s3 = call->s3;
	cleanup_free char *authorization = NULL;
	char time[SIGN_TIME_SIZE];
	struct sign_header signed_headers[] = {
		{"host", s3->place.host},
		{"x-amz-content-sha256", call->payload_hash},
		{"x-amz-date", time},
		{"x-amz-security-token", s3->token},
	};
	struct sign_request request = {
		.method = call->method,
		.path = call->path,
		.query = call->query,
		.headers = signed_headers,
		.header_count = s3->token ? 4 : 3,
		.payload_hash = call->payload_hash,
		.time = time,
		.region = s3->region,
		.service = "s3",
		.key_id = s3->key_id,
		.secret = s3->secret,
	};
	int r;

	sign_format_time(clock_realtime_us(&clock_system), time);
	r = sign_make(&request, &authorization, err);
	for (size_t i = 1; r >= 0 && i < request.header_count; i++)
		r = add_header(headers, signed_headers[i].name, signed_headers[i].value, err);
	return r < 0 ? r : add_header(headers, "Authorization", authorization, err);
}

static int call_body(void *context, uint64_t offset, void *ret, size_t size, struct err *err)
{
	const struct call *call = context;

	if (!call->text)
		return spool_read(call->spool, offset, ret, size, err);
	memcpy(ret, call->text + offset, size);
	return 0;
}

static bool succeeded(const struct http_response *response)
{
	return response->status >= 200 && response->status < 300;
}

/* The path of the bucket, or of an object in it when path is given. */
static int make_path(const struct s3_store *s3, const char *path, char **ret, struct err *err)
{
	const struct s3_place *place = &s3->place;

	*ret = str_printf("%s%s%s%s%s%s", "/", place->in_host ? "" : place->bucket,
		place->in_host || !path ? "" : "/", path ? place->prefix : "",
		path && *place->prefix ? "/" : "", path ? path : "");
	return *ret ? 0 : err_oom(err);
}

/* One try with the region and place as they are. */
static int perform_there(struct call *call, struct http_response *ret_response, struct err *err)
{
	struct http_request request = {
		.method = call->method,
		.prepare = sign_try,
		.body = call->spool || call->text ? call_body : NULL,
		.body_size = call->text    ? strlen(call->text)
			     : call->spool ? call->spool->size
					   : 0,
		.context = call,
		.range_data = call->range_data,
		.range_offset = call->range_offset,
		.range_size = call->range_size,
		.body_max = ANSWER_MAX,
	};
	cleanup_free char *url = str_printf("%s%s%s%s", call->s3->place.endpoint, call->path,
		*call->query ? "?" : "", call->query);

	if (!url)
		return err_oom(err);
	request.url = url;
	return http_perform(call->s3->http, &request, ret_response, err);
}

/* The first requests: the answer may say that the bucket is in another region, once. */
static int perform_first(struct call *call, struct http_response *ret_response, struct err *err)
{
	struct s3_store *s3 = call->s3;
	char region[S3_REGION_SIZE];
	int r = perform_there(call, ret_response, err);

	if (r >= 0 && refusal_region(ret_response, s3->region, region)) {
		http_response_done(ret_response);
		*ret_response = (struct http_response){0};
		memcpy(s3->region, region, sizeof(region));
		r = s3_place_move(&s3->place, region, err);
		if (r >= 0)
			r = perform_there(call, ret_response, err);
	}
	if (r >= 0 && (succeeded(ret_response) || ret_response->status == 404))
		atomic_store(&s3->settled, true);
	return r;
}

/* ret_response is to be released. */
static int perform(struct call *call, struct http_response *ret_response, struct err *err)
{
	struct s3_store *s3 = call->s3;
	int r;

	*ret_response = (struct http_response){0};
	if (!call->payload_hash[0])
		memcpy(call->payload_hash, SIGN_EMPTY_HASH, sizeof(call->payload_hash));
	if (atomic_load(&s3->settled))
		return perform_there(call, ret_response, err);
	pthread_mutex_lock(&s3->mutex);
	r = perform_first(call, ret_response, err);
	pthread_mutex_unlock(&s3->mutex);
	return r;
}

static int refused(const struct s3_store *s3, const struct http_response *response,
	const char *doing, struct err *err)
{
	return refusal_explain(&s3->place, s3->region, response, doing, err);
}

/* --- Objects --- */

/* The call about an object; its path is to be freed. */
static int begin_call(struct call *call, struct s3_store *s3, const char *method,
	enum store_type type, const char *name, char ret_doing[static WHAT_SIZE], struct err *err)
{
	char path[STORE_PATH_SIZE];

	store_format_path(type, name, path);
	*call = (struct call){.s3 = s3, .method = method, .query = ""};
	snprintf(ret_doing, WHAT_SIZE, "%s %s",
		strcmp(method, "PUT") == 0      ? "save"
		: strcmp(method, "DELETE") == 0 ? "remove"
		: strcmp(method, "HEAD") == 0   ? "look at"
						: "read",
		path);
	return make_path(s3, path, &call->path, err);
}

/* The hash under which a body is signed: the name of an object is just that. */
static int hash_payload(
	struct spool *spool, const char *name, char ret[static SIGN_HASH_SIZE], struct err *err)
{
	cleanup_free uint8_t *piece = NULL;
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	size_t size;
	int r;

	if (spool->upload.type != STORE_CONFIG) {
		snprintf(ret, SIGN_HASH_SIZE, "%s", name);
		return 0;
	}
	piece = malloc(PIECE_SIZE);
	if (!piece)
		return err_oom(err);
	r = hash_new(&hash, err);
	for (uint64_t at = 0; r >= 0 && at < spool->size; at += size) {
		size = spool->size - at < PIECE_SIZE ? (size_t)(spool->size - at) : PIECE_SIZE;
		r = spool_read(spool, at, piece, size, err);
		if (r >= 0)
			r = hash_add(hash, piece, size, err);
	}
	if (r >= 0)
		r = hash_end(hash, digest, err);
	if (r >= 0)
		hex_format(digest, sizeof(digest), ret);
	return r;
}

static int s3_commit(struct store_upload *upload, const char *name, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_store_upload struct store_upload *owned = upload;
	struct s3_store *s3 = s3_of(owned->store);
	char doing[WHAT_SIZE];
	struct call call;
	int r = begin_call(&call, s3, "PUT", upload->type, name, doing, err);
	cleanup_free char *path = call.path;

	call.spool = (struct spool *)upload;
	if (r >= 0)
		r = hash_payload(call.spool, name, call.payload_hash, err);
	if (r >= 0)
		r = perform(&call, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	return succeeded(&response) ? 0 : refused(s3, &response, doing, err);
}

static int s3_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct s3_store *s3 = s3_of(store);
	char doing[WHAT_SIZE];
	struct call call;
	int r;

	if (!size)
		return 0;
	r = begin_call(&call, s3, "GET", type, name, doing, err);
	cleanup_free char *path = call.path;
	call.range_data = ret;
	call.range_offset = offset;
	call.range_size = size;
	if (r >= 0)
		r = perform(&call, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	if (response.status == 416)
		return http_refused(&response, doing, err);
	if (!succeeded(&response))
		return refused(s3, &response, doing, err);
	if (response.range_got < size)
		return err_set(err, ERR_CORRUPT, ENODATA, "%s: ends too early", doing);
	return 0;
}

/* The answer to HEAD has no words: asks for one byte to hear them. */
static int explain(struct store *store, enum store_type type, const char *name, struct err *err)
{
	uint8_t byte;
	int r = s3_read(store, type, name, 0, &byte, 1, err);

	if (r < 0 && r != -ENODATA)
		return r;
	return err_set(err, ERR_NETWORK, EPROTO, "look at object: GET is allowed and HEAD is not");
}

static int s3_size(struct store *store, enum store_type type, const char *name, uint64_t *ret_bytes,
	struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct s3_store *s3 = s3_of(store);
	char doing[WHAT_SIZE];
	struct call call;
	int r = begin_call(&call, s3, "HEAD", type, name, doing, err);
	cleanup_free char *path = call.path;

	if (r >= 0)
		r = perform(&call, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	/* Without the bucket there is no config either: say which it is. */
	if (!succeeded(&response))
		return response.status == 404 && type != STORE_CONFIG
			       ? http_refused(&response, doing, err)
			       : explain(store, type, name, err);
	if (response.length == UINT64_MAX)
		return err_set(err, ERR_NETWORK, EPROTO, "%s: the server tells no length", doing);
	*ret_bytes = response.length;
	return 0;
}

static int s3_remove(struct store *store, enum store_type type, const char *name, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct s3_store *s3 = s3_of(store);
	char doing[WHAT_SIZE];
	struct call call;
	int r = begin_call(&call, s3, "DELETE", type, name, doing, err);
	cleanup_free char *path = call.path;

	if (r >= 0)
		r = perform(&call, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	return succeeded(&response) ? 0 : refused(s3, &response, doing, err);
}

/* --- Listing --- */

/* The name is what stands behind the last slash. */
static int add_key(const char *key, uint64_t size_bytes, void *context, struct err *err)
{
	const char *slash = strrchr(key, '/');

	return store_names_add(context, slash ? slash + 1 : key, size_bytes, err);
}

/* Sorted by name, as the signature wants it. */
static char *format_query(const struct s3_store *s3, enum store_type type, const char *token)
{
	cleanup_free char *prefix = NULL, *start = NULL,
			  *next = token ? url_encode(token, false) : NULL;

	if (token && !next)
		return NULL;
	/* The prefix in the place is encoded but for its slashes. */
	if (url_decode(s3->place.prefix, strlen(s3->place.prefix), &start, &(struct err){0}) < 0)
		return NULL;
	prefix = str_printf("%s%s%s/", start, *start ? "/" : "", store_type_name(type));
	if (!prefix)
		return NULL;
	free(start);
	start = url_encode(prefix, false);
	if (!start)
		return NULL;
	return str_printf("%s%s%slist-type=2&prefix=%s", next ? "continuation-token=" : "",
		next ? next : "", next ? "&" : "", start);
}

static int fetch_page(struct s3_store *s3, enum store_type type, struct answer_page *page,
	struct store_names *names, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_free char *path = NULL, *query = format_query(s3, type, page->next);
	struct call call = {.s3 = s3, .method = "GET", .query = query};
	char doing[WHAT_SIZE];
	int r;

	free(page->next);
	page->next = NULL;
	if (!query)
		return err_oom(err);
	snprintf(doing, sizeof(doing), "list %s", store_type_name(type));
	r = make_path(s3, NULL, &path, err);
	call.path = path;
	if (r >= 0)
		r = perform(&call, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	if (!succeeded(&response))
		return refused(s3, &response, doing, err);
	return answer_page_parse(response.body.data, response.body.size, add_key, names, page, err);
}

static int s3_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	cleanup_store_names struct store_names names = STORE_NAMES_INIT;
	struct answer_page page = {0};
	size_t before;
	int r;

	do {
		before = names.buf.size;
		r = fetch_page(s3_of(store), type, &page, &names, err);
		/* Without this a server could keep us here for ever. */
		if (r >= 0 && page.next && names.buf.size == before)
			r = err_set(err, ERR_CORRUPT, EBADMSG, "list %s: a page without objects",
				store_type_name(type));
	} while (r >= 0 && page.next);
	free(page.next);
	return r < 0 ? r : store_names_visit(&names, fn, context, err);
}

/* --- The bucket, opening, closing --- */

/* Where a new bucket is to be; us-east-1 must not be named. */
static int describe_bucket(struct call *call, char **ret_text, struct err *err)
{
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	int r;

	if (strcmp(call->s3->region, REGION_DEFAULT) == 0)
		return 0;
	*ret_text = str_printf("<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/"
			       "2006-03-01/\"><LocationConstraint>%s</LocationConstraint>"
			       "</CreateBucketConfiguration>",
		call->s3->region);
	if (!*ret_text)
		return err_oom(err);
	call->text = *ret_text;
	r = hash_new(&hash, err);
	if (r >= 0)
		r = hash_once(hash, call->text, strlen(call->text), digest, err);
	if (r >= 0)
		hex_format(digest, sizeof(digest), call->payload_hash);
	return r;
}

static int make_bucket(struct s3_store *s3, struct err *err)
{
	cleanup_http_response struct http_response look = {0}, made = {0};
	cleanup_free char *path = NULL, *text = NULL;
	struct call call = {.s3 = s3, .method = "GET", .query = "list-type=2&max-keys=1"};
	int r = make_path(s3, NULL, &path, err);

	call.path = path;
	if (r >= 0)
		r = perform(&call, &look, err);
	/* 403: a key that may only use the bucket. The first object will tell. */
	if (r < 0 || look.status != 404)
		return r;
	call = (struct call){.s3 = s3, .method = "PUT", .query = "", .path = path};
	r = describe_bucket(&call, &text, err);
	if (r >= 0)
		r = perform(&call, &made, err);
	if (r < 0 || succeeded(&made))
		return r;
	return refused(s3, &made, "make bucket", err);
}

static int s3_create(struct store *store, struct err *err)
{
	(void)store;
	(void)err;
	return 0; /* there are no folders in a bucket */
}

static void s3_close(struct store *store)
{
	struct s3_store *s3 = s3_of(store);

	if (s3->secret)
		explicit_bzero(s3->secret, strlen(s3->secret));
	http_free(s3->http);
	s3_place_done(&s3->place);
	pthread_mutex_destroy(&s3->mutex);
	free(s3->key_id);
	free(s3->secret);
	free(s3->token);
	free(s3);
}

static const struct store_ops s3_ops = {
	.create = s3_create,
	.begin = spool_begin,
	.append = spool_append,
	.commit = s3_commit,
	.abort = spool_abort,
	.read = s3_read,
	.size = s3_size,
	.list = s3_list,
	.remove = s3_remove,
	.close = s3_close,
};

static int fill(struct s3_store *s3, const struct s3_options *options, struct err *err)
{
	const char *region = options->region;
	int r = s3_place_parse(options->place, options->lookup, &s3->place, err);

	if (r < 0)
		return r;
	if (!region || !*region)
		region = s3->place.region ? s3->place.region : REGION_DEFAULT;
	if (snprintf(s3->region, sizeof(s3->region), "%s", region) >= (int)sizeof(s3->region))
		return err_set(err, ERR_CONFIG, EINVAL, "read region: '%s' is too long", region);
	s3->key_id = strdup(options->key_id);
	s3->secret = strdup(options->secret);
	s3->token = options->token && *options->token ? strdup(options->token) : NULL;
	if (!s3->key_id || !s3->secret || (options->token && *options->token && !s3->token))
		return err_oom(err);
	/* AWS's host without a region is us-east-1's. */
	if (!s3->place.region && strcmp(region, REGION_DEFAULT) != 0)
		r = s3_place_move(&s3->place, region, err);
	if (r >= 0)
		r = http_new(&options->http, &s3->http, err);
	return r < 0 || !options->create ? r : make_bucket(s3, err);
}

int s3_store_open(const struct s3_options *options, struct store **ret, struct err *err)
{
	struct s3_store *s3;
	int r;

	if (!options->key_id || !*options->key_id || !options->secret || !*options->secret)
		return err_set(err, ERR_CONFIG, EINVAL,
			"open repository: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the "
			"key of the bucket");
	s3 = calloc(1, sizeof(*s3));
	if (!s3)
		return err_oom(err);
	s3->store.ops = &s3_ops;
	pthread_mutex_init(&s3->mutex, NULL);
	r = fill(s3, options, err);
	if (r < 0) {
		s3_close(&s3->store);
		return r;
	}
	*ret = &s3->store;
	return 0;
}
