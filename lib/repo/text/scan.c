#include "repo/text/scan.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "repo/text/text.h"

#define SHORT_MAX (64u << 10) /* bytes */

void scan_init(struct scan *scan, const void *data, size_t size)
{
	const char *text = size ? data : ""; /* an empty buffer has no address to reckon with */

	*scan = (struct scan){.at = text, .end = text + size};
}

bool scan_fail(struct scan *scan)
{
	scan->failed = true;
	scan->at = scan->end;
	return false;
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->end &&
		(*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' || *scan->at == '\r'))
		scan->at++;
}

/* Takes c if it comes next. */
static bool take(struct scan *scan, char c)
{
	skip_space(scan);
	if (scan->at == scan->end || *scan->at != c)
		return false;
	scan->at++;
	return true;
}

static bool expect(struct scan *scan, char c)
{
	return take(scan, c) || scan_fail(scan);
}

static bool take_word(struct scan *scan, const char *word)
{
	size_t n = strlen(word);

	skip_space(scan);
	if ((size_t)(scan->end - scan->at) < n || memcmp(scan->at, word, n) != 0)
		return false;
	scan->at += n;
	return true;
}

static bool enter(struct scan *scan, char c)
{
	if (!expect(scan, c))
		return false;
	if (scan->depth + 1 >= SCAN_DEPTH_MAX)
		return scan_fail(scan);
	scan->depth++;
	scan->begun &= ~(1u << scan->depth);
	return true;
}

/* True if another member or element follows, with its comma taken. */
static bool go_on(struct scan *scan, char close)
{
	uint32_t bit = 1u << scan->depth;

	if (scan->failed || !scan->depth)
		return scan->failed ? false : scan_fail(scan);
	if (take(scan, close)) {
		scan->depth--;
		return false;
	}
	if ((scan->begun & bit) && !expect(scan, ','))
		return false;
	scan->begun |= bit;
	return true;
}

bool scan_object(struct scan *scan)
{
	return enter(scan, '{');
}

bool scan_member(struct scan *scan, struct scan_text *ret_key)
{
	return go_on(scan, '}') && scan_string(scan, ret_key) && expect(scan, ':');
}

bool scan_array(struct scan *scan)
{
	return enter(scan, '[');
}

bool scan_element(struct scan *scan)
{
	if (!go_on(scan, ']'))
		return false;
	skip_space(scan);
	return scan->at < scan->end || scan_fail(scan);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Checks the escape at *at (behind the backslash) and moves past it. */
static bool pass_escape(const char **at, const char *end)
{
	char c;

	if (*at == end)
		return false;
	c = *(*at)++;
	if (c != 'u')
		return memchr("\"\\/bfnrt", c, 8) != NULL;
	for (int i = 0; i < 4; i++)
		if (*at == end || !is_hex(*(*at)++))
			return false;
	return true;
}

/* What stands for itself within quotes. */
static const bool is_plain[256] = {
	[' ' ... '"' - 1] = true,
	['"' + 1 ... '\\' - 1] = true,
	['\\' + 1 ... 255] = true,
};

bool scan_string(struct scan *scan, struct scan_text *ret)
{
	const char *at, *start;

	if (!expect(scan, '"'))
		return false;
	start = at = scan->at;
	for (;;) {
		unsigned char c;

		while (at < scan->end && is_plain[(unsigned char)*at])
			at++;
		if (at == scan->end || *at == '"')
			break;
		c = (unsigned char)*at++;
		if (c < 0x20 || !pass_escape(&at, scan->end))
			return scan_fail(scan);
	}
	if (at == scan->end)
		return scan_fail(scan);
	*ret = (struct scan_text){start, (size_t)(at - start)};
	scan->at = at + 1;
	return true;
}

bool scan_u64(struct scan *scan, uint64_t *ret)
{
	uint64_t value = 0;
	const char *start;

	skip_space(scan);
	start = scan->at;
	for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*scan->at - '0'), &value))
			return scan_fail(scan);
	if (scan->at == start || (*start == '0' && scan->at - start > 1))
		return scan_fail(scan);
	/* A fraction or exponent is no integer. */
	if (scan->at < scan->end && memchr(".eE", *scan->at, 3))
		return scan_fail(scan);
	*ret = value;
	return true;
}

bool scan_u32(struct scan *scan, uint32_t *ret)
{
	uint64_t value;

	if (!scan_u64(scan, &value))
		return false;
	if (value > UINT32_MAX)
		return scan_fail(scan);
	*ret = (uint32_t)value;
	return true;
}

bool scan_bool(struct scan *scan, bool *ret)
{
	if (take_word(scan, "true"))
		*ret = true;
	else if (take_word(scan, "false"))
		*ret = false;
	else
		return scan_fail(scan);
	return true;
}

bool scan_null(struct scan *scan)
{
	return take_word(scan, "null");
}

