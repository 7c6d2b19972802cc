#include "store/rest/rest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/url.h"
#include "store/names.h"
#include "store/rest/listing.h"
#include "store/spool.h"

#define CREATE_QUERY "?create=true"
#define WHAT_SIZE 100

struct rest_store {
	struct store store;
	struct http *http; /* owned */
	char *base; /* owned: ends with '/' and has no login */
};

static struct rest_store *rest_of(struct store *store)
{
	return (struct rest_store *)store;
}

/* "data/0123...": no level of first digits here. */
static void format_name(enum store_type type, const char *name, char ret[static WHAT_SIZE])
{
	if (type == STORE_CONFIG)
		snprintf(ret, WHAT_SIZE, "config");
	else
		snprintf(ret, WHAT_SIZE, "%s/%s", store_type_name(type), name);
}

/* One request about path below the repository. ret_response is to be released. */
static int ask(struct rest_store *rest, const char *path, struct http_request *request,
	struct http_response *ret_response, struct err *err)
{
	cleanup_free char *url = str_printf("%s%s", rest->base, path);

	*ret_response = (struct http_response){0};
	if (!url)
		return err_oom(err);
	request->url = url;
	return http_perform(rest->http, request, ret_response, err);
}

static bool succeeded(const struct http_response *response)
{
	return response->status >= 200 && response->status < 300;
}

static int rest_create(struct store *store, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = {.method = "POST"};
	int r = ask(rest_of(store), CREATE_QUERY, &request, &response, err);

	if (r < 0 || succeeded(&response))
		return r;
	return http_refused(&response, "make repository on the server", err);
}

static int rest_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = {.method = "HEAD"};
	char path[WHAT_SIZE], doing[WHAT_SIZE + 16];
	int r;

	format_name(type, name, path);
	snprintf(doing, sizeof(doing), "look at %s", path);
	r = ask(rest_of(store), path, &request, &response, err);
	if (r < 0)
		return r;
	if (!succeeded(&response))
		return http_refused(&response, doing, err);
	if (response.length == UINT64_MAX)
		return err_set(err, ERR_NETWORK, EPROTO, "%s: the server tells no length", doing);
	*ret_bytes = response.length;
	return 0;
}

/* A server that has the object refuses it a second time. When it is whole there, then an earlier
 * try arrived whose answer was lost. */
static bool arrived_before(struct spool *spool, const char *name)
{
	struct err err = ERR_INIT;
	uint64_t bytes = 0;

	return rest_size(spool->upload.store, spool->upload.type, name, &bytes, &err) >= 0 &&
	       bytes == spool->size;
}

