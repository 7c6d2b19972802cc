#include "repo/chunker.h"

#include <errno.h>

#include "crypto/secret.h"

#define WINDOW 64
#define DEGREE 53
#define MASK ((1ull << 20) - 1) /* a cut where these bits of the digest are zero */
#define LANES 4
#define SEGMENT 16384u /* bytes a lane */

static int degree(uint64_t x)
{
	return x ? 63 - __builtin_clzll(x) : -1;
}

/* x modulo p over GF(2). */
static uint64_t modulo(uint64_t x, uint64_t p)
{
	int d = degree(p);

	for (int at = degree(x); at >= d; at = degree(x))
		x ^= p << (at - d);
	return x;
}

void chunker_init(struct chunker *chunker, uint64_t polynomial)
{
	chunker->shift = DEGREE - 8;
	for (unsigned b = 0; b < 256; b++) {
		uint64_t h = modulo(b, polynomial);

		for (int i = 0; i < WINDOW - 1; i++)
			h = modulo(h << 8, polynomial);
		chunker->out[b] = h;
		chunker->mod[b] = modulo((uint64_t)b << DEGREE, polynomial) | (uint64_t)b << DEGREE;
	}
}

static inline uint64_t push(const struct chunker *chunker, uint64_t digest, uint8_t byte)
{
	return (digest << 8 | byte) ^ chunker->mod[digest >> chunker->shift];
}

/* The digest of the window that ends before end. */
static uint64_t warm(const struct chunker *chunker, const uint8_t *end)
{
	uint64_t digest = 0;

	for (const uint8_t *at = end - WINDOW; at < end; at++)
		digest = push(chunker, digest, *at);
	return digest;
}

static inline uint64_t slide(
	const struct chunker *chunker, uint64_t digest, const uint8_t *data, size_t at)
{
	return push(chunker, digest ^ chunker->out[data[at - WINDOW]], data[at]);
}

/* The digest depends on the last 64 bytes alone, so four stretches can be scanned side by side:
 * the processor overlaps their table look-ups. Returns the first cut after from, or 0. */
static size_t scan_lanes(
	const struct chunker *chunker, const uint8_t *data, size_t from, uint64_t *digest)
{
	const uint8_t *p0 = data + from, *p1 = p0 + SEGMENT, *p2 = p1 + SEGMENT, *p3 = p2 + SEGMENT;
	uint64_t d0 = *digest, d1 = warm(chunker, p1), d2 = warm(chunker, p2),
		 d3 = warm(chunker, p3);
	size_t cuts[LANES] = {0};

	for (size_t i = 0; i < SEGMENT; i++) {
		d0 = push(chunker, d0 ^ chunker->out[*(p0 + i - WINDOW)], p0[i]);
		d1 = push(chunker, d1 ^ chunker->out[*(p1 + i - WINDOW)], p1[i]);
		d2 = push(chunker, d2 ^ chunker->out[*(p2 + i - WINDOW)], p2[i]);
		d3 = push(chunker, d3 ^ chunker->out[*(p3 + i - WINDOW)], p3[i]);
		if (__builtin_expect(
			    !(d0 & MASK) | !(d1 & MASK) | !(d2 & MASK) | !(d3 & MASK), 0)) {
			if (!(d0 & MASK))
				return from + i + 1;
			if (!(d1 & MASK) && !cuts[1])
				cuts[1] = from + SEGMENT + i + 1;
			if (!(d2 & MASK) && !cuts[2])
				cuts[2] = from + 2 * SEGMENT + i + 1;
			if (!(d3 & MASK) && !cuts[3])
				cuts[3] = from + 3 * SEGMENT + i + 1;
		}
	}
	for (int lane = 1; lane < LANES; lane++)
		if (cuts[lane])
			return cuts[lane];
	*digest = d3;
	return 0;
}

/* The first cut in (from, to], or 0. from is CHUNKER_MIN or more. */
static size_t scan(const struct chunker *chunker, const uint8_t *data, size_t from, size_t to)
{
	uint64_t digest = warm(chunker, data + from);
	size_t cut;

	if (from == CHUNKER_MIN && !(digest & MASK))
		return from;
	for (; to - from >= (size_t)LANES * SEGMENT; from += (size_t)LANES * SEGMENT) {
		cut = scan_lanes(chunker, data, from, &digest);
		if (cut)
			return cut;
	}
	while (from < to) {
		digest = slide(chunker, digest, data, from++);
		if (!(digest & MASK))
			return from;
	}
	return 0;
}

size_t chunker_next(
	const struct chunker *chunker, const uint8_t *data, size_t size, size_t *scanned)
{
	size_t end = size < CHUNKER_MAX ? size : CHUNKER_MAX;
	size_t from = *scanned < CHUNKER_MIN ? CHUNKER_MIN : *scanned, cut;

	if (end < CHUNKER_MIN)
		return 0;
	if (end > from || *scanned < CHUNKER_MIN) {
		cut = scan(chunker, data, from, end);
		if (cut)
			return cut;
		*scanned = end;
	}
	return end == CHUNKER_MAX ? end : 0;
}

/* x * y modulo p over GF(2); x and y below p. */
static uint64_t multiply_modulo(uint64_t x, uint64_t y, uint64_t p)
{
	uint64_t result = 0;

	for (; y; y >>= 1) {
		if (y & 1)
			result ^= x;
		x = modulo(x << 1, p);
	}
	return result;
}

static uint64_t common_divisor(uint64_t x, uint64_t y)
{
	while (y) {
		uint64_t rest = modulo(x, y);

		x = y;
		y = rest;
	}
	return x;
}

/* Ben-Or: p of degree d is irreducible if it has no common divisor with x^(2^i) - x for any i
 * from 1 to d / 2. */
static bool irreducible(uint64_t p)
{
	uint64_t power = 2; /* x */

	for (int i = 1; i <= degree(p) / 2; i++) {
		power = multiply_modulo(power, power, p);
		if (common_divisor(p, power ^ 2) != 1)
			return false;
	}
	return true;
}

int chunker_polynomial_check(uint64_t polynomial, struct err *err)
{
	if (degree(polynomial) != DEGREE || !irreducible(polynomial))
		return err_set(err, ERR_CORRUPT, EINVAL,
			"check chunker polynomial %llx: not irreducible of degree %d",
			(unsigned long long)polynomial, DEGREE);
	return 0;
}

int chunker_polynomial_new(uint64_t *ret, struct err *err)
{
	uint64_t polynomial;
	int r;

	/* One in about 27 candidates is irreducible. */
	do {
		r = secret_random(&polynomial, sizeof(polynomial), err);
		if (r < 0)
			return r;
		polynomial = (polynomial & ((1ull << DEGREE) - 1)) | 1ull << DEGREE | 1;
	} while (!irreducible(polynomial));
	*ret = polynomial;
	return 0;
}
