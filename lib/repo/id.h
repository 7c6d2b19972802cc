/* The SHA-256 that names an object, a blob or a tree. */
#ifndef NEXUS_REPO_ID_H
#define NEXUS_REPO_ID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/hex.h"

#define ID_TEXT_SIZE 65 /* 64 lowercase digits and a NUL */

struct id {
	uint8_t bytes[32];
};

static inline bool id_equal(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline int id_compare(const struct id *a, const struct id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static inline bool id_is_zero(const struct id *id)
{
	static const struct id zero;

	return id_equal(id, &zero);
}

static inline void id_format(const struct id *id, char ret_text[ID_TEXT_SIZE])
{
	hex_format(id->bytes, sizeof(id->bytes), ret_text);
}

/* False unless text is 64 lowercase hex digits. */
static inline bool id_parse(const char *text, struct id *ret)
{
	return hex_parse(text, ret->bytes, sizeof(ret->bytes));
}

#endif
