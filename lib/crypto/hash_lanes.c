#include "crypto/hash_lanes.h"

#include <endian.h>
#include <string.h>

/* The code is vectors of C: any compiler makes something right of it, and AVX2 where told to. */
#if defined(__x86_64__)
#define FOR_LANES __attribute__((target("avx2")))
#else
#define FOR_LANES
#endif
#define IN_LANES static inline __attribute__((always_inline)) FOR_LANES

#define ROUNDS 64
#define WINDOW 16 /* words of the message schedule that are still needed */

/* A word of eight lanes; the same as bytes. */
typedef uint32_t vec __attribute__((vector_size(32)));
typedef uint8_t vec_bytes __attribute__((vector_size(32)));

/* FIPS 180-4, section 4.2.2: cube roots of the first primes. */
static const uint32_t constants[ROUNDS] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
	0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624,
	0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
	0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* Section 5.3.3: square roots. */
static const uint32_t initial[HASH_LANES_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

bool hash_lanes_works(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") != 0;
#else
	return true;
#endif
}

void hash_lanes_begin(struct hash_lanes *lanes, size_t lane)
{
	for (size_t i = 0; i < HASH_LANES_WORDS; i++)
		lanes->state[i][lane] = initial[i];
}

void hash_lanes_end(const struct hash_lanes *lanes, size_t lane, uint8_t ret_digest[HASH_SIZE])
{
	for (size_t i = 0; i < HASH_LANES_WORDS; i++) {
		uint32_t word = htobe32(lanes->state[i][lane]);

		memcpy(ret_digest + i * sizeof(word), &word, sizeof(word));
	}
}

IN_LANES vec rotate(vec x, int bits)
{
	return x >> bits | x << (32 - bits);
}

/* Half a block of one lane: eight words, made of big-endian bytes. */
IN_LANES vec load(const uint8_t *at)
{
	vec_bytes bytes;

	memcpy(&bytes, at, sizeof(bytes));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	bytes = __builtin_shufflevector(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
		13, 12, 19, 18, 17, 16, 23, 22, 21, 20, 27, 26, 25, 24, 31, 30, 29, 28);
#endif
	return (vec)bytes;
}

/* Eight words of eight lanes each, loaded lane by lane: turned so that each vector is one word of
 * all lanes. In three steps, as the machine can do it: words, pairs, halves. */
IN_LANES void turn(vec w[HASH_LANES])
{
	vec words[8], pairs[8];

	for (int i = 0; i < 8; i += 2) {
		words[i] = __builtin_shufflevector(w[i], w[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
		words[i + 1] = __builtin_shufflevector(w[i], w[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
	}
	for (int i = 0; i < 8; i += 4)
		for (int k = 0; k < 2; k++) {
			pairs[i + 2 * k] = __builtin_shufflevector(
				words[i + k], words[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
			pairs[i + 2 * k + 1] = __builtin_shufflevector(
				words[i + k], words[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
		}
	for (int i = 0; i < 4; i++) {
		w[i] = __builtin_shufflevector(pairs[i], pairs[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
		w[i + 4] =
			__builtin_shufflevector(pairs[i], pairs[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
	}
}

/* The working variables of section 6.2.2. ab of one round is the next round's bc. */
struct working {
	vec a, b, c, d, e, f, g, h, bc;
};

IN_LANES void one_round(struct working *s, vec word)
{
	vec sum1 = rotate(s->e, 6) ^ rotate(s->e, 11) ^ rotate(s->e, 25);
	vec choice = s->g ^ (s->e & (s->f ^ s->g));
	vec t1 = s->h + word + sum1 + choice;
	vec sum0 = rotate(s->a, 2) ^ rotate(s->a, 13) ^ rotate(s->a, 22);
	vec ab = s->a ^ s->b;
	vec majority = s->b ^ (ab & s->bc);

	s->h = s->g;
	s->g = s->f;
	s->f = s->e;
	s->e = s->d + t1;
	s->d = s->c;
	s->c = s->b;
	s->b = s->a;
	s->a = t1 + sum0 + majority;
	s->bc = ab;
}

/* The next word of the message schedule, which takes the place of the oldest. */
IN_LANES vec schedule(vec w[WINDOW], int i)
{
	vec x = w[(i + 1) % WINDOW], y = w[(i + 14) % WINDOW];

	w[i] += w[(i + 9) % WINDOW] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
		(rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
	return w[i];
}

FOR_LANES static void add_block(
	vec state[HASH_LANES_WORDS], const uint8_t *const at[HASH_LANES], size_t offset)
{
	struct working s = {state[0], state[1], state[2], state[3], state[4], state[5], state[6],
		state[7], state[1] ^ state[2]};
	vec w[WINDOW];

	for (size_t i = 0; i < HASH_LANES; i++) {
		w[i] = load(at[i] + offset);
		w[i + HASH_LANES] = load(at[i] + offset + HASH_LANES_BLOCK / 2);
	}
	turn(w);
	turn(w + HASH_LANES);
#pragma GCC unroll 16
	for (int i = 0; i < WINDOW; i++)
		one_round(&s, w[i] + constants[i]);
	for (int round = WINDOW; round < ROUNDS; round += WINDOW) {
#pragma GCC unroll 16
		for (int i = 0; i < WINDOW; i++)
			one_round(&s, schedule(w, i) + constants[round + i]);
	}
	state[0] += s.a;
	state[1] += s.b;
	state[2] += s.c;
	state[3] += s.d;
	state[4] += s.e;
	state[5] += s.f;
	state[6] += s.g;
	state[7] += s.h;
}

FOR_LANES void hash_lanes_add(
	struct hash_lanes *lanes, const uint8_t *const at[HASH_LANES], size_t blocks)
{
	vec state[HASH_LANES_WORDS];

	memcpy(state, lanes->state, sizeof(state));
	for (size_t i = 0; i < blocks; i++)
		add_block(state, at, i * HASH_LANES_BLOCK);
	memcpy(lanes->state, state, sizeof(state));
}
