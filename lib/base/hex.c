#include "base/hex.h"

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

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hex_parse(const char *text, void *ret_data, size_t size)
{
	uint8_t *out = ret_data;

	for (size_t i = 0; i < 2 * size; i++)
		if (digit_value(text[i]) < 0)
			return false;
	if (text[2 * size])
		return false;
	for (size_t i = 0; i < size; i++)
		out[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
	return true;
}
