#include "store/s3/s3_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/url.h"

void s3_place_done(struct s3_place *place)
{
	free(place->endpoint);
	free(place->host);
	free(place->bucket);
	free(place->prefix);
	free(place->region);
	*place = (struct s3_place){0};
}

static int refuse(const char *reason, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL,
		"read address: %s; it is like s3:https://host/bucket or s3:host/bucket/folder",
		reason);
}

/* "a//b/./c/" -> "a/b/c"; ".." has no meaning in a bucket. */
static int clean_prefix(char *text, char **ret, struct err *err)
{
	cleanup_free char *clean = calloc(1, strlen(text) + 2);
	char *rest = NULL;
	size_t used = 0;

	if (!clean)
		return err_oom(err);
	for (char *part = strtok_r(text, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0)
			return refuse("it goes up with '..'", err);
		memcpy(clean + used, part, strlen(part));
		used += strlen(part);
		clean[used++] = '/';
	}
	clean[used ? used - 1 : 0] = '\0';
	*ret = url_encode(clean, true);
	return *ret ? 0 : err_oom(err);
}

static bool bucket_is_fine(const char *bucket)
{
	size_t size = strlen(bucket);

	return size >= 1 && size <= 255 &&
	       strspn(bucket,
		       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == size;
}

static bool is_aws(const char *host)
{
	return str_ends(host, ".amazonaws.com") || str_ends(host, ".amazonaws.com.cn");
}

/* "s3.eu-west-1.amazonaws.com" and "s3-eu-west-1..." tell their region. */
static int find_region(const char *host, char **ret, struct err *err)
{
	const char *start = str_after(host, "s3."), *end;

	if (!start)
		start = str_after(host, "s3-");
	if (start && str_after(start, "dualstack."))
		start = str_after(start, "dualstack.");
	end = start ? strstr(start, ".amazonaws.com") : NULL;
	if (!end || end == start || memchr(start, '.', (size_t)(end - start)))
		return 0;
	*ret = strndup(start, (size_t)(end - start));
	return *ret ? 0 : err_oom(err);
}

/* Bucket and prefix of "/bucket/prefix". */
static int split_path(const char *path, struct s3_place *place, struct err *err)
{
	cleanup_free char *decoded = NULL;
	char *slash;
	int r;

	while (*path == '/')
		path++;
	r = url_decode(path, strlen(path), &decoded, err);
	if (r < 0)
		return r;
	slash = strchr(decoded, '/');
	if (slash)
		*slash++ = '\0';
	if (!*decoded)
		return refuse("it names no bucket", err);
	if (!bucket_is_fine(decoded))
		return refuse(
			"the bucket's name has other than letters, digits, '.', '-' and '_'", err);
	place->bucket = strdup(decoded);
	if (!place->bucket)
		return err_oom(err);
	return clean_prefix(slash ? slash : decoded + strlen(decoded), &place->prefix, err);
}

static int fill(
	const struct url *url, enum s3_lookup lookup, struct s3_place *place, struct err *err)
{
	int r = split_path(url->path, place, err);

	if (r >= 0)
		r = find_region(url->host, &place->region, err);
	if (r < 0)
		return r;
	place->endpoint = url_origin(url);
	if (!place->endpoint || !place->bucket)
		return err_oom(err);
	/* A dot in the bucket's name would not match the certificate of the host. */
	place->in_host =
		lookup == S3_LOOKUP_DNS ||
		(lookup == S3_LOOKUP_AUTO && is_aws(url->host) && !strchr(place->bucket, '.'));
	if (place->in_host) {
		const char *host = strstr(place->endpoint, "://") + 3;
		char *with_bucket = str_printf("%s://%s.%s", url->scheme, place->bucket, host);

		free(place->endpoint);
		place->endpoint = with_bucket;
	}
	if (place->endpoint)
		place->host = strdup(strstr(place->endpoint, "://") + 3);
	return place->host ? 0 : err_oom(err);
}

/* The short form is no URL: a '%' in it is one. */
static char *url_of_short(const char *text)
{
	cleanup_free char *escaped = malloc(3 * strlen(text) + 1);
	char *to = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		*to++ = *text;
		if (*text != '%')
			continue;
		*to++ = '2';
		*to++ = '5';
	}
	*to = '\0';
	return str_printf("https://%s", escaped);
}

int s3_place_parse(const char *text, enum s3_lookup lookup, struct s3_place *ret, struct err *err)
{
	cleanup_s3_place struct s3_place place = {0};
	cleanup_url struct url url = {0};
	cleanup_free char *full = NULL;
	int r;

	if (str_after(text, "http://") || str_after(text, "https://"))
		full = strdup(text);
	else
		full = url_of_short(str_after(text, "//") ? text + 2 : text);
	if (!full)
		return err_oom(err);
	r = url_parse(full, &url, err);
	if (r < 0)
		return r;
	if (url.user)
		return refuse("keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", err);
	/* A port that goes without saying is not in the Host header, which is signed. */
	if (url.port == (strcmp(url.scheme, "http") == 0 ? 80 : 443))
		url.port = 0;
	r = fill(&url, lookup, &place, err);
	if (r < 0)
		return r;
	*ret = place;
	place = (struct s3_place){0};
	return 0;
}

/* "s3.amazonaws.com", or one that tells its region; not those of private networks. */
static int is_public(const char *host, const char *end, bool *ret, struct err *err)
{
	cleanup_free char *region = NULL;
	int r = find_region(host, &region, err);

	*ret = region || (end - host == 2 && str_after(host, "s3"));
	return r;
}

int s3_place_move(struct s3_place *place, const char *region, struct err *err)
{
	const char *host = place->host + (place->in_host ? strlen(place->bucket) + 1 : 0);
	const char *end = strstr(host, ".amazonaws.com"), *slashes = strstr(place->endpoint, "://");
	cleanup_free char *moved = NULL, *endpoint = NULL;
	bool public = false;
	int r = end ? is_public(host, end, &public, err) : 0;

	if (r < 0 || !public)
		return r;
	moved = str_printf("%s%ss3.%s%s%s", place->in_host ? place->bucket : "",
		place->in_host ? "." : "", str_after(host, "s3.dualstack.") ? "dualstack." : "",
		region, end);
	if (moved)
		endpoint = str_printf(
			"%.*s://%s", (int)(slashes - place->endpoint), place->endpoint, moved);
	if (!endpoint)
		return err_oom(err);
	free(place->host);
	free(place->endpoint);
	place->host = TAKE(moved);
	place->endpoint = TAKE(endpoint);
	return 0;
}
