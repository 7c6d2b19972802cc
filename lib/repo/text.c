#include "repo/text.h"

#include <errno.h>
#include <string.h>

#include "repo/printable.h"

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t text_rune(const uint8_t *data, size_t size, uint32_t *ret_rune)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = data[0];
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf5 ? 4
				       : 0;
	uint32_t rune;

	*ret_rune = length == 1 ? first : TEXT_REPLACEMENT;
	if (length < 2 || length > size)
		return 1;
	rune = first & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if (!is_continuation(data[i]))
			return 1;
		rune = rune << 6 | (data[i] & 0x3f);
	}
	if (rune < least[length] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff))
		return 1;
	*ret_rune = rune;
	return length;
}

int text_add_rune(struct buf *ret, uint32_t rune, struct err *err)
{
	uint8_t bytes[4];
	size_t n;

	if (rune < 0x80) {
		bytes[0] = (uint8_t)rune;
		n = 1;
	} else if (rune < 0x800) {
		bytes[0] = (uint8_t)(0xc0 | rune >> 6);
		bytes[1] = (uint8_t)(0x80 | (rune & 0x3f));
		n = 2;
	} else if (rune < 0x10000) {
		bytes[0] = (uint8_t)(0xe0 | rune >> 12);
		bytes[1] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (rune & 0x3f));
		n = 3;
	} else {
		bytes[0] = (uint8_t)(0xf0 | rune >> 18);
		bytes[1] = (uint8_t)(0x80 | (rune >> 12 & 0x3f));
		bytes[2] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
		bytes[3] = (uint8_t)(0x80 | (rune & 0x3f));
		n = 4;
	}
	return buf_add(ret, bytes, n, err);
}

bool text_is_printable(uint32_t rune)
{
	size_t low = 0, high = sizeof(printable_ranges) / sizeof(printable_ranges[0]);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rune > printable_ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof(printable_ranges) / sizeof(printable_ranges[0]) &&
	       rune >= printable_ranges[low].first;
}

/* What encoding/json writes as it is, among ASCII. */
static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

/* Appends one ASCII byte that is not plain. */
static int add_json_special(struct buf *ret, uint8_t c, struct err *err)
{
	static const char short_ones[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *found = c ? strchr(short_ones, c) : NULL;

	if (found)
		return buf_printf(ret, err, "\\%c", letters[found - short_ones]);
	return buf_printf(ret, err, "\\u%04x", c);
}

static int add_json_part(struct buf *ret, const uint8_t *data, size_t size, struct err *err)
{
	int r = 0;

	while (r >= 0 && size) {
		uint32_t rune;
		size_t n = 0;

		while (n < size && is_plain(data[n]))
			n++;
		if (n) {
			r = buf_add(ret, data, n, err);
		} else if (data[0] < 0x80) {
			n = 1;
			r = add_json_special(ret, data[0], err);
		} else {
			n = text_rune(data, size, &rune);
			if ((rune == TEXT_REPLACEMENT && n == 1) || rune == 0x2028 ||
				rune == 0x2029)
				r = buf_printf(ret, err, "\\u%04x", rune);
			else
				r = buf_add(ret, data, n, err);
		}
		data += n;
		size -= n;
	}
	return r;
}

int text_add_json(struct buf *ret, const void *data, size_t size, struct err *err)
{
	int r = buf_add_byte(ret, '"', err);

	if (r >= 0)
		r = add_json_part(ret, data, size, err);
	return r < 0 ? r : buf_add_byte(ret, '"', err);
}

/* Appends one rune as Quote escapes it, and that as JSON: each backslash twice. */
static int add_quoted(struct buf *ret, uint32_t rune, size_t length, uint8_t byte, struct err *err)
{
	static const char letters[] = "abtnvfr"; /* 0x07 to 0x0d */

	if (rune == TEXT_REPLACEMENT && length == 1)
		return buf_printf(ret, err, "\\\\x%02x", byte);
	if (rune == '"')
		return buf_add_text(ret, "\\\\\\\"", err);
	if (rune == '\\')
		return buf_add_text(ret, "\\\\\\\\", err);
	if (rune >= 0x07 && rune <= 0x0d)
		return buf_printf(ret, err, "\\\\%c", letters[rune - 7]);
	if (rune < 0x20 || rune == 0x7f)
		return buf_printf(ret, err, "\\\\x%02x", rune);
	return buf_printf(ret, err, rune < 0x10000 ? "\\\\u%04x" : "\\\\U%08x", rune);
}

int text_add_name(struct buf *ret, const char *name, struct err *err)
{
	const uint8_t *data = (const uint8_t *)name;
	size_t size = strlen(name);
	int r = buf_add_byte(ret, '"', err);

	while (r >= 0 && size) {
		uint32_t rune;
		size_t n = 0;

		while (n < size && is_plain(data[n]) && data[n] != 0x7f)
			n++;
		if (n) {
			r = buf_add(ret, data, n, err);
		} else {
			n = text_rune(data, size, &rune);
			if (rune != '"' && rune != '\\' && text_is_printable(rune) &&
				!(rune == TEXT_REPLACEMENT && n == 1))
				r = add_json_part(ret, data, n, err);
			else
				r = add_quoted(ret, rune, n, data[0], err);
		}
		data += n;
		size -= n;
	}
	return r < 0 ? r : buf_add_byte(ret, '"', err);
}

static int digit_value(char c, unsigned base)
{
	int value = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
					   : 99;

	return value < (int)base ? value : -1;
}

/* Reads exactly count digits at *at. */
static bool take_digits(const char **at, int count, unsigned base, uint32_t *ret)
{
	uint32_t value = 0;

	for (int i = 0; i < count; i++) {
		int digit = digit_value(**at, base);

		if (digit < 0)
			return false;
		value = value * base + (uint32_t)digit;
		(*at)++;
	}
	*ret = value;
	return true;
}

static int bad_name(struct err *err)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read name: an escape is broken");
}

