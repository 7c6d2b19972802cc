/* JSON on cJSON, behind our own face. Refuses what it can't hold exactly: integers beyond
 * 2^53 - 1, duplicate keys, nesting past 32, invalid UTF-8, NUL in text, anything after the value.
 */
#ifndef NEXUS_JSON_JSON_H
#define NEXUS_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

#define JSON_INTEGER_MAX 9007199254740991LL /* 2^53 - 1 */
#define JSON_DEPTH_MAX 32

/* A value; the root is owned by whoever parsed or made it, its parts are borrowed from it. */
struct json;

/* Reads size bytes of text that is at most max_bytes. -EBADMSG (kind corrupt) or -EFBIG. */
int json_parse(const char *text, size_t size, size_t max_bytes, struct json **ret, struct err *err)
	__attribute__((warn_unused_result));

void json_free(struct json *json);
CLEANUP_DEFINE(json, struct json *, json_free);
#define cleanup_json CLEANUP(json)

/* Owned text without white space (compact) or with line breaks and tabs; NULL without memory. */
char *json_print(const struct json *json);
char *json_print_pretty(const struct json *json);

/* --- Reading. Members of an object; json may be NULL and then nothing is found. --- */
bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
const struct json *json_get(const struct json *object, const char *key);

/* NULL (or fallback) when absent or of another type; text is borrowed. */
const char *json_get_text(const struct json *object, const char *key);
int64_t json_get_integer(const struct json *object, const char *key, int64_t fallback);
double json_get_number(const struct json *object, const char *key, double fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);

/* The same for what must be there: -EBADMSG names the key. */
int json_need_text(const struct json *object, const char *key, const char **ret, struct err *err)
	__attribute__((warn_unused_result));
int json_need_integer(const struct json *object, const char *key, int64_t min, int64_t max,
	int64_t *ret, struct err *err) __attribute__((warn_unused_result));
int json_need_bool(const struct json *object, const char *key, bool *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The value itself, as an element of an array. */
const char *json_text(const struct json *json);
bool json_integer(const struct json *json, int64_t *ret);

size_t json_count(const struct json *array_or_object);
/* Goes through an array or object: first child, then the next of a child; NULL at the end. */
const struct json *json_first(const struct json *parent);
const struct json *json_next(const struct json *child);
/* The key under which a child stands in its object; NULL in an array. */
const char *json_key(const struct json *child);

/* --- Making. The setters are quiet: they remember the first failure in the root they were
 * given to, and json_finish tells it, so that building reads as one block. Text that is not
 * UTF-8 has its bad bytes replaced by '?'. --- */
struct json *json_object_new(void);
struct json *json_array_new(void);
void json_set_text(struct json *object, const char *key, const char *text); /* NULL: left out */
void json_set_integer(struct json *object, const char *key, int64_t value);
void json_set_number(struct json *object, const char *key, double value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_set_null(struct json *object, const char *key);
/* Takes child, also on failure; NULL child is the failure of making it. */
void json_set(struct json *object, const char *key, struct json *child);
void json_add(struct json *array, struct json *child);
void json_add_text(struct json *array, const char *text);
void json_add_integer(struct json *array, int64_t value);
/* Makes an empty object or array in place and returns it borrowed; NULL without memory (the
 * setters accept NULL and do nothing). */
struct json *json_set_object(struct json *object, const char *key);
struct json *json_set_array(struct json *object, const char *key);
struct json *json_add_object(struct json *array);
/* A deep copy, owned; NULL without memory. */
struct json *json_copy(const struct json *json);

/* Prints compact text of what was built: 0 and owned text, or -ENOMEM if any step failed. */
int json_finish(const struct json *json, char **ret_text, struct err *err)
	__attribute__((warn_unused_result));

#endif