static int rest_commit(struct store_upload *upload, const char *name, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	cleanup_store_upload struct store_upload *owned = upload;
	struct spool *spool = (struct spool *)upload;
	struct http_request request = {
		.method = "POST",
		.headers = (const char *const[]){"Content-Type: application/octet-stream", NULL},
		.body = spool_read,
		.body_size = spool->size,
		.context = spool,
	};
	char path[WHAT_SIZE], doing[WHAT_SIZE + 16];
	int r;

	format_name(upload->type, name, path);
	snprintf(doing, sizeof(doing), "save %s", path);
	r = ask(rest_of(owned->store), path, &request, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	if (succeeded(&response) ||
		((response.status == 403 || response.status == 409) && arrived_before(spool, name)))
		return 0;
	return http_refused(&response, doing, err);
}

static int rest_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = {
		.method = "GET", .range_data = ret, .range_offset = offset, .range_size = size};
	char path[WHAT_SIZE], doing[WHAT_SIZE + 16];
	int r;

	if (!size)
		return 0;
	format_name(type, name, path);
	snprintf(doing, sizeof(doing), "read %s", path);
	r = ask(rest_of(store), path, &request, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	if (!succeeded(&response))
		return http_refused(&response, doing, err);
	if (response.range_got < size)
		return err_set(err, ERR_CORRUPT, ENODATA, "%s: ends too early", doing);
	return 0;
}

struct listed {
	struct store_names names;
	struct listing listing;
};

static int add_name(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	return store_names_add(context, name, size_bytes, err);
}

static int on_listing(void *context, bool restart, const void *data, size_t size, struct err *err)
{
	struct listed *listed = context;

	if (restart) {
		buf_clear(&listed->names.buf);
		listing_init(&listed->listing, add_name, &listed->names);
	}
	return listing_feed(&listed->listing, data, size, err);
}

static int fetch_list(
	struct rest_store *rest, enum store_type type, struct listed *listed, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = {
		.method = "GET",
		.headers = (const char *const[]){"Accept: application/vnd.x.restic.rest.v2", NULL},
		.sink = on_listing,
		.sink_context = listed,
	};
	char path[32], doing[48];
	int r;

	snprintf(path, sizeof(path), "%s/", store_type_name(type));
	snprintf(doing, sizeof(doing), "list %s", store_type_name(type));
	r = ask(rest, path, &request, &response, err);
	if (r < 0)
		return err_wrap(err, "%s", doing);
	if (response.status == 404) /* nothing is there yet */
		return 0;
	if (!succeeded(&response))
		return http_refused(&response, doing, err);
	r = listing_end(&listed->listing, err);
	if (r < 0 && !strstr(response.type, "restic.rest.v2"))
		return err_set(err, ERR_NETWORK, EPROTO,
			"%s: the server does not speak version 2 of restic's protocol", doing);
	return r < 0 ? err_wrap(err, "%s", doing) : 0;
}

static int rest_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	cleanup_free struct listed *listed = calloc(1, sizeof(*listed));
	int r;

	if (!listed)
		return err_oom(err);
	listed->names = STORE_NAMES_INIT;
	r = fetch_list(rest_of(store), type, listed, err);
	if (r >= 0)
		r = store_names_visit(&listed->names, fn, context, err);
	store_names_done(&listed->names);
	return r;
}

static int rest_remove(struct store *store, enum store_type type, const char *name, struct err *err)
{
	cleanup_http_response struct http_response response = {0};
	struct http_request request = {.method = "DELETE"};
	char path[WHAT_SIZE], doing[WHAT_SIZE + 16];
	int r;

	format_name(type, name, path);
	snprintf(doing, sizeof(doing), "remove %s", path);
	r = ask(rest_of(store), path, &request, &response, err);
	if (r < 0 || succeeded(&response))
		return r;
	if (response.status == 403 || response.status == 405)
		return err_set(err, ERR_DENIED, EPERM,
			"%s: the server lets nothing be deleted (it is append-only)", doing);
	return http_refused(&response, doing, err);
}

static void rest_close(struct store *store)
{
	struct rest_store *rest = rest_of(store);

	http_free(rest->http);
	free(rest->base);
	free(rest);
}

static const struct store_ops rest_ops = {
	.create = rest_create,
	.begin = spool_begin,
	.append = spool_append,
	.commit = rest_commit,
	.abort = spool_abort,
	.read = rest_read,
	.size = rest_size,
	.list = rest_list,
	.remove = rest_remove,
	.close = rest_close,
};

int rest_store_open(const struct rest_options *options, struct store **ret, struct err *err)
{
	struct http_options http_options = options->http;
	cleanup_url struct url url = {0};
	cleanup_free char *origin = NULL;
	struct rest_store *rest;
	int r = url_parse(options->url, &url, err);

	if (r < 0)
		return r;
	if (strcmp(url.scheme, "http") != 0 && strcmp(url.scheme, "https") != 0)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read address: a REST server is at http:// or https://");
	http_options.user = url.user ? url.user : options->user;
	http_options.password = url.user ? url.password : options->password;
	origin = url_origin(&url);
	rest = calloc(1, sizeof(*rest));
	if (!origin || !rest) {
		free(rest);
		return err_oom(err);
	}
	rest->store.ops = &rest_ops;
	rest->base = str_printf("%s%s%s", origin, url.path, str_ends(url.path, "/") ? "" : "/");
	r = rest->base ? http_new(&http_options, &rest->http, err) : err_oom(err);
	if (r < 0) {
		rest_close(&rest->store);
		return r;
	}
	*ret = &rest->store;
	return 0;
}
