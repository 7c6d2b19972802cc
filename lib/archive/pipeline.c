#include "archive/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#define THREADS_MAX 16
#define QUEUE_SIZE 256 /* jobs */
#define BATCH_BYTES (2u << 20) /* of jobs that are handed out together */
#define BATCH_MIN 8u /* as many are not shared out among the workers */

struct pipeline {
	pthread_mutex_t mutex;
	pthread_cond_t work_there, room_there, idle;
	struct pipeline_job queue[QUEUE_SIZE];
	size_t first, count;
	unsigned busy; /* workers that run a job */
	bool ending, failed;
	struct err failure;

	pipeline_work_fn *work;
	void *context; /* borrowed */
	struct blob_codec *codecs[THREADS_MAX]; /* owned */
	pthread_t threads[THREADS_MAX];
	unsigned started;

	pthread_t aside;
	bool has_aside, aside_stop;
	pipeline_aside_fn *aside_fn;
	void *aside_context;
};

struct worker {
	struct pipeline *pipeline;
	struct blob_codec *codec;
};

/* Takes the first job and what waits behind it: as long as it is not much, and so that something
 * is left for the other workers. Returns how many. */
static size_t take_jobs(struct pipeline *pipeline, struct pipeline_job *ret)
{
	size_t share = pipeline->count / (pipeline->started ? pipeline->started : 1);
	size_t max = share < BATCH_MIN ? BATCH_MIN : share, n = 0, bytes = 0;

	if (max > PIPELINE_BATCH_MAX)
		max = PIPELINE_BATCH_MAX;
	do {
		bytes += pipeline->queue[pipeline->first].size;
		ret[n++] = pipeline->queue[pipeline->first];
		pipeline->first = (pipeline->first + 1) % QUEUE_SIZE;
		pipeline->count--;
	} while (pipeline->count && n < max &&
		 bytes + pipeline->queue[pipeline->first].size <= BATCH_BYTES);
	return n;
}

/* Called with the mutex held; releases it while the jobs run. */
static void run_some(struct pipeline *pipeline, struct blob_codec *codec)
{
	struct pipeline_job jobs[PIPELINE_BATCH_MAX];
	size_t count = take_jobs(pipeline, jobs);
	struct err err = ERR_INIT;
	bool failed = pipeline->failed;
	int r;

	pipeline->busy++;
	pthread_cond_signal(&pipeline->room_there);
	pthread_mutex_unlock(&pipeline->mutex);
	r = pipeline->work(jobs, count, codec, failed, pipeline->context, &err);
	pthread_mutex_lock(&pipeline->mutex);
	pipeline->busy--;
	if (r < 0 && !pipeline->failed) {
		pipeline->failed = true;
		pipeline->failure = err;
	}
	if (!pipeline->busy && !pipeline->count)
		pthread_cond_broadcast(&pipeline->idle);
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	struct pipeline *pipeline = worker->pipeline;

	pthread_mutex_lock(&pipeline->mutex);
	for (;;) {
		while (!pipeline->count && !pipeline->ending)
			pthread_cond_wait(&pipeline->work_there, &pipeline->mutex);
		if (!pipeline->count)
			break;
		run_some(pipeline, worker->codec);
	}
	pthread_mutex_unlock(&pipeline->mutex);
	free(worker);
	return NULL;
}

/* Signals are the main thread's affair, but for the fault of a page that this one reads. */
static int start_thread(pthread_t *ret, void *(*fn)(void *), void *argument, struct err *err)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret, NULL, fn, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? err_errno(err, r, "start thread") : 0;
}

static int start_worker(struct pipeline *pipeline, struct repository *repository, struct err *err)
{
	unsigned number = pipeline->started;
	struct worker *worker = malloc(sizeof(*worker));
	int r;

	if (!worker)
		return err_oom(err);
	r = repository_codec_new(repository, &pipeline->codecs[number], err);
	*worker = (struct worker){pipeline, pipeline->codecs[number]};
	if (r >= 0)
		r = start_thread(&pipeline->threads[number], worker_main, worker, err);
	if (r < 0) {
		free(worker);
		return r;
	}
	pipeline->started++;
	return 0;
}

