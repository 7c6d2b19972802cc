#include "store/s3/sign.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"

#define CANONICAL_MAX 65536
#define SECRET_MAX 256

void sign_format_time(uint64_t realtime_us, char ret_time[static SIGN_TIME_SIZE])
{
	time_t seconds = (time_t)(realtime_us / 1000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(ret_time, SIGN_TIME_SIZE, "%Y%m%dT%H%M%SZ", &tm))
		snprintf(ret_time, SIGN_TIME_SIZE, "19700101T000000Z");
}

/* The headers' order by name; insertion, they are few. */
static void sort(const struct sign_request *request, size_t order[static SIGN_HEADERS_MAX])
{
	for (size_t i = 0; i < request->header_count; i++) {
		size_t at = i;

		for (; at &&
			strcmp(request->headers[order[at - 1]].name, request->headers[i].name) > 0;
			at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

static int add_names(
	const struct sign_request *request, const size_t *order, struct buf *buf, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < request->header_count; i++)
		r = buf_printf(buf, err, "%s%s", i ? ";" : "", request->headers[order[i]].name);
	return r;
}

static int canonical(
	const struct sign_request *request, const size_t *order, struct buf *buf, struct err *err)
{
	int r = buf_printf(
		buf, err, "%s\n%s\n%s\n", request->method, request->path, request->query);

	for (size_t i = 0; r >= 0 && i < request->header_count; i++)
		r = buf_printf(buf, err, "%s:%s\n", request->headers[order[i]].name,
			request->headers[order[i]].value);
	if (r >= 0)
		r = buf_add_byte(buf, '\n', err);
	if (r >= 0)
		r = add_names(request, order, buf, err);
	return r < 0 ? r : buf_printf(buf, err, "\n%s", request->payload_hash);
}

/* HMAC over HMAC: date, region, service, "aws4_request". */
static int derive(const struct sign_request *request, struct hash *hash,
	uint8_t ret_key[static HASH_SIZE], struct err *err)
{
	char start[SECRET_MAX + 5], date[9];
	const char *const parts[] = {request->region, request->service, "aws4_request"};
	int r;

	snprintf(date, sizeof(date), "%.8s", request->time);
	snprintf(start, sizeof(start), "AWS4%s", request->secret);
	r = hmac_once(hash, start, strlen(start), date, strlen(date), ret_key, err);
	explicit_bzero(start, sizeof(start));
	for (size_t i = 0; r >= 0 && i < 3; i++)
		r = hmac_once(hash, ret_key, HASH_SIZE, parts[i], strlen(parts[i]), ret_key, err);
	return r;
}

static int make_signature(const struct sign_request *request, const size_t *order,
	const char *scope, char ret[static SIGN_HASH_SIZE], struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CANONICAL_MAX);
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE], key[HASH_SIZE];
	char digits[SIGN_HASH_SIZE];
	int r = hash_new(&hash, err);

	if (r >= 0)
		r = canonical(request, order, &text, err);
	if (r >= 0)
		r = hash_once(hash, text.data, text.size, digest, err);
	if (r < 0)
		return r;
	hex_format(digest, sizeof(digest), digits);
	buf_clear(&text);
	r = buf_printf(&text, err, "AWS4-HMAC-SHA256\n%s\n%s\n%s", request->time, scope, digits);
	if (r >= 0)
		r = derive(request, hash, key, err);
	if (r >= 0)
		r = hmac_once(hash, key, sizeof(key), text.data, text.size, digest, err);
	explicit_bzero(key, sizeof(key));
	if (r >= 0)
		hex_format(digest, sizeof(digest), ret);
	return r;
}

int sign_make(const struct sign_request *request, char **ret_authorization, struct err *err)
{
	cleanup_buf struct buf text = BUF_INIT(CANONICAL_MAX);
	char signature[SIGN_HASH_SIZE], scope[256];
	size_t order[SIGN_HEADERS_MAX];
	int r;

	if (request->header_count > SIGN_HEADERS_MAX || strlen(request->secret) > SECRET_MAX)
		return err_set(
			err, ERR_CONFIG, E2BIG, "sign request: too many headers or too long a key");
	sort(request, order);
	snprintf(scope, sizeof(scope), "%.8s/%.64s/%.64s/aws4_request", request->time,
		request->region, request->service);
	r = make_signature(request, order, scope, signature, err);
	if (r >= 0)
		r = buf_printf(&text, err,
			"AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=", request->key_id, scope);
	if (r >= 0)
		r = add_names(request, order, &text, err);
	if (r >= 0)
		r = buf_printf(&text, err, ",Signature=%s", signature);
	if (r < 0)
		return r;
	*ret_authorization = buf_take_text(&text);
	return *ret_authorization ? 0 : err_oom(err);
}
