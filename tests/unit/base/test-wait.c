#include "base/wait.h"

#include <time.h>

#include "../unit.h"

#define LONG_US (3600 * 1000000ull)

struct waiting {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool came;
};

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void init(struct waiting *waiting)
{
	*waiting = (struct waiting){.mutex = PTHREAD_MUTEX_INITIALIZER};
	wait_init(&waiting->changed);
}

/* Nobody signals: as long as it was asked for, also over the end of a second, and not for ever. */
static const uint64_t times_us[] = {1, 999, 20000, 1000000};

START_TEST(ends)
{
	uint64_t began_us = now_us(), took_us;
	struct waiting waiting;

	init(&waiting);
	pthread_mutex_lock(&waiting.mutex);
	while (wait_for(&waiting.changed, &waiting.mutex, times_us[_i]))
		continue;
	pthread_mutex_unlock(&waiting.mutex);
	took_us = now_us() - began_us;
	ck_assert_uint_ge(took_us, times_us[_i]);
	ck_assert_uint_lt(took_us, times_us[_i] + 60 * 1000000);
}
END_TEST

static void *come(void *context)
{
	struct waiting *waiting = context;

	pthread_mutex_lock(&waiting->mutex);
	waiting->came = true;
	pthread_cond_signal(&waiting->changed);
	pthread_mutex_unlock(&waiting->mutex);
	return NULL;
}

/* Who is signalled goes on at once, and is told so. */
START_TEST(is_signalled)
{
	struct waiting waiting;
	pthread_t thread;
	bool signalled = true;

	init(&waiting);
	pthread_mutex_lock(&waiting.mutex);
	ck_assert_int_eq(pthread_create(&thread, NULL, come, &waiting), 0);
	while (!waiting.came && signalled)
		signalled = wait_for(&waiting.changed, &waiting.mutex, LONG_US);
	pthread_mutex_unlock(&waiting.mutex);
	ck_assert(signalled);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("wait");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, ends, 0, COUNT(times_us));
	tcase_add_test(tcase, is_signalled);
	return unit_main("wait", tcase);
}
