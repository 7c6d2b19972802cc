/* Configuration files in unit-file syntax ("[Section]", "Key=value", "#" comments), read
 * through tables that say for each key its type, default and limits. Unknown sections and
 * keys, values out of range and repeated scalars are errors that name file and line. */
#ifndef NEXUS_CONF_CONF_H
#define NEXUS_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum conf_type {
	CONF_TEXT, /* char *: owned by the target, free it */
	CONF_BOOL, /* bool */
	CONF_U64, /* uint64_t, min..max */
	CONF_SIZE, /* uint64_t bytes, min..max, "64M" */
	CONF_DURATION, /* uint64_t microseconds, min..max, "5min" */
	CONF_LIST, /* struct str_list: every occurrence adds one entry; empty value clears */
};

struct conf_key {
	const char *section;
	const char *name;
	enum conf_type type;
	size_t offset; /* of the member in the target struct: offsetof() */
	const char *fallback; /* text of the default; NULL: stays zero */
	uint64_t min, max; /* for numbers; max 0 means no limit */
	size_t max_bytes; /* for text; 0 means 4096 */
};

/* Sets every key's default in target. keys ends with { 0 }. */
int conf_defaults(const struct conf_key *keys, void *target, struct err *err)
	__attribute__((warn_unused_result));

/* Reads text (name is for messages) over what target holds. At most 256 KiB. On failure the
 * target is as after the last good key; give it to conf_done. */
int conf_parse(const char *text, size_t size, const char *name, const struct conf_key *keys,
	void *target, struct err *err) __attribute__((warn_unused_result));

/* Reads a file the same way. A file that does not exist is -ENOENT. */
int conf_read(const char *path, const struct conf_key *keys, void *target, struct err *err)
	__attribute__((warn_unused_result));

/* Reads path if it exists, then every *.conf of the folder path.d by name. */
int conf_read_tree(const char *path, const struct conf_key *keys, void *target, struct err *err)
	__attribute__((warn_unused_result));

/* Frees the owned members. */
void conf_done(const struct conf_key *keys, void *target);

#endif
