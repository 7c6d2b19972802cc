#include "json/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/str.h"

/* A bit of cJSON's type field that cJSON itself never looks at: "building this failed". */
#define FAILED_MARK (1 << 20)

#define PRINTED_EXACTLY_MAX 999999999999999ll

static cJSON *inner(struct json *json)
{
	return (cJSON *)json;
}

static const cJSON *inner_const(const struct json *json)
{
	return (const cJSON *)json;
}

static struct json *outer(cJSON *item)
{
	return (struct json *)item;
}

/* --- checks on what was parsed --- */

static int check_keys(const cJSON *object, struct err *err)
{
	for (const cJSON *a = object->child; a; a = a->next)
		for (const cJSON *b = a->next; b; b = b->next)
			if (strcmp(a->string, b->string) == 0)
				return err_set(err, ERR_CORRUPT, EBADMSG,
					"parse JSON: key '%.64s' stands twice", a->string);
	return 0;
}

static int check_value(const cJSON *item, int depth, struct err *err)
{
	int r;

	if (depth > JSON_DEPTH_MAX)
		return err_set(err, ERR_CORRUPT, EBADMSG, "parse JSON: nested deeper than %d",
			JSON_DEPTH_MAX);
	if (cJSON_IsNumber(item) && !(fabs(item->valuedouble) <= (double)JSON_INTEGER_MAX))
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"parse JSON: a number is too large to be held exactly");
	if (cJSON_IsObject(item)) {
		r = check_keys(item, err);
		if (r < 0)
			return r;
	}
	for (const cJSON *child = item->child; child; child = child->next) {
		r = check_value(child, depth + 1, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* True if text has an escaped NUL, which cJSON would take for the end of a string. */
static bool has_escaped_nul(const char *text, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (text[i] != '\\')
			continue;
		if (i + 6 <= size && memcmp(text + i, "\\u0000", 6) == 0)
			return true;
		i++;
	}
	return false;
}

static int check_text(const char *text, size_t size, size_t max_bytes, struct err *err)
{
	if (size > max_bytes)
		return err_set(
			err, ERR_SPACE, EFBIG, "parse JSON: larger than %zu bytes", max_bytes);
	if (memchr(text, 0, size) || has_escaped_nul(text, size))
		return err_set(err, ERR_CORRUPT, EBADMSG, "parse JSON: a NUL byte in it");
	if (!str_is_utf8(text, size))
		return err_set(err, ERR_CORRUPT, EBADMSG, "parse JSON: not UTF-8");
	return 0;
}

int json_parse(const char *text, size_t size, size_t max_bytes, struct json **ret, struct err *err)
{
	cleanup_json struct json *json = NULL;
	const char *end = NULL;
	int r;

	r = check_text(text, size, max_bytes, err);
	if (r < 0)
		return r;
	json = outer(cJSON_ParseWithLengthOpts(text, size, &end, 0));
	if (!json)
		return err_set(err, ERR_CORRUPT, EBADMSG, "parse JSON: wrong at byte %td",
			end ? end - text : 0);
	for (; end < text + size; end++)
		if (!strchr(" \t\r\n", *end))
			return err_set(err, ERR_CORRUPT, EBADMSG,
				"parse JSON: something follows the value at byte %td", end - text);
	r = check_value(inner(json), 1, err);
	if (r < 0)
		return r;
	*ret = TAKE(json);
	return 0;
}

void json_free(struct json *json)
{
	cJSON_Delete(inner(json));
}

/* cJSON prints 15 digits and takes what comes close enough for the same number. Turns the whole
 * numbers that have more into their own text. Returns how many; -1 without memory. */
static int spell_out(cJSON *item, bool only_count)
{
	int64_t value;
	int count = 0;

	if (json_integer(outer(item), &value) &&
		(value > PRINTED_EXACTLY_MAX || value < -PRINTED_EXACTLY_MAX)) {
		if (!only_count) {
			item->valuestring = str_printf("%lld", (long long)value);
			if (!item->valuestring)
				return -1;
			item->type = cJSON_Raw;
		}
		count = 1;
	}
	for (cJSON *child = item->child; child; child = child->next) {
		int n = spell_out(child, only_count);

		if (n < 0)
			return n;
		count += n;
	}
	return count;
}

static char *print(const struct json *json, char *(*how)(const cJSON *))
{
	cleanup_json struct json *copy = NULL;

	/* Counting changes nothing. */
	if (!json || spell_out((cJSON *)(uintptr_t)json, true) == 0)
		return how(inner_const(json));
	copy = json_copy(json);
	if (!copy || spell_out(inner(copy), false) < 0)
		return NULL;
	return how(inner(copy));
}

char *json_print(const struct json *json)
{
	return print(json, cJSON_PrintUnformatted);
}

char *json_print_pretty(const struct json *json)
{
	return print(json, cJSON_Print);
}

/* --- reading --- */

bool json_is_object(const struct json *json)
{
	return cJSON_IsObject(inner_const(json));
}

bool json_is_array(const struct json *json)
{
	return cJSON_IsArray(inner_const(json));
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return outer(cJSON_GetObjectItemCaseSensitive(inner_const(object), key));
}

const char *json_get_text(const struct json *object, const char *key)
{
	return json_text(json_get(object, key));
}

int64_t json_get_integer(const struct json *object, const char *key, int64_t fallback)
{
	int64_t value;

	return json_integer(json_get(object, key), &value) ? value : fallback;
}

double json_get_number(const struct json *object, const char *key, double fallback)
{
	const cJSON *item = inner_const(json_get(object, key));

	return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

bool json_get_bool(const struct json *object, const char *key, bool fallback)
{
	const cJSON *item = inner_const(json_get(object, key));

	return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

static int missing(const char *key, const char *what, struct err *err)
{
	return err_set(err, ERR_CORRUPT, EBADMSG, "read JSON: '%.64s' must be %s", key, what);
}

int json_need_text(const struct json *object, const char *key, const char **ret, struct err *err)
{
	const char *text = json_get_text(object, key);

	if (!text)
		return missing(key, "text", err);
	*ret = text;
	return 0;
}

int json_need_integer(const struct json *object, const char *key, int64_t min, int64_t max,
	int64_t *ret, struct err *err)
{
	int64_t value;

	if (!json_integer(json_get(object, key), &value))
		return missing(key, "a whole number", err);
	if (value < min || value > max)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"read JSON: '%.64s' must be from %lld to %lld", key, (long long)min,
			(long long)max);
	*ret = value;
	return 0;
}

int json_need_bool(const struct json *object, const char *key, bool *ret, struct err *err)
{
	const cJSON *item = inner_const(json_get(object, key));

	if (!cJSON_IsBool(item))
		return missing(key, "true or false", err);
	*ret = cJSON_IsTrue(item);
	return 0;
}

const char *json_text(const struct json *json)
{
	return cJSON_GetStringValue(inner_const(json));
}

bool json_integer(const struct json *json, int64_t *ret)
{
	const cJSON *item = inner_const(json);

	if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= (double)JSON_INTEGER_MAX) ||
		floor(item->valuedouble) < item->valuedouble)
		return false;
	*ret = (int64_t)item->valuedouble;
	return true;
}

