#include "net/rate.h"

#include "net/retry.h"

#define SECOND_US 1000000ull
#define PIECES_PER_S 8

void rate_init(struct rate *rate, uint64_t bytes_per_s, const struct clock *clock)
{
	*rate = (struct rate){.bytes_per_s = bytes_per_s, .clock = clock};
	pthread_mutex_init(&rate->mutex, NULL);
}

void rate_done(struct rate *rate)
{
	pthread_mutex_destroy(&rate->mutex);
}

uint64_t rate_take(struct rate *rate, size_t bytes)
{
	uint64_t now_us, wait_us;

	if (rate)
		__atomic_add_fetch(&rate->passed, bytes, __ATOMIC_RELAXED);
	if (!rate || !rate->bytes_per_s)
		return 0;
	pthread_mutex_lock(&rate->mutex);
	now_us = clock_monotonic_us(rate->clock);
	if (rate->free_us < now_us)
		rate->free_us = now_us;
	wait_us = rate->free_us - now_us;
	rate->free_us += bytes * SECOND_US / rate->bytes_per_s;
	pthread_mutex_unlock(&rate->mutex);
	return wait_us;
}

void rate_pass(struct rate *rate, size_t bytes)
{
	(void)retry_wait(rate_take(rate, bytes), NULL);
}

uint64_t rate_passed(const struct rate *rate)
{
	return __atomic_load_n(&rate->passed, __ATOMIC_RELAXED);
}

size_t rate_piece(const struct rate *rate, size_t max)
{
	uint64_t piece;

	if (!rate || !rate->bytes_per_s)
		return max;
	piece = rate->bytes_per_s / PIECES_PER_S + 1;
	return piece < max ? (size_t)piece : max;
}