/* Resolves what follows a backslash at *at. */
static int unquote_escape(const char **at, struct buf *ret, struct err *err)
{
	static const char letters[] = "abtnvfr\\\"", bytes[] = "\a\b\t\n\v\f\r\\\"";
	char c = *(*at)++;
	const char *found;
	uint32_t value;
	bool ok;

	found = c ? strchr(letters, c) : NULL;
	if (found)
		return buf_add_byte(ret, (uint8_t)bytes[found - letters], err);
	if (c == 'u' || c == 'U') {
		ok = take_digits(at, c == 'u' ? 4 : 8, 16, &value);
		if (!ok || !value || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
			return bad_name(err);
		return text_add_rune(ret, value, err);
	}
	if (c == 'x') {
		ok = take_digits(at, 2, 16, &value);
	} else {
		(*at)--;
		ok = c >= '0' && c <= '7' && take_digits(at, 3, 8, &value);
	}
	if (!ok || !value || value > 0xff)
		return bad_name(err);
	return buf_add_byte(ret, (uint8_t)value, err);
}

int text_unquote(const char *quoted, struct buf *ret, struct err *err)
{
	int r = 0;

	while (r >= 0 && *quoted) {
		size_t plain = strcspn(quoted, "\\\"\n");

		if (plain) {
			r = buf_add(ret, quoted, plain, err);
			quoted += plain;
		} else if (*quoted == '\\') {
			quoted++;
			r = unquote_escape(&quoted, ret, err);
		} else {
			r = bad_name(err);
		}
	}
	return r < 0 ? r : buf_add_byte(ret, 0, err);
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int text_add_base64(struct buf *ret, const void *data, size_t size, struct err *err)
{
	const uint8_t *at = data;
	int r = buf_add_byte(ret, '"', err);

	for (; r >= 0 && size; at += 3) {
		uint32_t group = (uint32_t)at[0] << 16;
		char text[4];

		if (size > 1)
			group |= (uint32_t)at[1] << 8;
		if (size > 2)
			group |= at[2];
		for (int i = 0; i < 4; i++)
			text[i] = base64_digits[group >> (18 - 6 * i) & 63];
		if (size < 3)
			text[3] = '=';
		if (size < 2)
			text[2] = '=';
		r = buf_add(ret, text, 4, err);
		size -= size < 3 ? size : 3;
	}
	return r < 0 ? r : buf_add_byte(ret, '"', err);
}

static int bad_base64(struct err *err)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read base64: broken");
}

/* Appends the bytes of one group whose last padding digits were '='. */
static int add_group(struct buf *ret, uint32_t group, unsigned padding, struct err *err)
{
	const uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};

	return buf_add(ret, bytes, 3 - padding, err);
}

int text_decode_base64(const char *text, size_t size, struct buf *ret, struct err *err)
{
	uint32_t group = 0;
	unsigned count = 0, padding = 0;
	int r = 0;

	for (size_t i = 0; i < size; i++) {
		const char *digit = text[i] ? strchr(base64_digits, text[i]) : NULL;

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		if (text[i] == '=' && count >= 2)
			padding++;
		else if (!digit || padding)
			return bad_base64(err);
		group = group << 6 | (digit ? (uint32_t)(digit - base64_digits) : 0);
		if (++count < 4)
			continue;
		r = add_group(ret, group, padding, err);
		if (r < 0)
			return r;
		count = 0;
		group = 0;
	}
	return count || padding > 2 ? bad_base64(err) : 0;
}

int text_add_u64(struct buf *ret, uint64_t value, struct err *err)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return buf_add(ret, digits + at, sizeof(digits) - at, err);
}
