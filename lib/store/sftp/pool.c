#include "store/sftp/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/wait.h"

#define LINES 5
#define CONNECT_US (20 * 1000000ull)
#define IDLE_US (120 * 1000000ull)
#define IDLE_CUT_US (5 * 1000000ull) /* the same, where nobody waits for content any more */
#define WATCH_US 500000

struct pool {
	struct sftp_place place;
	struct pool_options options;
	char *config; /* owned, or NULL */
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	struct line *idle[POOL_LINES_MAX + 1]; /* owned */
	struct line *busy[POOL_LINES_MAX + 1]; /* owned by who runs; the watch looks at them */
	unsigned idle_count, lines; /* lines: idle, busy and being made */
	unsigned longs; /* requests that have a line, but for brief ones */
	bool met, ending;
	pthread_t watch;
	bool has_watch;
};

static void watch_look(struct pool *pool)
{
	uint64_t now_us = clock_monotonic_us(&clock_system);
	uint64_t idle_us = pool->options.idle_us;

	if (pool->options.cut && *pool->options.cut && idle_us > IDLE_CUT_US)
		idle_us = IDLE_CUT_US;

	for (unsigned i = 0; i < POOL_LINES_MAX + 1; i++) {
		struct line *line = pool->busy[i];
		uint64_t asked_us = line ? __atomic_load_n(&line->asked_us, __ATOMIC_RELAXED) : 0;

		if (!asked_us || now_us < asked_us || now_us - asked_us < idle_us)
			continue;
		__atomic_store_n(&line->cut, true, __ATOMIC_RELAXED);
		(void)shutdown(ssh_get_fd(line->ssh), SHUT_RDWR);
	}
}

static void *watch_run(void *context)
{
	struct pool *pool = context;

	pthread_mutex_lock(&pool->mutex);
	while (!pool->ending) {
		watch_look(pool);
		(void)wait_for(&pool->changed, &pool->mutex, WATCH_US);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

int pool_new(struct sftp_place *place, const struct pool_options *options, struct pool **ret,
	struct err *err)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return err_oom(err);
	pthread_mutex_init(&pool->mutex, NULL);
	wait_init(&pool->changed);
	pool->options = *options;
	pool->options.config = NULL;
	if (!options->lines || options->lines > POOL_LINES_MAX)
		pool->options.lines = options->lines ? POOL_LINES_MAX : LINES;
	if (!options->connect_us)
		pool->options.connect_us = CONNECT_US;
	if (!options->idle_us)
		pool->options.idle_us = IDLE_US;
	pool->config = options->config ? strdup(options->config) : NULL;
	pool->has_watch = pthread_create(&pool->watch, NULL, watch_run, pool) == 0;
	if ((options->config && !pool->config) || !pool->has_watch) {
		pool_free(pool);
		return err_oom(err);
	}
	pool->place = *place;
	*place = (struct sftp_place){0};
	*ret = pool;
	return 0;
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->ending = true;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	if (pool->has_watch)
		pthread_join(pool->watch, NULL);
	for (unsigned i = 0; i < pool->idle_count; i++)
		line_free(pool->idle[i]);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->mutex);
	sftp_place_done(&pool->place);
	free(pool->config);
	free(pool);
}

/* With the mutex held. */
static void set_busy(struct pool *pool, struct line *from, struct line *to)
{
	for (unsigned i = 0; i < POOL_LINES_MAX + 1; i++)
		if (pool->busy[i] == from) {
			pool->busy[i] = to;
			return;
		}
}

/* One line more than there may be is for brief requests. */
static bool must_wait(const struct pool *pool, bool brief)
{
	return (!brief && pool->longs >= pool->options.lines) ||
	       (!pool->idle_count && pool->lines > pool->options.lines);
}

static int take(struct pool *pool, bool brief, struct line **ret, enum retry_class *ret_class,
	struct err *err)
{
	struct line *line = NULL;
	int r = 0;

	pthread_mutex_lock(&pool->mutex);
	while (must_wait(pool, brief))
		pthread_cond_wait(&pool->changed, &pool->mutex);
	pool->longs += !brief;
	if (pool->idle_count)
		line = pool->idle[--pool->idle_count];
	else
		pool->lines++;
	if (line)
		set_busy(pool, NULL, line);
	pthread_mutex_unlock(&pool->mutex);
	if (line) {
		*ret = line;
		return 0;
	}
	r = line_open(&pool->place, pool->config, pool->options.connect_us, &line, ret_class, err);
	pthread_mutex_lock(&pool->mutex);
	if (r < 0) {
		pool->lines--;
		pool->longs -= !brief;
		pthread_cond_broadcast(&pool->changed);
	} else {
		pool->met = true;
		set_busy(pool, NULL, line);
		*ret = line;
	}
	pthread_mutex_unlock(&pool->mutex);
	return r;
}

static void give(struct pool *pool, bool brief, struct line *line)
{
	bool broken;

	line_rest(line);
	pthread_mutex_lock(&pool->mutex);
	set_busy(pool, line, NULL);
	pool->longs -= !brief;
	broken = line->broken || line->cut;
	if (broken)
		pool->lines--;
	else
		pool->idle[pool->idle_count++] = line;
	pthread_cond_broadcast(&pool->changed);
	pthread_mutex_unlock(&pool->mutex);
	if (broken)
		line_free(line);
}

int pool_run(struct pool *pool, bool brief, pool_work_fn *work, void *context, struct err *err)
{
	enum retry_class class;
	struct retry retry;
	uint64_t wait_us;
	int r;

	retry_start(&retry, &pool->options.retry, &clock_system);
	for (;;) {
		struct line *line;

		r = take(pool, brief, &line, &class, err);
		if (r >= 0) {
			r = work(line, context, err);
			class = r < 0 && line->broken ? RETRY_HEALS : RETRY_NEVER;
			give(pool, brief, line);
			if (class == RETRY_NEVER)
				return r;
		}
		if (!retry_next(&retry, class, __atomic_load_n(&pool->met, __ATOMIC_RELAXED), 0,
			    &wait_us))
			break;
		if (!retry_wait(wait_us, pool->options.stop))
			return err_set(err, ERR_SYSTEM, ECANCELED, "wait for server: stopped");
	}
	return retry.tries > 1 ? err_wrap(err, "given up after %u tries", retry.tries) : r;
}
