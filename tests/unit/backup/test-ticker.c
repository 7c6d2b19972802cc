#include "backup/common/ticker.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <time.h>

#include "../unit.h"
#include "base/wait.h"

#define EVERY_US 1000
#define LONG_US (3600 * 1000000ull)

/* What the ticker calls, and who waits for it. */
struct watched {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned ticks, running;
	bool hold, held; /* a call is to last; one does */
	pthread_t thread; /* that called */
};

static void init(struct watched *watched)
{
	*watched = (struct watched){.ticks = 0};
	pthread_mutex_init(&watched->mutex, NULL);
	wait_init(&watched->changed);
}

static void done(struct watched *watched)
{
	pthread_cond_destroy(&watched->changed);
	pthread_mutex_destroy(&watched->mutex);
}

static void on_tick(void *context)
{
	struct watched *watched = context;

	pthread_mutex_lock(&watched->mutex);
	watched->ticks++;
	watched->running++;
	watched->thread = pthread_self();
	watched->held = watched->hold;
	pthread_cond_broadcast(&watched->changed);
	while (watched->hold)
		pthread_cond_wait(&watched->changed, &watched->mutex);
	watched->held = false;
	watched->running--;
	pthread_mutex_unlock(&watched->mutex);
}

static void wait_for_ticks(struct watched *watched, unsigned count)
{
	pthread_mutex_lock(&watched->mutex);
	while (watched->ticks < count)
		pthread_cond_wait(&watched->changed, &watched->mutex);
	pthread_mutex_unlock(&watched->mutex);
}

/* They come while this thread does nothing but wait, again and again, and then no more. */
START_TEST(ticks_while_waiting)
{
	struct ticker *ticker = NULL, *other = NULL;
	struct watched watched, others;
	struct err err = ERR_INIT;
	unsigned count;

	init(&watched);
	init(&others);
	ck_assert_int_eq(ticker_start(EVERY_US, on_tick, &watched, &ticker, &err), 0);
	wait_for_ticks(&watched, 5);
	ck_assert(!pthread_equal(watched.thread, pthread_self()));
	ticker_stop(ticker);
	count = watched.ticks;
	ck_assert_int_eq(ticker_start(EVERY_US, on_tick, &others, &other, &err), 0);
	wait_for_ticks(&others, 5);
	ticker_stop(other);
	ck_assert_uint_eq(watched.ticks, count);
	done(&watched);
	done(&others);
}
END_TEST

/* Long enough for another thread to come to where it waits. */
static void let_wait(struct watched *watched)
{
	pthread_mutex_lock(&watched->mutex);
	while (wait_for(&watched->changed, &watched->mutex, 20000))
		continue;
	pthread_mutex_unlock(&watched->mutex);
}

/* The first comes when the time has gone, and stopping does not wait for it. */
START_TEST(stops_at_once)
{
	struct ticker *ticker = NULL;
	struct watched watched;
	struct err err = ERR_INIT;
	time_t started = time(NULL);

	init(&watched);
	ck_assert_int_eq(ticker_start(LONG_US, on_tick, &watched, &ticker, &err), 0);
	let_wait(&watched);
	ticker_stop(ticker);
	ck_assert_uint_eq(watched.ticks, 0);
	ck_assert_int_lt(time(NULL) - started, 60);
	ticker_stop(NULL);
	done(&watched);
}
END_TEST

struct stopping {
	struct ticker *ticker;
	struct watched *watched;
	bool done_while_running;
};

static void *stop(void *context)
{
	struct stopping *stopping = context;

	ticker_stop(stopping->ticker);
	pthread_mutex_lock(&stopping->watched->mutex);
	stopping->done_while_running = stopping->watched->running;
	pthread_mutex_unlock(&stopping->watched->mutex);
	return NULL;
}

/* What a call uses may be freed after stopping: it waits for a call that lasts. */
START_TEST(waits_for_a_call)
{
	struct watched watched;
	struct stopping stopping = {.watched = &watched};
	struct err err = ERR_INIT;
	pthread_t thread;

	init(&watched);
	watched.hold = true;
	ck_assert_int_eq(ticker_start(EVERY_US, on_tick, &watched, &stopping.ticker, &err), 0);
	pthread_mutex_lock(&watched.mutex);
	while (!watched.held)
		pthread_cond_wait(&watched.changed, &watched.mutex);
	pthread_mutex_unlock(&watched.mutex);
	ck_assert_int_eq(pthread_create(&thread, NULL, stop, &stopping), 0);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	pthread_mutex_lock(&watched.mutex);
	watched.hold = false;
	pthread_cond_broadcast(&watched.changed);
	pthread_mutex_unlock(&watched.mutex);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(!stopping.done_while_running);
	ck_assert_uint_eq(watched.ticks, 1);
	done(&watched);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("ticker");

	tcase_add_test(tcase, ticks_while_waiting);
	tcase_add_test(tcase, stops_at_once);
	tcase_add_test(tcase, waits_for_a_call);
	return unit_main("ticker", tcase);
}
