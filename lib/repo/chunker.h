/* Where to cut a file: restic's Rabin fingerprint, with cuts identical to its own. Pure: bytes
 * in, cut out. */
#ifndef NEXUS_REPO_CHUNKER_H
#define NEXUS_REPO_CHUNKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CHUNKER_MIN (512u << 10) /* bytes; only a file's last chunk is shorter */
#define CHUNKER_MAX (8u << 20)

struct chunker {
	uint64_t out[256], mod[256];
	unsigned shift;
};

/* polynomial: of degree 53 (see chunker_polynomial_check). */
void chunker_init(struct chunker *chunker, uint64_t polynomial);

/* Looks for the first cut in data[0..size). *scanned is where an earlier call with fewer bytes
 * of the same chunk stopped, 0 at its start; it is moved on. Returns the chunk's length, or 0:
 * more bytes are needed (or, at the end of the file, all of size is the last chunk). Never 0
 * when size is CHUNKER_MAX or more. */
size_t chunker_next(
	const struct chunker *chunker, const uint8_t *data, size_t size, size_t *scanned);

/* -EINVAL (kind corrupt) unless the polynomial has degree 53 and is irreducible. */
int chunker_polynomial_check(uint64_t polynomial, struct err *err)
	__attribute__((warn_unused_result));

/* Draws a random one. */
int chunker_polynomial_new(uint64_t *ret, struct err *err) __attribute__((warn_unused_result));

#endif