size_t json_count(const struct json *array_or_object)
{
	size_t n = 0;

	for (const struct json *i = json_first(array_or_object); i; i = json_next(i))
		n++;
	return n;
}

const struct json *json_first(const struct json *parent)
{
	return parent ? outer(inner_const(parent)->child) : NULL;
}

const struct json *json_next(const struct json *child)
{
	return outer(inner_const(child)->next);
}

const char *json_key(const struct json *child)
{
	return inner_const(child)->string;
}

/* --- making --- */

static void mark(struct json *json)
{
	if (json)
		inner(json)->type |= FAILED_MARK;
}

struct json *json_object_new(void)
{
	return outer(cJSON_CreateObject());
}

struct json *json_array_new(void)
{
	return outer(cJSON_CreateArray());
}

static cJSON *text_new(const char *text)
{
	cleanup_free char *copy = NULL;

	if (str_is_utf8(text, strlen(text)))
		return cJSON_CreateString(text);
	copy = strdup(text);
	if (!copy)
		return NULL;
	str_sanitize(copy);
	return cJSON_CreateString(copy);
}

void json_set(struct json *object, const char *key, struct json *child)
{
	if (!object || !child) {
		mark(object);
		json_free(child);
		return;
	}
	if (inner(child)->type & FAILED_MARK)
		mark(object);
	if (!cJSON_AddItemToObject(inner(object), key, inner(child))) {
		mark(object);
		json_free(child);
	}
}

void json_add(struct json *array, struct json *child)
{
	if (!array || !child || !cJSON_AddItemToArray(inner(array), inner(child))) {
		mark(array);
		json_free(child);
	}
}

void json_set_text(struct json *object, const char *key, const char *text)
{
	if (text)
		json_set(object, key, outer(text_new(text)));
}

void json_set_integer(struct json *object, const char *key, int64_t value)
{
	if (value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX) {
		mark(object);
		return;
	}
	json_set(object, key, outer(cJSON_CreateNumber((double)value)));
}

void json_set_number(struct json *object, const char *key, double value)
{
	json_set(object, key, outer(cJSON_CreateNumber(value)));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
	json_set(object, key, outer(cJSON_CreateBool(value)));
}

void json_set_null(struct json *object, const char *key)
{
	json_set(object, key, outer(cJSON_CreateNull()));
}

void json_add_text(struct json *array, const char *text)
{
	json_add(array, outer(text_new(text)));
}

void json_add_integer(struct json *array, int64_t value)
{
	if (value > JSON_INTEGER_MAX || value < -JSON_INTEGER_MAX) {
		mark(array);
		return;
	}
	json_add(array, outer(cJSON_CreateNumber((double)value)));
}

/* Adds child to object under key and returns it borrowed, NULL if it could not be added. */
static struct json *set_and_borrow(struct json *object, const char *key, cJSON *child)
{
	if (object && child && cJSON_AddItemToObject(inner(object), key, child))
		return outer(child);
	mark(object);
	cJSON_Delete(child);
	return NULL;
}

struct json *json_set_object(struct json *object, const char *key)
{
	return set_and_borrow(object, key, cJSON_CreateObject());
}

struct json *json_set_array(struct json *object, const char *key)
{
	return set_and_borrow(object, key, cJSON_CreateArray());
}

struct json *json_add_object(struct json *array)
{
	cJSON *child = cJSON_CreateObject();

	if (array && child && cJSON_AddItemToArray(inner(array), child))
		return outer(child);
	mark(array);
	cJSON_Delete(child);
	return NULL;
}

struct json *json_copy(const struct json *json)
{
	return json ? outer(cJSON_Duplicate(inner_const(json), 1)) : NULL;
}

static bool any_failed(const cJSON *item)
{
	if (item->type & FAILED_MARK)
		return true;
	for (const cJSON *child = item->child; child; child = child->next)
		if (any_failed(child))
			return true;
	return false;
}

int json_finish(const struct json *json, char **ret_text, struct err *err)
{
	char *text;

	if (!json || any_failed(inner_const(json)))
		return err_set(err, ERR_SPACE, ENOMEM,
			"make JSON: no memory, or a number beyond what it holds exactly");
	text = json_print(json);
	if (!text)
		return err_oom(err);
	*ret_text = text;
	return 0;
}
