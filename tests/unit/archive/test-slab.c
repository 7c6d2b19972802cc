#include "archive/slab/slab.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

#define POOL_MAX 16 /* slabs; more are not made */

static struct slab_pool *make(unsigned count)
{
	struct slab_pool *pool = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(slab_pool_new(count, &pool, &err), 0);
	return pool;
}

/* Each is its own memory, empty, to its last byte. */
START_TEST(distinct)
{
	cleanup_slab_pool struct slab_pool *pool = make(3);
	struct slab *slabs[3];

	for (int i = 0; i < 3; i++) {
		slabs[i] = slab_get(pool);
		ck_assert_uint_eq(slabs[i]->used, 0);
		slabs[i]->data[0] = (uint8_t)(i + 1);
		slabs[i]->data[SLAB_SIZE - 1] = (uint8_t)(i + 1);
	}
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(slabs[i]->data[0], i + 1);
		ck_assert_int_eq(slabs[i]->data[SLAB_SIZE - 1], i + 1);
		slab_unref(slabs[i]);
	}
}
END_TEST

/* One that comes back is empty again. */
START_TEST(again)
{
	cleanup_slab_pool struct slab_pool *pool = make(1);
	struct slab *slab = slab_get(pool);

	slab->used = 100;
	slab_unref(slab);
	ck_assert_ptr_eq(slab_get(pool), slab);
	ck_assert_uint_eq(slab->used, 0);
	slab_unref(slab);
	slab_unref(NULL);
	slab_pool_free(NULL);
}
END_TEST

struct waiter {
	struct slab_pool *pool;
	atomic_int tid;
	atomic_bool given, early;
	struct slab *slab;
};

static void *wait_for_slab(void *context)
{
	struct waiter *waiter = context;

	atomic_store(&waiter->tid, gettid());
	waiter->slab = slab_get(waiter->pool);
	atomic_store(&waiter->early, !atomic_load(&waiter->given));
	return NULL;
}

/* The thread's state in /proc is S as soon as it waits, and there is none when it has ended. */
static void until_it_waits(struct waiter *waiter)
{
	char path[64], line[128], state = 'R';

	while (!atomic_load(&waiter->tid))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&waiter->tid));
	while (state != 'S') {
		cleanup_fclose FILE *file = fopen(path, "re");

		if (!file || !fgets(line, sizeof(line), file))
			return;
		state = *(strrchr(line, ')') + 2);
	}
}

/* Who finds none waits for the last reference of one, not for the first. */
START_TEST(wait)
{
	cleanup_slab_pool struct slab_pool *pool = make(2);
	struct slab *first = slab_get(pool), *second = slab_get(pool);
	struct waiter waiter = {.pool = pool};
	pthread_t thread;

	slab_ref(second);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_slab, &waiter), 0);
	until_it_waits(&waiter);
	slab_unref(second);
	until_it_waits(&waiter);
	atomic_store(&waiter.given, true);
	slab_unref(second);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(!atomic_load(&waiter.early));
	ck_assert_ptr_eq(waiter.slab, second);
	ck_assert_ptr_ne(waiter.slab, first);
	slab_unref(waiter.slab);
	slab_unref(first);
}
END_TEST

START_TEST(limit)
{
	cleanup_slab_pool struct slab_pool *pool = make(POOL_MAX + 1);
	struct slab *slabs[POOL_MAX];
	struct waiter waiter = {.pool = pool};
	pthread_t thread;

	for (int i = 0; i < POOL_MAX; i++)
		slabs[i] = slab_get(pool);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_slab, &waiter), 0);
	until_it_waits(&waiter);
	atomic_store(&waiter.given, true);
	slab_unref(slabs[POOL_MAX - 1]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert(!atomic_load(&waiter.early));
	ck_assert_ptr_eq(waiter.slab, slabs[POOL_MAX - 1]);
	for (int i = 0; i < POOL_MAX; i++)
		slab_unref(slabs[i]);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("slab");

	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, distinct);
	tcase_add_test(tcase, again);
	tcase_add_test(tcase, wait);
	tcase_add_test(tcase, limit);
	return unit_main("slab", tcase);
}
