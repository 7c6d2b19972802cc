#include "store/names.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"

struct entry {
	uint8_t name[32];
	uint64_t size_bytes;
};
_Static_assert(sizeof(struct entry) == 40, "STORE_NAMES_INIT counts on it");

int store_names_add(
	struct store_names *names, const char *name, uint64_t size_bytes, struct err *err)
{
	struct entry entry = {.size_bytes = size_bytes};

	if (!hex_parse(name, entry.name, sizeof(entry.name)))
		return 0;
	return buf_add(&names->buf, &entry, sizeof(entry), err);
}

int store_names_visit(
	const struct store_names *names, store_list_fn *fn, void *context, struct err *err)
{
	char name[STORE_NAME_SIZE];
	struct entry entry;
	int r = 0;

	for (size_t at = 0; r >= 0 && at < names->buf.size; at += sizeof(entry)) {
		memcpy(&entry, names->buf.data + at, sizeof(entry));
		hex_format(entry.name, sizeof(entry.name), name);
		r = fn(name, entry.size_bytes, context, err);
	}
	return r;
}

void store_names_done(struct store_names *names)
{
	buf_done(&names->buf);
}
