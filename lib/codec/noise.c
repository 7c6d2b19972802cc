#include "codec/noise.h"

#include <stdint.h>

#define WINDOW 256u /* bytes looked at in one place */
#define STRIDE 4096u /* bytes that one window stands for, within these bounds: */
#define WINDOWS_MIN 4u
#define WINDOWS_MAX 64u
#define SIZE_MIN (WINDOWS_MIN * WINDOW)
#define SYMBOLS 256u

/* The sum of the squares of how often each byte occurs. In n bytes of noise it is n + n * n / 256,
 * give or take; the more some bytes are preferred, the higher. */
#define WINDOW_LIMIT 640u /* noise: 511, with a deviation of 23 */
/* Of all windows together: a 16th above noise. What is below that could lose 0.6 % of its size if
 * each byte were written with as many bits as it needs. */
#define EXCESS 16u

/* Adds a window to counts and returns its own sum of squares. */
static uint32_t count_window(const uint8_t *at, uint32_t counts[SYMBOLS])
{
	uint8_t here[SYMBOLS] = {0};
	uint32_t squares = 0;

	for (size_t i = 0; i < WINDOW; i++) {
		/* (c + 1)^2 - c^2 */
		squares += 2u * here[at[i]]++ + 1;
		counts[at[i]]++;
	}
	return squares;
}

static bool is_even(const uint32_t counts[SYMBOLS], uint64_t bytes)
{
	uint64_t squares = 0, noise = bytes + bytes * bytes / SYMBOLS;

	for (size_t i = 0; i < SYMBOLS; i++)
		squares += (uint64_t)counts[i] * counts[i];
	return squares <= noise + noise / EXCESS;
}

bool noise_likely(const void *data, size_t size)
{
	uint32_t counts[SYMBOLS] = {0}, state = 1;
	const uint8_t *bytes = data;
	size_t windows, stride;

	if (size < SIZE_MIN)
		return false;
	windows = size / STRIDE;
	if (windows < WINDOWS_MIN)
		windows = WINDOWS_MIN;
	if (windows > WINDOWS_MAX)
		windows = WINDOWS_MAX;
	stride = size / windows;
	for (size_t i = 0; i < windows; i++) {
		/* Not at even distances: pages and records have their noise at a fixed place. */
		size_t slack = stride - WINDOW, at = i * stride;

		state = state * 1664525u + 1013904223u;
		at += slack ? (state >> 8) % slack : 0;
		if (count_window(bytes + at, counts) > WINDOW_LIMIT)
			return false;
	}
	return is_even(counts, windows * WINDOW);
}
