#include "backup/common/ticker.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/wait.h"

struct ticker {
	uint64_t every_us;
	ticker_fn *fn;
	void *context; /* borrowed */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t ended;
	bool ending; /* guarded by the mutex */
};

static void *ticker_run(void *context)
{
	struct ticker *ticker = context;

	pthread_mutex_lock(&ticker->mutex);
	for (;;) {
		while (!ticker->ending &&
			wait_for(&ticker->ended, &ticker->mutex, ticker->every_us))
			continue;
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
	sigset_t all, before;
	int r;

	if (!ticker)
		return err_oom(err);
	ticker->every_us = every_us;
	ticker->fn = fn;
	ticker->context = context;
	pthread_mutex_init(&ticker->mutex, NULL);
	wait_init(&ticker->ended);
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
