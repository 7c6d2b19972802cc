#include "net/retry.h"

#include <stddef.h>
#include <sys/random.h>
#include <unistd.h>

#define FIRST_US 500000
#define MOST_US (30 * 1000000ull)
#define TOTAL_US (10 * 60 * 1000000ull)
#define SLICE_US 100000

void retry_start(struct retry *retry, const struct retry_policy *policy, const struct clock *clock)
{
	static const struct retry_policy defaults = {0};

	*retry = (struct retry){.policy = policy ? *policy : defaults, .clock = clock};
	if (!retry->policy.first_us)
		retry->policy.first_us = FIRST_US;
	if (!retry->policy.most_us)
		retry->policy.most_us = MOST_US;
	if (!retry->policy.total_us)
		retry->policy.total_us = TOTAL_US;
	retry->started_us = clock_monotonic_us(clock);
}

/* Somewhere in the second half of what doubling gives. */
static uint64_t back_off(const struct retry *retry)
{
	uint64_t wait_us = retry->policy.first_us, chance;

	for (unsigned i = 1; i < retry->tries && wait_us < retry->policy.most_us; i++)
		wait_us *= 2;
	if (wait_us > retry->policy.most_us)
		wait_us = retry->policy.most_us;
	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = 0;
	return wait_us / 2 + chance % (wait_us / 2 + 1);
}

bool retry_next(struct retry *retry, enum retry_class class, bool met, uint64_t asked_us,
	uint64_t *ret_wait_us)
{
	uint64_t spent_us = clock_monotonic_us(retry->clock) - retry->started_us;
	uint64_t total_us = retry->policy.total_us, wait_us;

	retry->tries++;
	if (class == RETRY_NEVER || (class == RETRY_IF_MET && !met) ||
		(class == RETRY_SELDOM && retry->tries >= RETRY_FEW))
		return false;
	if (!met && total_us > RETRY_STRANGER_US)
		total_us = RETRY_STRANGER_US;
	wait_us = back_off(retry);
	if (asked_us > RETRY_ASKED_MAX_US)
		asked_us = RETRY_ASKED_MAX_US;
	if (wait_us < asked_us)
		wait_us = asked_us;
	if (spent_us >= total_us || wait_us > total_us - spent_us)
		return false;
	*ret_wait_us = wait_us;
	return true;
}

bool retry_wait(uint64_t wait_us, const volatile bool *stop)
{
	while (wait_us && !(stop && *stop)) {
		uint64_t slice_us = wait_us < SLICE_US ? wait_us : SLICE_US;

		usleep((useconds_t)slice_us);
		wait_us -= slice_us;
	}
	return !(stop && *stop);
}
