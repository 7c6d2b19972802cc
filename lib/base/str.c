#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

char *str_vprintf(const char *format, va_list ap)
{
	char *text;

	return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

char *str_printf(const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = str_vprintf(format, ap);
	va_end(ap);
	return text;
}

const char *str_after(const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

bool str_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

char *str_strip(char *text)
{
	size_t n;

	while (isspace((unsigned char)*text))
		text++;
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	return text;
}

/* Decodes one code point of at most size bytes. Returns its length, 0 if it is not valid
 * UTF-8 (over-long, surrogate, past U+10FFFF or cut off). */
static size_t utf8_decode(const uint8_t *p, size_t size, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t value;
	size_t n;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		value = p[0] & 0x1fu;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		value = p[0] & 0x0fu;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		value = p[0] & 0x07u;
	} else {
		return 0;
	}
	if (n > size)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3fu);
	}
	if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	*ret = value;
	return n;
}

bool str_is_utf8(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint32_t value;

	for (size_t at = 0, n; at < size; at += n) {
		n = utf8_decode(p + at, size - at, &value);
		if (!n)
			return false;
	}
	return true;
}

void str_sanitize(char *text)
{
	size_t size = strlen(text);
	uint32_t value;

	for (size_t at = 0, n; at < size; at += n) {
		n = utf8_decode((const uint8_t *)text + at, size - at, &value);
		if (n && value >= 0x20 && !(value >= 0x7f && value < 0xa0))
			continue;
		/* A C1 control is two bytes: both go. */
		n = n ? n : 1;
		memset(text + at, '?', n);
	}
}

size_t str_width(const char *text)
{
	size_t size = strlen(text), width = 0;
	uint32_t value;

	for (size_t at = 0, n; at < size; at += n) {
		int w;

		n = utf8_decode((const uint8_t *)text + at, size - at, &value);
		w = n ? wcwidth((wchar_t)value) : 1;
		width += w < 0 ? 1 : (size_t)w;
		n = n ? n : 1;
	}
	return width;
}

int str_list_add(struct str_list *list, const char *text, struct err *err)
{
	cleanup_free char *copy = NULL;

	if (list->count >= STR_LIST_MAX)
		return err_set(
			err, ERR_CONFIG, E2BIG, "add to list: more than %d entries", STR_LIST_MAX);
	copy = strdup(text);
	if (!copy)
		return err_oom(err);
	if (list->count + 1 >= list->allocated) {
		size_t grown = list->allocated ? list->allocated * 2 : 8;
		char **items = reallocarray(list->items, grown, sizeof(*items));

		if (!items)
			return err_oom(err);
		list->items = items;
		list->allocated = grown;
	}
	list->items[list->count++] = TAKE(copy);
	list->items[list->count] = NULL;
	return 0;
}

/* One word from *at on into word, which has room for all of it; false if a quote stays open. */
static bool take_word(const char **at, char *word)
{
	char quote = '\0';

	for (; **at && (quote || !strchr(" \t\n", **at)); (*at)++) {
		char c = **at;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = (char)(quote ? '\0' : c);
			continue;
		}
		if (c == '\\' && (*at)[1] &&
			(quote == '"' ? strchr("\"\\$`", (*at)[1]) != NULL : !quote))
			c = *++*at;
		*word++ = c;
	}
	*word = '\0';
	return !quote;
}

int str_list_split(struct str_list *list, const char *text, struct err *err)
{
	cleanup_free char *word = malloc(strlen(text) + 1);
	int r = word ? 0 : err_oom(err);

	while (r >= 0) {
		text += strspn(text, " \t\n");
		if (!*text)
			break;
		if (!take_word(&text, word))
			return err_set(
				err, ERR_CONFIG, EINVAL, "read command: a quote is not closed");
		r = str_list_add(list, word, err);
	}
	return r;
}

void str_list_done(struct str_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct str_list){0};
}

bool str_list_has(const struct str_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

bool str_find(const char *const *names, size_t count, const char *name, size_t *ret_index)
{
	for (size_t i = 0; name && i < count; i++)
		if (names[i] && strcmp(names[i], name) == 0) {
			*ret_index = i;
			return true;
		}
	return false;
}
