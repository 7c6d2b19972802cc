#include "store/s3/refusal.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "store/s3/answer.h"

static int refused_clock(const struct s3_place *place, const struct http_response *response,
	const char *doing, struct err *err)
{
	int64_t ours_s = (int64_t)(clock_realtime_us(&clock_system) / 1000000);
	int64_t off_s = response->date_s ? ours_s - response->date_s : 0;

	return err_set(err, ERR_CONFIG, EPROTO,
		"%s: the clock of this machine and that of %s differ by %lld s; set the time",
		doing, place->host, (long long)(off_s < 0 ? -off_s : off_s));
}

/* What the server says with its code, as a sentence that tells what to do. */
static int refused_known(const struct s3_place *place, const char *ours,
	const struct http_response *response, const struct answer_refusal *refusal,
	const char *doing, struct err *err)
{
	const char *code = refusal->code;
	const char *region = *refusal->region ? refusal->region : response->region;

	if (strcmp(code, "NoSuchBucket") == 0)
		return err_set(err, ERR_NOT_FOUND, ENODEV, "%s: there is no bucket %s at %s", doing,
			place->bucket, place->host);
	if (strcmp(code, "InvalidAccessKeyId") == 0)
		return err_set(err, ERR_DENIED, EPERM,
			"%s: %s does not know the key in AWS_ACCESS_KEY_ID", doing, place->host);
	if (strcmp(code, "SignatureDoesNotMatch") == 0)
		return err_set(err, ERR_DENIED, EPERM,
			"%s: AWS_SECRET_ACCESS_KEY does not fit AWS_ACCESS_KEY_ID at %s", doing,
			place->host);
	if (strcmp(code, "ExpiredToken") == 0 || strcmp(code, "InvalidToken") == 0)
		return err_set(err, ERR_DENIED, EPERM,
			"%s: AWS_SESSION_TOKEN is wrong or no longer valid", doing);
	if (strcmp(code, "RequestTimeTooSkewed") == 0)
		return refused_clock(place, response, doing, err);
	if (*region && strcmp(region, ours) != 0)
		return err_set(err, ERR_CONFIG, EPROTO,
			"%s: the bucket %s is in region %s, not %s; set AWS_DEFAULT_REGION", doing,
			place->bucket, region, ours);
	if (strcmp(code, "AccessDenied") == 0)
		return err_set(err, ERR_DENIED, EPERM,
			"%s: the key has no permission for it in bucket %s", doing, place->bucket);
	if (*code && response->status != 404)
		return err_set(err, response->status >= 500 ? ERR_NETWORK : ERR_CONFIG, EPROTO,
			"%s: %s: %s", doing, code, refusal->message);
	return 0;
}

int refusal_explain(const struct s3_place *place, const char *region,
	const struct http_response *response, const char *doing, struct err *err)
{
	struct answer_refusal refusal;
	int r;

	answer_refusal_parse(response->body.data, response->body.size, &refusal);
	r = refused_known(place, region, response, &refusal, doing, err);
	return r < 0 ? r : http_refused(response, doing, err);
}

/* It becomes a part of a host's name. */
static bool region_is_fine(const char *region)
{
	size_t size = strlen(region);

	return size && size < S3_REGION_SIZE &&
	       strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

bool refusal_region(
	const struct http_response *response, const char *ours, char ret[static S3_REGION_SIZE])
{
	struct answer_refusal refusal;
	const char *region = refusal.region;

	/* 301, 307: ask elsewhere; 400: AuthorizationHeaderMalformed, or HEAD without words. */
	if (response->status != 301 && response->status != 307 && response->status != 400)
		return false;
	answer_refusal_parse(response->body.data, response->body.size, &refusal);
	if (!*region)
		region = response->region;
	if (!region_is_fine(region) || strcmp(region, ours) == 0)
		return false;
	memcpy(ret, region, strlen(region) + 1);
	return true;
}
