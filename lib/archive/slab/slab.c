#include "archive/slab/slab.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SLABS_MAX 16

struct slab_pool {
	pthread_mutex_t mutex;
	pthread_cond_t freed;
	struct slab slabs[SLABS_MAX];
	unsigned count;
};

int slab_pool_new(unsigned count, struct slab_pool **ret, struct err *err)
{
	struct slab_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return err_oom(err);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->freed, NULL);
	for (; pool->count < count && pool->count < SLABS_MAX; pool->count++) {
		void *data = mmap(NULL, SLAB_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (data == MAP_FAILED) {
			slab_pool_free(pool);
			return err_oom(err);
		}
		pool->slabs[pool->count] = (struct slab){.data = data, .pool = pool};
	}
	*ret = pool;
	return 0;
}

void slab_pool_free(struct slab_pool *pool)
{
	if (!pool)
		return;
	for (unsigned i = 0; i < pool->count; i++)
		munmap(pool->slabs[i].data, SLAB_SIZE);
	pthread_cond_destroy(&pool->freed);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

static struct slab *find_free(struct slab_pool *pool)
{
	for (unsigned i = 0; i < pool->count; i++)
		if (!pool->slabs[i].references)
			return &pool->slabs[i];
	return NULL;
}

struct slab *slab_get(struct slab_pool *pool)
{
	struct slab *slab;

	pthread_mutex_lock(&pool->mutex);
	while (!(slab = find_free(pool)))
		pthread_cond_wait(&pool->freed, &pool->mutex);
	slab->references = 1;
	slab->used = 0;
	pthread_mutex_unlock(&pool->mutex);
	return slab;
}

void slab_ref(struct slab *slab)
{
	pthread_mutex_lock(&slab->pool->mutex);
	slab->references++;
	pthread_mutex_unlock(&slab->pool->mutex);
}

void slab_unref(struct slab *slab)
{
	if (!slab)
		return;
	pthread_mutex_lock(&slab->pool->mutex);
	if (!--slab->references)
		pthread_cond_signal(&slab->pool->freed);
	pthread_mutex_unlock(&slab->pool->mutex);
}

void slab_pool_trim(struct slab_pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	for (unsigned i = 0; i < pool->count; i++)
		if (!pool->slabs[i].references)
			(void)madvise(pool->slabs[i].data, SLAB_SIZE, MADV_DONTNEED);
	pthread_mutex_unlock(&pool->mutex);
}
