#include "fleet/text.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

/* The later bytes of U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069 after 0xe2. */
static bool is_direction_mark(unsigned char second, unsigned char third)
{
	if (second == 0x80)
		return third == 0x8e || third == 0x8f || (third >= 0xaa && third <= 0xae);
	return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

static void drop_direction_marks(char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i + 2 < size; i++)
		if ((unsigned char)text[i] == 0xe2 &&
			is_direction_mark((unsigned char)text[i + 1], (unsigned char)text[i + 2]))
			memset(text + i, '?', 3);
}

void fleet_text_copy(char *target, size_t size, const char *text)
{
	size_t n = text ? strnlen(text, size) : 0;

	if (text && n == size) {
		n = size - 1;
		/* Not in the middle of a character: back to before its first byte. */
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(target, text ? text : "", n);
	target[n] = '\0';
	str_sanitize(target);
	drop_direction_marks(target);
}

void fleet_text_get(const struct json *object, const char *key, char *target, size_t size)
{
	fleet_text_copy(target, size, json_get_text(object, key));
}

int64_t fleet_text_get_time(const struct json *object, const char *key)
{
	const char *text = json_get_text(object, key);
	struct err err = ERR_INIT;
	uint32_t nanoseconds;
	int64_t seconds;

	if (!text || clock_rfc3339_parse(text, &seconds, &nanoseconds, NULL, &err) < 0)
		return 0;
	return seconds;
}

void fleet_text_set_time(struct json *object, const char *key, int64_t seconds)
{
	char text[CLOCK_RFC3339_SIZE];

	if (!seconds)
		return;
	clock_rfc3339_format(seconds, 0, text);
	json_set_text(object, key, text);
}

uint64_t fleet_text_get_count(const struct json *object, const char *key)
{
	int64_t value = json_get_integer(object, key, 0);

	return value > 0 ? (uint64_t)value : 0;
}

void fleet_text_set_count(struct json *object, const char *key, uint64_t value)
{
	json_set_integer(object, key, value > JSON_INTEGER_MAX ? JSON_INTEGER_MAX : (int64_t)value);
}

void fleet_text_set(struct json *object, const char *key, const char *text)
{
	if (*text)
		json_set_text(object, key, text);
}
