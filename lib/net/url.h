/* Addresses: "scheme://user:password@host:port/path". What a person wrote is only ever shown
 * with its password hidden. */
#ifndef NEXUS_NET_URL_H
#define NEXUS_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define URL_MAX 4096 /* bytes of an address */

/* The parts; all owned, user and password NULL when there are none. */
struct url {
	char *scheme; /* lowercase */
	char *user, *password; /* percent-decoded */
	char *host; /* an IPv6 address without its brackets */
	uint16_t port; /* 0: none was given */
	char *path; /* as it was written, blanks as %20: "" or from its "/" on */
};

/* -EINVAL (kind config) for what is no such address, with a query or a fragment too. */
int url_parse(const char *text, struct url *ret, struct err *err)
	__attribute__((warn_unused_result));
void url_done(struct url *url);

/* Owned "scheme://host:port", in brackets if it is IPv6; NULL without memory. */
char *url_origin(const struct url *url);

/* Owned text with %XX decoded; -EINVAL for a bad escape or one of NUL. */
int url_decode(const char *text, size_t size, char **ret, struct err *err)
	__attribute__((warn_unused_result));

/* Owned text in which all but letters, digits and "-._~" is %XX; '/' too unless keep_slash. */
char *url_encode(const char *text, bool keep_slash);

/* Owned copy with "***" where a password stands; NULL without memory. Works on any text that
 * contains "://", well-formed or not, and rather hides too much. */
char *url_redact(const char *text);

static inline void cleanup_url_fn(struct url *url)
{
	int saved = errno;

	url_done(url);
	errno = saved;
}
#define cleanup_url __attribute__((cleanup(cleanup_url_fn)))

#endif
