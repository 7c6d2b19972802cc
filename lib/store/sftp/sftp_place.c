#include "store/sftp/sftp_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "net/url.h"

#define PATH_MAX_BYTES 1024

static int refuse(const char *reason, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL,
		"read address: %s; it is like sftp:user@host:/folder or "
		"sftp://user@host:port//folder",
		reason);
}

void sftp_place_done(struct sftp_place *place)
{
	free(place->user);
	free(place->host);
	free(place->path);
	*place = (struct sftp_place){0};
}

/* Without "." and empty parts; ".." stays: the server knows what is above. */
static int clean_path(const char *text, char **ret, struct err *err)
{
	cleanup_free char *parts = strdup(text), *clean = calloc(1, strlen(text) + 3);
	char *rest = NULL;
	size_t used = 0;

	if (!parts || !clean)
		return err_oom(err);
	if (!*text || strlen(text) > PATH_MAX_BYTES)
		return refuse("there is no folder in it", err);
	if (*text == '~')
		return refuse(
			"'~' means nothing there; a folder without '/' is below your home", err);
	if (*text == '/')
		clean[used++] = '/';
	for (char *part = strtok_r(parts, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		if (strcmp(part, ".") == 0)
			continue;
		memcpy(clean + used, part, strlen(part));
		used += strlen(part);
		clean[used++] = '/';
	}
	while (used > 1 && clean[used - 1] == '/')
		used--;
	if (!used)
		clean[used++] = '.';
	clean[used] = '\0';
	*ret = TAKE(clean);
	return 0;
}

/* //user@host:port/path: what follows the slash is below the home folder, so that an absolute
 * path has two of them. */
static int parse_url(const char *text, struct sftp_place *place, struct err *err)
{
	cleanup_free char *full = str_printf("sftp:%s", text), *path = NULL;
	cleanup_url struct url url = {0};
	int r;

	if (!full)
		return err_oom(err);
	r = url_parse(full, &url, err);
	if (r < 0)
		return r;
	if (url.password)
		return refuse("a password has no place in it; use a key", err);
	r = url_decode(url.path, strlen(url.path), &path, err);
	if (r >= 0)
		r = clean_path(*path ? path + 1 : path, &place->path, err);
	if (r < 0)
		return r;
	place->user = TAKE(url.user);
	place->host = TAKE(url.host);
	place->port = url.port;
	return 0;
}

static int parse_short(const char *text, struct sftp_place *place, struct err *err)
{
	const char *colon = strchr(text, ':'), *at;
	size_t size;

	/* An IPv6 address has colons of its own. */
	at = memrchr(text, '@', colon ? (size_t)(colon - text) : strlen(text));
	if ((at ? at[1] : *text) == '[') {
		const char *end = strchr(text, ']');

		colon = end && end[1] == ':' ? end + 1 : NULL;
	}
	if (!colon)
		return refuse("there is no ':' between host and folder", err);
	size = (size_t)(colon - text);
	if (at) {
		place->user = strndup(text, (size_t)(at - text));
		if (!place->user)
			return err_oom(err);
		size -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (*text == '[') {
		text++;
		size -= 2;
	}
	place->host = strndup(text, size);
	return place->host ? clean_path(colon + 1, &place->path, err) : err_oom(err);
}

int sftp_place_parse(const char *text, struct sftp_place *ret, struct err *err)
{
	cleanup_sftp_place struct sftp_place place = {0};
	int r = str_after(text, "//") ? parse_url(text, &place, err)
				      : parse_short(text, &place, err);

	if (r < 0)
		return r;
	/* ssh would take a dash for an option, libssh a blank for the end. */
	if (!place.host || !*place.host || *place.host == '-' || strpbrk(place.host, " \t/%") ||
		(place.user && (!*place.user || *place.user == '-')))
		return refuse("host or user is none", err);
	*ret = place;
	place = (struct sftp_place){0};
	return 0;
}
