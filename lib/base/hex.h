/* Lowercase hexadecimal. */
#ifndef NEXUS_BASE_HEX_H
#define NEXUS_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * size digits and a NUL. ret_text has room for 2 * size + 1. */
void hex_format(const void *data, size_t size, char *ret_text);

/* Reads exactly 2 * size digits, lowercase only, then the end of text. False otherwise, with
 * ret_data as it was. */
bool hex_parse(const char *text, void *ret_data, size_t size);
/* The same, whatever stands behind the digits; there are as many bytes of text. When it returns
 * false, ret_data is undefined. */
bool hex_decode(const char *text, void *ret_data, size_t size);

#endif
