/* Text to value, whole text or nothing: leading and trailing garbage, overflow and values
 * outside the range are -EINVAL or -ERANGE with a sentence that names what is allowed. */
#ifndef NEXUS_BASE_PARSE_H
#define NEXUS_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Decimal digits only. */
int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
	__attribute__((warn_unused_result));

/* A number with an optional suffix K, M, G or T (powers of 1024; "KiB", "k" and "B" too). */
int parse_size(const char *text, uint64_t min_bytes, uint64_t max_bytes, uint64_t *ret_bytes,
	struct err *err) __attribute__((warn_unused_result));

/* A number with a suffix ms, s, min, h or d; without one it is seconds. */
int parse_duration(const char *text, uint64_t min_us, uint64_t max_us, uint64_t *ret_us,
	struct err *err) __attribute__((warn_unused_result));

/* yes/no, true/false, on/off, 1/0, si, in any case. */
int parse_bool(const char *text, bool *ret, struct err *err) __attribute__((warn_unused_result));

#endif
