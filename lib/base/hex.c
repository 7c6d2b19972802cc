#include "base/hex.h"

#include <string.h>

void hex_format(const void *data, size_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;

	for (size_t i = 0; i < size; i++) {
		ret_text[2 * i] = digits[p[i] >> 4];
		ret_text[2 * i + 1] = digits[p[i] & 15];
	}
	ret_text[2 * size] = '\0';
}

/* The value of a lowercase digit + 1, 0 for what is none: ids are read by the million. */
static const uint8_t values[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
};

bool hex_decode(const char *text, void *ret_data, size_t size)
{
	const uint8_t *in = (const uint8_t *)text;
	uint8_t *out = ret_data;
	bool good = true;

	for (size_t i = 0; i < size; i++) {
		unsigned high = values[in[2 * i]], low = values[in[2 * i + 1]];

		good &= high && low;
		out[i] = (uint8_t)((high - 1) << 4 | ((low - 1) & 15));
	}
	return good;
}

bool hex_parse(const char *text, void *ret_data, size_t size)
{
	if (strlen(text) != 2 * size)
		return false;
	for (size_t i = 0; i < 2 * size; i++)
		if (!values[(uint8_t)text[i]])
			return false;
	return hex_decode(text, ret_data, size);
}
