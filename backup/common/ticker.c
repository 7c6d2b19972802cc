#include "backup/common/ticker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#define SECOND_NS 1000000000ull

struct ticker {
	uint64_t every_us;
	ticker_fn *fn;
	void *context; /* borrowed */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool ending; /* guarded by the mutex */
};

/* With the mutex held. */
static void wait_some(struct ticker *ticker)
{
	struct timespec until;
	uint64_t ns;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = (uint64_t)until.tv_nsec + ticker->every_us % 1000000 * 1000;
	until.tv_sec += (time_t)(ticker->every_us / 1000000 + ns / SECOND_NS);
	until.tv_nsec = (long)(ns % SECOND_NS);
	while (!ticker->ending && r == 0)
		r = pthread_cond_timedwait(&ticker->ended, &ticker->mutex, &until);
}

static void *ticker_run(void *context)
{
	struct ticker *ticker = context;

	pthread_mutex_lock(&ticker->mutex);
	for (;;) {
		wait_some(ticker);
		if (ticker->ending)
			break;
		pthread_mutex_unlock(&ticker->mutex);
		ticker->fn(ticker->context);
		pthread_mutex_lock(&ticker->mutex);
	}
	pthread_mutex_unlock(&ticker->mutex);
	return NULL;
}

static void ticker_free(struct ticker *ticker)
{
	pthread_cond_destroy(&ticker->ended);
	pthread_mutex_destroy(&ticker->mutex);
	free(ticker);
}

int ticker_start(
	uint64_t every_us, ticker_fn *fn, void *context, struct ticker **ret, struct err *err)
{
	struct ticker *ticker = calloc(1, sizeof(*ticker));
	pthread_condattr_t monotonic;
	sigset_t all, before;
	int r;

	if (!ticker)
		return err_oom(err);
	ticker->every_us = every_us;
	ticker->fn = fn;
	ticker->context = context;
	pthread_mutex_init(&ticker->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&ticker->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sigfillset(&all);
	sigdelset(&all, SIGBUS); /* see pipeline.c */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&ticker->thread, NULL, ticker_run, ticker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		ticker_free(ticker);
		return err_errno(err, r, "start thread");
	}
	*ret = ticker;
	return 0;
}

void ticker_stop(struct ticker *ticker)
{
	if (!ticker)
		return;
	pthread_mutex_lock(&ticker->mutex);
	ticker->ending = true;
	pthread_cond_signal(&ticker->ended);
	pthread_mutex_unlock(&ticker->mutex);
	pthread_join(ticker->thread, NULL);
	ticker_free(ticker);
}