bool scan_hex(struct scan *scan, uint8_t *ret, size_t bytes)
{
	const ptrdiff_t count = 2 * (ptrdiff_t)bytes;
	const char *digits;

	if (!expect(scan, '"'))
		return false;
	digits = scan->at;
	if (scan->end - digits <= count || digits[count] != '"' || !hex_decode(digits, ret, bytes))
		return scan_fail(scan);
	scan->at += count + 1;
	return true;
}

static bool skip_number(struct scan *scan)
{
	const char *start = scan->at;

	while (scan->at < scan->end &&
		((*scan->at >= '0' && *scan->at <= '9') || memchr("+-.eE", *scan->at, 5)))
		scan->at++;
	return scan->at > start || scan_fail(scan);
}

/* Recursion is bounded by SCAN_DEPTH_MAX. */
bool scan_skip(struct scan *scan)
{
	struct scan_text text;
	bool value;

	skip_space(scan);
	if (scan->at == scan->end)
		return scan_fail(scan);
	switch (*scan->at) {
	case '{':
		if (!scan_object(scan))
			return false;
		while (scan_member(scan, &text))
			if (!scan_skip(scan))
				return false;
		return !scan->failed;
	case '[':
		if (!scan_array(scan))
			return false;
		while (scan_element(scan))
			if (!scan_skip(scan))
				return false;
		return !scan->failed;
	case '"':
		return scan_string(scan, &text);
	case 't':
	case 'f':
		return scan_bool(scan, &value);
	case 'n':
		return scan_null(scan) || scan_fail(scan);
	default:
		return skip_number(scan);
	}
}

int scan_end(struct scan *scan, const char *what, struct err *err)
{
	skip_space(scan);
	if (scan->failed || scan->depth || scan->at != scan->end)
		return err_set(
			err, ERR_CORRUPT, EBADMSG, "read %s: not the JSON that it should be", what);
	return 0;
}

static uint32_t hex4(const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];

		value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

/* The rune of a \u escape whose digits stand at *at; takes the second half of a pair too. */
static uint32_t decode_u(const char **at, const char *end)
{
	uint32_t high = hex4(*at), low;

	*at += 4;
	if (high < 0xd800 || high > 0xdfff)
		return high;
	if (high < 0xdc00 && end - *at >= 6 && (*at)[0] == '\\' && (*at)[1] == 'u') {
		low = hex4(*at + 2);
		if (low >= 0xdc00 && low <= 0xdfff) {
			*at += 6;
			return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
		}
	}
	return TEXT_REPLACEMENT;
}

static int decode_escape(const char **at, const char *end, struct buf *ret, struct err *err)
{
	static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = *(*at)++;
	uint32_t rune;

	if (c != 'u')
		return buf_add_byte(ret, (uint8_t)meant[strchr(plain, c) - plain], err);
	rune = decode_u(at, end);
	if (!rune)
		return err_set(err, ERR_CORRUPT, EBADMSG, "read text: it contains NUL");
	return text_add_rune(ret, rune, err);
}

int scan_text_decode(const struct scan_text *text, struct buf *ret, struct err *err)
{
	const char *at = text->data, *end = at + text->size;
	int r = 0;

	while (r >= 0 && at < end) {
		const char *start = at;
		uint32_t rune;

		while (at < end && *at != '\\' && !(*at & 0x80))
			at++;
		if (at > start) {
			r = buf_add(ret, start, (size_t)(at - start), err);
		} else if (*at == '\\') {
			at++;
			r = decode_escape(&at, end, ret, err);
		} else {
			at += text_rune((const uint8_t *)at, (size_t)(end - at), &rune);
			r = text_add_rune(ret, rune, err);
		}
	}
	return r < 0 ? r : buf_add_byte(ret, 0, err);
}

bool scan_short(struct scan *scan, char *ret, size_t size)
{
	cleanup_buf struct buf text = BUF_INIT(SHORT_MAX);
	struct scan_text raw;
	struct err err = ERR_INIT;

	if (scan_null(scan) || !scan_string(scan, &raw))
		return !scan->failed;
	if (scan_text_decode(&raw, &text, &err) < 0)
		return scan_fail(scan);
	snprintf(ret, size, "%s", (const char *)text.data);
	return true;
}

int scan_name_decode(const struct scan_text *text, struct buf *ret, struct err *err)
{
	cleanup_buf struct buf quoted = BUF_INIT(ret->max);
	size_t plain = 0;
	int r;

	while (plain < text->size && text->data[plain] != '\\' && !(text->data[plain] & 0x80))
		plain++;
	/* Most names are what they stand for. */
	if (plain == text->size) {
		r = buf_add(ret, text->data, plain, err);
		return r < 0 ? r : buf_add_byte(ret, 0, err);
	}
	r = scan_text_decode(text, &quoted, err);
	return r < 0 ? r : text_unquote((const char *)quoted.data, ret, err);
}
