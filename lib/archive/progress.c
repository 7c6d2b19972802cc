#include "archive/progress.h"

void progress_start(struct progress *progress, const struct clock *clock)
{
	*progress = (struct progress){.started_us = clock_monotonic_us(clock)};
}

void progress_add(uint64_t *counter, uint64_t amount)
{
	__atomic_add_fetch(counter, amount, __ATOMIC_RELAXED);
}

void progress_know_total(struct progress *progress)
{
	__atomic_store_n(&progress->total_known, true, __ATOMIC_RELEASE);
}

void progress_enter(struct progress *progress, enum progress_phase phase)
{
	__atomic_store_n(&progress->phase, phase, __ATOMIC_RELAXED);
}

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void progress_look(
	const struct progress *progress, const struct clock *clock, struct progress_view *ret)
{
	uint64_t elapsed_us = clock_monotonic_us(clock) - progress->started_us;

	*ret = (struct progress_view){
		.files_total = load(&progress->files_total),
		.bytes_total = load(&progress->bytes_total),
		.files_done = load(&progress->files_done),
		.bytes_done = load(&progress->bytes_done),
		.errors = load(&progress->errors),
		.phase = __atomic_load_n(&progress->phase, __ATOMIC_RELAXED),
		.elapsed_s = elapsed_us / 1000000,
	};
	if (!__atomic_load_n(&progress->total_known, __ATOMIC_ACQUIRE))
		return;
	if (ret->bytes_total)
		ret->fraction = (double)ret->bytes_done / (double)ret->bytes_total;
	else if (ret->files_total)
		ret->fraction = (double)ret->files_done / (double)ret->files_total;
	if (ret->fraction > 1)
		ret->fraction = 1;
	/* The first second says nothing about the pace. */
	if (ret->fraction > 0.001 && elapsed_us > 1000000)
		ret->remaining_s =
			(uint64_t)((double)elapsed_us * (1 - ret->fraction) / ret->fraction / 1e6);
}
