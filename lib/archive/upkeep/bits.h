/* A set of numbers below a bound, a bit each: of index entries, of packs. */
#ifndef NEXUS_ARCHIVE_UPKEEP_BITS_H
#define NEXUS_ARCHIVE_UPKEEP_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* An empty set for numbers below count; owned, freed by free. NULL without memory. */
static inline uint8_t *bits_new(size_t count)
{
	return calloc(count / 8 + 1, 1);
}

static inline bool bits_has(const uint8_t *bits, size_t number)
{
	return bits[number / 8] >> (number % 8) & 1;
}

static inline void bits_add(uint8_t *bits, size_t number)
{
	bits[number / 8] |= (uint8_t)(1u << (number % 8));
}

#endif
