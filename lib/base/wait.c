#include "base/wait.h"

#include <errno.h>
#include <time.h>

#define SECOND_NS 1000000000ull

void wait_init(pthread_cond_t *cond)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

bool wait_for(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t us)
{
	struct timespec until;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + us % 1000000 * 1000;
	until.tv_sec += (time_t)(us / 1000000 + ns / SECOND_NS);
	until.tv_nsec = (long)(ns % SECOND_NS);
	return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT;
}
