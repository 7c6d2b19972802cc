#include "net/url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/str.h"

#define SCHEME_MAX 16
#define HOST_MAX 255

static int refuse(const char *reason, struct err *err)
{
	return err_set(err, ERR_CONFIG, EINVAL, "read address: %s", reason);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int url_decode(const char *text, size_t size, char **ret, struct err *err)
{
	cleanup_free char *decoded = malloc(size + 1);
	size_t n = 0;

	if (!decoded)
		return err_oom(err);
	for (size_t i = 0; i < size; i++) {
		int value = (unsigned char)text[i];

		if (text[i] == '%') {
			if (i + 2 >= size || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
				return refuse("a % is not followed by two digits", err);
			value = digit(text[i + 1]) << 4 | digit(text[i + 2]);
			i += 2;
		}
		if (!value)
			return refuse("it contains NUL", err);
		decoded[n++] = (char)value;
	}
	decoded[n] = '\0';
	*ret = TAKE(decoded);
	return 0;
}

char *url_encode(const char *text, bool keep_slash)
{
	static const char digits[] = "0123456789ABCDEF";
	char *encoded = malloc(3 * strlen(text) + 1), *to = encoded;

	if (!encoded)
		return NULL;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < 128 && isalnum(c)) || strchr("-._~", c) || (c == '/' && keep_slash)) {
			*to++ = (char)c;
			continue;
		}
		*to++ = '%';
		*to++ = digits[c >> 4];
		*to++ = digits[c & 15];
	}
	*to = '\0';
	return encoded;
}

void url_done(struct url *url)
{
	if (url->password)
		explicit_bzero(url->password, strlen(url->password));
	free(url->scheme);
	free(url->user);
	free(url->password);
	free(url->host);
	free(url->path);
	*url = (struct url){0};
}

static int parse_scheme(const char *text, size_t size, struct url *url, struct err *err)
{
	if (!size || size > SCHEME_MAX)
		return refuse("there is no scheme", err);
	url->scheme = strndup(text, size);
	if (!url->scheme)
		return err_oom(err);
	for (char *c = url->scheme; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("+-.", *c))
			return refuse("its scheme is none", err);
		*c = (char)tolower((unsigned char)*c);
	}
	return 0;
}

static int parse_user(const char *text, size_t size, struct url *url, struct err *err)
{
	const char *colon = memchr(text, ':', size);
	size_t user = colon ? (size_t)(colon - text) : size;
	int r = url_decode(text, user, &url->user, err);

	if (r >= 0 && colon)
		r = url_decode(colon + 1, size - user - 1, &url->password, err);
	return r;
}

static int parse_port(const char *text, size_t size, struct url *url, struct err *err)
{
	char copy[8];
	uint64_t port;
	int r;

	if (!size || size >= sizeof(copy))
		return refuse("its port is none", err);
	memcpy(copy, text, size);
	copy[size] = '\0';
	r = parse_u64(copy, 1, UINT16_MAX, &port, err);
	if (r < 0)
		return refuse("its port is none", err); /* who knows what stands there */
	url->port = (uint16_t)port;
	return 0;
}

static bool host_is_fine(const char *host, size_t size, bool bracketed)
{
	if (!size || size > HOST_MAX)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)host[i];

		if (bracketed ? !isxdigit(c) && !strchr(":.%", c) && !isalnum(c)
			      : c < 128 && !isalnum(c) && !strchr("-._~", c))
			return false;
	}
	return true;
}

static int parse_host(const char *text, size_t size, struct url *url, struct err *err)
{
	bool bracketed = size && *text == '[';
	const char *end = text + size, *stop;

	if (bracketed)
		stop = memchr(++text, ']', size - 1);
	else
		stop = memchr(text, ':', size);
	if (bracketed && !stop)
		return refuse("a bracket is not closed", err);
	if (!host_is_fine(text, (size_t)((stop ? stop : end) - text), bracketed))
		return refuse("its host is none", err);
	url->host = strndup(text, (size_t)((stop ? stop : end) - text));
	if (!url->host)
		return err_oom(err);
	if (bracketed)
		stop = stop + 1 == end ? NULL : stop + 1;
	if (!stop)
		return 0;
	if (*stop != ':')
		return refuse("its host is none", err);
	return parse_port(stop + 1, (size_t)(end - stop - 1), url, err);
}

/* A blank is taken as it is meant. */
static int parse_path(const char *text, struct url *url, struct err *err)
{
	char *to;

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '?' || *c == '#')
			return refuse("its path has a '?', a '#' or a control character", err);
	url->path = to = malloc(3 * strlen(text) + 1);
	if (!to)
		return err_oom(err);
	for (; *text; text++) {
		if (*text != ' ') {
			*to++ = *text;
			continue;
		}
		memcpy(to, "%20", 3);
		to += 3;
	}
	*to = '\0';
	return 0;
}

int url_parse(const char *text, struct url *ret, struct err *err)
{
	const char *authority = strstr(text, "://"), *path, *at;
	cleanup_url struct url url = {0};
	size_t size;
	int r;

	if (!authority || strlen(text) > URL_MAX)
		return refuse("it is not like scheme://host/path", err);
	r = parse_scheme(text, (size_t)(authority - text), &url, err);
	if (r < 0)
		return r;
	authority += 3;
	size = strcspn(authority, "/?#");
	path = authority + size;
	at = memrchr(authority, '@', size);
	if (at) {
		r = parse_user(authority, (size_t)(at - authority), &url, err);
		if (r < 0)
			return r;
		authority = at + 1;
	}
	r = parse_host(authority, (size_t)(path - authority), &url, err);
	if (r >= 0)
		r = parse_path(path, &url, err);
	if (r < 0)
		return r;
	*ret = url;
	url = (struct url){0};
	return 0;
}

char *url_origin(const struct url *url)
{
	bool bracketed = strchr(url->host, ':') != NULL;
	char port[8] = "";

	if (url->port)
		snprintf(port, sizeof(port), ":%u", url->port);
	return str_printf("%s://%s%s%s%s", url->scheme, bracketed ? "[" : "", url->host,
		bracketed ? "]" : "", port);
}

/* Whether the colon stands before a port, not a password: behind a login, digits up to the path. */
static bool is_port(const char *authority, const char *colon)
{
	size_t digits = strspn(colon + 1, "0123456789");

	return memchr(authority, '@', (size_t)(colon - authority)) && digits &&
	       colon[1 + digits] == '/';
}

char *url_redact(const char *text)
{
	const char *authority = strstr(text, "://"), *colon, *at;

	if (!authority)
		return strdup(text);
	authority += 3;
	/* A password may hold an unescaped '/' or '@': all up to the last '@' is hidden. */
	colon = strchr(authority, ':');
	at = strrchr(authority, '@');
	while (colon && at && colon < at && is_port(authority, colon))
		colon = strchr(colon + 1, ':');
	if (!colon || !at || at < colon)
		return strdup(text);
	return str_printf("%.*s***%s", (int)(colon + 1 - text), text, at);
}
