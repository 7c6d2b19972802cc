/* Text: formatting into owned memory, prefixes, lists, and making hostile text safe. */
#ifndef NEXUS_BASE_STR_H
#define NEXUS_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

/* Owned text, or NULL without memory. */
char *str_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *str_vprintf(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));

static inline bool str_equal(const char *a, const char *b)
{
	return a == b || (a && b && __builtin_strcmp(a, b) == 0);
}

/* The rest of text after prefix, or NULL; borrows from text. */
const char *str_after(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);

/* Cuts white space at both ends, in place; returns the new start within text. */
char *str_strip(char *text);

/* True if size bytes are valid UTF-8 without surrogates. */
bool str_is_utf8(const void *data, size_t size);

/* Makes text from elsewhere fit for a terminal: control characters and bytes that are not
 * UTF-8 become '?', in place. */
void str_sanitize(char *text);

/* Columns that UTF-8 text takes on a terminal; every code point counts as its wcwidth, or 1. */
size_t str_width(const char *text);

/* A list of owned strings, NULL-terminated, for argv and the like. */
struct str_list {
	char **items; /* owned; items[count] is NULL once anything was added */
	size_t count;
	size_t allocated;
};

#define STR_LIST_MAX 1000000

/* Adds a copy. -E2BIG past STR_LIST_MAX, -ENOMEM. */
int str_list_add(struct str_list *list, const char *text, struct err *err)
	__attribute__((warn_unused_result));
void str_list_done(struct str_list *list);
bool str_list_has(const struct str_list *list, const char *text);

static inline void cleanup_str_list_fn(struct str_list *list)
{
	int saved = errno;

	str_list_done(list);
	errno = saved;
}
#define cleanup_str_list __attribute__((cleanup(cleanup_str_list_fn)))

/* Which of the names is meant; an entry may be NULL. False if none is, or name is NULL. */
bool str_find(const char *const *names, size_t count, const char *name, size_t *ret_index);

#endif
