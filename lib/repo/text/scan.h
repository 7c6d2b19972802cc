/* A small pull reader of JSON in memory, exact and without allocations: 64-bit integers stay
 * what they are, text is handed out as a slice. It validates what it passes over. A failure
 * sticks: every later call returns false, and scan_end tells it once.
 *
 *     scan_object(&scan);
 *     while (scan_member(&scan, &key))
 *             if (scan_is(&key, "size"))
 *                     scan_u64(&scan, &size);
 *             else
 *                     scan_skip(&scan);
 *     r = scan_end(&scan, "tree", err);
 */
#ifndef NEXUS_REPO_TEXT_SCAN_H
#define NEXUS_REPO_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define SCAN_DEPTH_MAX 32

struct scan {
	const char *at, *end; /* borrowed */
	unsigned depth;
	uint32_t begun; /* bit per depth: a member or element was read */
	bool failed;
};

/* What stands between the quotes, escapes and all. Borrows from the input. */
struct scan_text {
	const char *data;
	size_t size;
};

void scan_init(struct scan *scan, const void *data, size_t size);

/* { and then each member's key; the caller takes the value. False at } (or after a failure). */
bool scan_object(struct scan *scan);
bool scan_member(struct scan *scan, struct scan_text *ret_key);

/* [ and then true before each element, which the caller takes. False at ]. */
bool scan_array(struct scan *scan);
bool scan_element(struct scan *scan);

bool scan_string(struct scan *scan, struct scan_text *ret);
bool scan_u64(struct scan *scan, uint64_t *ret);
bool scan_u32(struct scan *scan, uint32_t *ret);
bool scan_bool(struct scan *scan, bool *ret);
/* A string, decoded into size bytes and cut to fit; null leaves ret as it is. */
bool scan_short(struct scan *scan, char *ret, size_t size);
/* Takes null if it comes next; not finding it is no failure. */
bool scan_null(struct scan *scan);
/* As many bytes as lowercase hex digits in quotes: an id. */
bool scan_hex(struct scan *scan, uint8_t *ret, size_t bytes);
/* Any value. */
bool scan_skip(struct scan *scan);

/* Marks the reading as failed and returns false. */
bool scan_fail(struct scan *scan);

/* 0 if nothing failed and only white space is left; else -EBADMSG naming what. */
int scan_end(struct scan *scan, const char *what, struct err *err)
	__attribute__((warn_unused_result));

/* Here, so that the length of a literal is known when compiling. */
static inline bool scan_is(const struct scan_text *text, const char *plain)
{
	return strlen(plain) == text->size && memcmp(text->data, plain, text->size) == 0;
}

/* Appends the text with its escapes resolved, and a NUL that counts. As in Go, broken
 * surrogates and bytes that are no UTF-8 become U+FFFD. -EBADMSG for a NUL within. */
int scan_text_decode(const struct scan_text *text, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
/* The same for a name: what stands there is JSON of strconv.Quote. */
int scan_name_decode(const struct scan_text *text, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
