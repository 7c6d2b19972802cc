/* Text as restic's Go writes it: JSON strings of encoding/json and names of strconv.Quote, byte
 * for byte, because a tree's id is the hash of its text. And base64. */
#ifndef NEXUS_REPO_TEXT_TEXT_H
#define NEXUS_REPO_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"

#define TEXT_REPLACEMENT 0xfffdu

/* Reads one rune of at least one byte. Returns how many bytes it took; 1 and TEXT_REPLACEMENT
 * if they are no UTF-8. */
size_t text_rune(const uint8_t *data, size_t size, uint32_t *ret_rune);
int text_add_rune(struct buf *ret, uint32_t rune, struct err *err)
	__attribute__((warn_unused_result));

/* Go's unicode.IsPrint. */
bool text_is_printable(uint32_t rune);

/* Appends "..." with the escapes of encoding/json (HTML escaping on). */
int text_add_json(struct buf *ret, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));

/* Appends "..." holding strconv.Quote of a name without its quotes, as JSON. */
int text_add_name(struct buf *ret, const char *name, struct err *err)
	__attribute__((warn_unused_result));

/* Resolves the escapes of strconv.Quote in the NUL-terminated name and appends the bytes and a
 * NUL that counts. -EBADMSG for what Unquote would refuse, and for NUL. */
int text_unquote(const char *quoted, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

/* Appends standard base64 with padding, in quotes. */
int text_add_base64(struct buf *ret, const void *data, size_t size, struct err *err)
	__attribute__((warn_unused_result));
/* Appends the bytes of base64 of size characters; line breaks are skipped as Go does. */
int text_decode_base64(const char *text, size_t size, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));

#define TEXT_U64_MAX 20 /* digits */

/* Puts a number in decimal, at most TEXT_U64_MAX digits and no NUL, and gives its end: what printf
 * would, without its price. */
char *text_put_u64(char *at, uint64_t value);
/* Puts text without its NUL, and gives its end. Here, so that the length of a literal is known when
 * compiling. */
static inline char *text_put(char *at, const char *text)
{
	return mempcpy(at, text, strlen(text));
}
/* Puts a key as it stands, and the number; nothing for 0. */
static inline char *text_put_member(char *at, const char *key, uint64_t value)
{
	return value ? text_put_u64(text_put(at, key), value) : at;
}

#endif