static unsigned default_threads(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count + 1 > 8 ? 8 : (unsigned)count + 1;
}

int pipeline_new(struct repository *repository, unsigned threads, pipeline_work_fn *work,
	void *context, struct pipeline **ret, struct err *err)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	int r = 0;

	if (!pipeline)
		return err_oom(err);
	pipeline->work = work;
	pipeline->context = context;
	pthread_mutex_init(&pipeline->mutex, NULL);
	pthread_cond_init(&pipeline->work_there, NULL);
	pthread_cond_init(&pipeline->room_there, NULL);
	pthread_cond_init(&pipeline->idle, NULL);
	if (!threads)
		threads = default_threads();
	for (unsigned i = 0; r >= 0 && i < threads && i < THREADS_MAX; i++)
		r = start_worker(pipeline, repository, err);
	if (r < 0) {
		pipeline_free(pipeline);
		return r;
	}
	*ret = pipeline;
	return 0;
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	pthread_mutex_lock(&pipeline->mutex);
	if (pipeline->count && !pipeline->failed) {
		pipeline->failed = true;
		err_set(&pipeline->failure, ERR_SYSTEM, ECANCELED, "stop: asked to");
	}
	pipeline->ending = true;
	pthread_cond_broadcast(&pipeline->work_there);
	pthread_mutex_unlock(&pipeline->mutex);
	for (unsigned i = 0; i < pipeline->started; i++)
		pthread_join(pipeline->threads[i], NULL);
	if (pipeline->has_aside) {
		__atomic_store_n(&pipeline->aside_stop, true, __ATOMIC_RELAXED);
		pthread_join(pipeline->aside, NULL);
	}
	for (unsigned i = 0; i < THREADS_MAX; i++)
		blob_codec_free(pipeline->codecs[i]);
	pthread_cond_destroy(&pipeline->work_there);
	pthread_cond_destroy(&pipeline->room_there);
	pthread_cond_destroy(&pipeline->idle);
	pthread_mutex_destroy(&pipeline->mutex);
	free(pipeline);
}

int pipeline_push(struct pipeline *pipeline, const struct pipeline_job *job, struct err *err)
{
	struct err ignored = ERR_INIT;
	int r = 0;

	pthread_mutex_lock(&pipeline->mutex);
	while (pipeline->count == QUEUE_SIZE && !pipeline->failed)
		pthread_cond_wait(&pipeline->room_there, &pipeline->mutex);
	if (pipeline->failed) {
		*err = pipeline->failure;
		r = -err->code;
	} else {
		pipeline->queue[(pipeline->first + pipeline->count) % QUEUE_SIZE] = *job;
		pipeline->count++;
		pthread_cond_signal(&pipeline->work_there);
	}
	pthread_mutex_unlock(&pipeline->mutex);
	if (r < 0)
		pipeline->work(job, 1, NULL, true, pipeline->context, &ignored);
	return r;
}

int pipeline_drain(struct pipeline *pipeline, struct err *err)
{
	int r = 0;

	pthread_mutex_lock(&pipeline->mutex);
	while (pipeline->count || pipeline->busy)
		pthread_cond_wait(&pipeline->idle, &pipeline->mutex);
	if (pipeline->failed) {
		*err = pipeline->failure;
		r = -err->code;
	}
	pthread_mutex_unlock(&pipeline->mutex);
	return r;
}

static void *aside_main(void *argument)
{
	struct pipeline *pipeline = argument;

	pipeline->aside_fn(pipeline->aside_context, &pipeline->aside_stop);
	return NULL;
}

int pipeline_aside(struct pipeline *pipeline, pipeline_aside_fn *fn, void *context, struct err *err)
{
	int r;

	if (pipeline->has_aside)
		return err_set(err, ERR_BUG, EBUSY, "start thread: one is running");
	pipeline->aside_fn = fn;
	pipeline->aside_context = context;
	r = start_thread(&pipeline->aside, aside_main, pipeline, err);
	pipeline->has_aside = r >= 0;
	return r;
}
