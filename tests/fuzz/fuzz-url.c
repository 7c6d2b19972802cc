/* Addresses of repositories, all forms: whatever is accepted holds what it promises, and no
 * password is ever shown. */
#include <stdlib.h>
#include <string.h>

#include "net/url.h"
#include "store/s3/s3_place.h"
#include "store/sftp/sftp_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(const char *text)
{
	cleanup_url struct url url = {0};
	cleanup_free char *origin = NULL, *shown = url_redact(text);
	struct err err = ERR_INIT;

	if (url_parse(text, &url, &err) < 0)
		return;
	origin = url_origin(&url);
	if (!origin || !*url.host || strpbrk(url.path, "?# \n"))
		abort();
	/* The text of the password as it was written is between ':' and '@'. */
	if (url.password && strlen(url.password) > 3 && !strchr(url.password, '*') && shown &&
		strstr(shown, "://") && !strstr(shown, ":***@"))
		abort();
}

static void check_s3(const char *text)
{
	cleanup_s3_place struct s3_place place = {0};
	struct err err = ERR_INIT;

	if (s3_place_parse(text, S3_LOOKUP_AUTO, &place, &err) < 0)
		return;
	if (!*place.bucket || strchr(place.bucket, '/') || strpbrk(place.prefix, "?# \n") ||
		strncmp(place.prefix, "../", 3) == 0 || strstr(place.prefix, "/../") ||
		!strstr(place.endpoint, place.host))
		abort();
}

static void check_sftp(const char *text)
{
	cleanup_sftp_place struct sftp_place place = {0};
	struct err err = ERR_INIT;

	if (sftp_place_parse(text, &place, &err) < 0)
		return;
	if (!*place.host || *place.host == '-' || !*place.path)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	check_url(text);
	check_s3(text);
	check_sftp(text);
	return 0;
}
