/* Text and times from the other side of a wire, made fit to be held and shown. */
#ifndef NEXUS_FLEET_TEXT_H
#define NEXUS_FLEET_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

/* Copies text (NULL: "") into target of size bytes: cut at a character's border when too long;
 * control characters, bytes that are not UTF-8 and marks that turn the direction of writing
 * become '?'. */
void fleet_text_copy(char *target, size_t size, const char *text);

/* The same for a member of an object; "" when it is absent or not text. */
void fleet_text_get(const struct json *object, const char *key, char *target, size_t size);

/* A member that is an RFC 3339 time, as seconds since 1970; 0 when absent or not one. */
int64_t fleet_text_get_time(const struct json *object, const char *key);

/* Sets an RFC 3339 time; 0 is left out. */
void fleet_text_set_time(struct json *object, const char *key, int64_t seconds);

/* A member that is a whole number from 0 to 2^53 - 1; 0 when absent or not one. */
uint64_t fleet_text_get_count(const struct json *object, const char *key);

/* Sets a count, at most 2^53 - 1. */
void fleet_text_set_count(struct json *object, const char *key, uint64_t value);

/* Sets text; "" is left out. */
void fleet_text_set(struct json *object, const char *key, const char *text);

#endif
