#include "archive/restore/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "archive/pipeline.h"
#include "archive/restore/fetch.h"
#include "archive/slab/slab.h"
#include "base/wait.h"

#define WORKERS 6 /* one more than the connections that a store has by itself */
#define WORKERS_MAX 16 /* slabs that a pool has */
#define FAR_BYTES (1u << 20) /* stored, of a request */
#define NEAR_BYTES (256u << 10)
#define NEAR_AREA AHEAD_BLOB_MAX /* bytes of the window that are in use while the store is near */
#define SLOW_US 15000 /* an answer that takes longer comes from a disk that seeks, or from far */
#define SEND_PART 5 /* a part of the window; as much is announced before it is sent off */
#define KEEP FAR_BYTES /* bytes of a slab that stay in memory between requests */
#define JOB_SIZE (SIZE_MAX / 2) /* so long that a worker is given one request at a time */
#define WAIT_US 200000

/* A file that was announced. */
struct file {
	uint64_t key;
	uint64_t first; /* number of the first blob behind those of the files before */
};

/* Blobs are numbered as they are announced; number n stands in slot n % AHEAD_BLOBS. All below
 * freed are forgotten, below taken are handed out or dropped, below sent are on their way, below
 * added are announced. Plaintexts stand in the window in the same order, each in one piece. */
struct ahead {
	struct repository *repository; /* borrowed */
	struct ahead_options options;
	struct pipeline *pipeline; /* owned */
	struct slab_pool *slabs; /* owned: what is stored */
	uint8_t *window; /* owned, AHEAD_WINDOW bytes */
	uint64_t window_end; /* bytes ever given out in it */
	uint64_t freed, taken, sent, added;
	uint64_t unsent_bytes, used_bytes; /* plain: not sent off, not freed */
	struct fetch_blob refused; /* the last blob that there was no room for: it comes again */
	bool holds; /* blob taken - 1 is with the caller */
	struct file files[AHEAD_FILES];
	uint64_t file,
		files_added; /* the one that is written, or the next; numbered as blobs are */
	bool writing; /* file is the one that is written */
	struct fetch_blob *list[AHEAD_BLOBS]; /* scratch */

	pthread_mutex_t mutex; /* guards the states of blobs that are on their way, and: */
	pthread_cond_t came, room;
	uint64_t sealed_bytes; /* that are being read */
	uint64_t answers, slow_answers;
	bool far; /* atomic: many are slow */
	struct fetch_blob blobs[AHEAD_BLOBS];
};

static struct fetch_blob *blob_at(struct ahead *ahead, uint64_t number)
{
	return &ahead->blobs[number % AHEAD_BLOBS];
}

/* --- The workers --- */

/* Waits until so many bytes may be read, too: however many workers there are, it is not more. */
static void claim_bytes(struct ahead *ahead, uint64_t bytes)
{
	pthread_mutex_lock(&ahead->mutex);
	while (ahead->sealed_bytes && ahead->sealed_bytes + bytes > AHEAD_SEALED)
		pthread_cond_wait(&ahead->room, &ahead->mutex);
	ahead->sealed_bytes += bytes;
	pthread_mutex_unlock(&ahead->mutex);
}

/* From near to far one slow answer of four is enough; what was far stays so. */
static void note_answer(struct ahead *ahead, uint64_t asked_us)
{
	ahead->answers++;
	ahead->slow_answers += asked_us > SLOW_US;
	if (ahead->slow_answers * 4 >= ahead->answers)
		__atomic_store_n(&ahead->far, true, __ATOMIC_RELAXED);
}

static void finish(struct ahead *ahead, struct fetch_blob *first, uint64_t bytes, uint64_t asked_us)
{
	struct fetch_blob *next;

	pthread_mutex_lock(&ahead->mutex);
	note_answer(ahead, asked_us);
	for (struct fetch_blob *blob = first; blob; blob = next) {
		next = blob->next; /* after this the blob is the taker's */
		blob->state = blob->found;
	}
	ahead->sealed_bytes -= bytes;
	pthread_cond_broadcast(&ahead->room);
	pthread_cond_signal(&ahead->came);
	pthread_mutex_unlock(&ahead->mutex);
}

static void run_request(struct ahead *ahead, struct fetch_blob *first, struct blob_codec *codec)
{
	uint64_t bytes = fetch_size(first);
	struct slab *slab;
	uint64_t asked_us;

	claim_bytes(ahead, bytes);
	slab = slab_get(ahead->slabs);
	asked_us = fetch_run(repository_store(ahead->repository), codec, first, slab->data);
	if (bytes > KEEP)
		(void)madvise(slab->data + KEEP, SLAB_SIZE - KEEP, MADV_DONTNEED);
	slab_unref(slab);
	finish(ahead, first, bytes, asked_us);
}

static int run_requests(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec,
	bool failed, void *context, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < count; i++)
		if (!failed)
			run_request(context, jobs[i].owner, codec);
	return 0;
}

/* --- Making and ending --- */

int ahead_new(struct repository *repository, const struct ahead_options *options,
	struct ahead **ret, struct err *err)
{
	cleanup_ahead struct ahead *ahead = calloc(1, sizeof(*ahead));
	unsigned workers = options->workers ? options->workers : WORKERS;
	int r;

	if (!ahead)
		return err_oom(err);
	ahead->repository = repository;
	ahead->options = *options;
	ahead->far = options->far;
	pthread_mutex_init(&ahead->mutex, NULL);
	wait_init(&ahead->came);
	pthread_cond_init(&ahead->room, NULL);
	ahead->window = mmap(
		NULL, AHEAD_WINDOW, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ahead->window == MAP_FAILED) {
		ahead->window = NULL;
		return err_oom(err);
	}
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	r = slab_pool_new(workers, &ahead->slabs, err);
	if (r >= 0)
		r = pipeline_new(repository, workers, run_requests, ahead, &ahead->pipeline, err);
	if (r < 0)
		return r;
	*ret = TAKE(ahead);
	return 0;
}

void ahead_free(struct ahead *ahead)
{
	if (!ahead)
		return;
	pipeline_free(ahead->pipeline);
	slab_pool_free(ahead->slabs);
	if (ahead->window)
		munmap(ahead->window, AHEAD_WINDOW);
	pthread_cond_destroy(&ahead->came);
	pthread_cond_destroy(&ahead->room);
	pthread_mutex_destroy(&ahead->mutex);
	free(ahead);
}

/* --- Announcing --- */

/* Near, the window is small, so that what is decoded is still in the processor's cache when it is
 * written. */
static bool is_far(const struct ahead *ahead)
{
	return __atomic_load_n(&ahead->far, __ATOMIC_RELAXED);
}

/* Forgets what was handed out or dropped, up to the first blob that a worker still has. */
static void reclaim(struct ahead *ahead)
{
	uint64_t end = ahead->taken - ahead->holds;

	pthread_mutex_lock(&ahead->mutex);
	for (; ahead->freed < end; ahead->freed++) {
		const struct fetch_blob *blob = blob_at(ahead, ahead->freed);

		if (blob->state == FETCH_SENT)
			break;
		ahead->used_bytes -= blob_plain_size(&blob->location);
	}
	pthread_mutex_unlock(&ahead->mutex);
}

/* Finds room in the window; false: not now. */
static bool find_room(struct ahead *ahead, uint64_t size, uint64_t *ret_at)
{
	uint64_t max = is_far(ahead) ? AHEAD_WINDOW : AHEAD_NEAR;
	uint64_t area = is_far(ahead) ? AHEAD_WINDOW : NEAR_AREA;
	uint64_t at = ahead->window_end, start;

	if (at % AHEAD_WINDOW + size > area)
		at += AHEAD_WINDOW - at % AHEAD_WINDOW;
	start = ahead->freed == ahead->added ? at : blob_at(ahead, ahead->freed)->at;
	*ret_at = at;
	return ahead->added - ahead->freed < AHEAD_BLOBS && at + size - start <= AHEAD_WINDOW &&
	       (!ahead->used_bytes || ahead->used_bytes + size <= max);
}

bool ahead_announce_file(struct ahead *ahead, uint64_t key)
{
	if (ahead->files_added - ahead->file == AHEAD_FILES)
		return false;
	ahead->files[ahead->files_added++ % AHEAD_FILES] = (struct file){key, ahead->added};
	return true;
}

/* Where a blob stands; false: unknown, or too large. */
static bool find_blob(struct ahead *ahead, const struct id *id, struct fetch_blob *ret)
{
	*ret = (struct fetch_blob){.id = *id, .state = FETCH_NEW};
	if (id_equal(&ahead->refused.id, id) && ahead->refused.location.length) {
		*ret = ahead->refused;
		return true;
	}
	return repository_place_blob(
		       ahead->repository, BLOB_DATA, id, &ret->pack, &ret->location) &&
	       blob_plain_size(&ret->location) <= AHEAD_BLOB_MAX &&
	       ret->location.length <= AHEAD_BLOB_MAX;
}

bool ahead_announce(struct ahead *ahead, const struct id *id)
{
	struct err err = ERR_INIT;
	struct fetch_blob blob;
	uint64_t size;

	if (!find_blob(ahead, id, &blob))
		return true;
	size = blob_plain_size(&blob.location);
	if (!find_room(ahead, size, &blob.at)) {
		reclaim(ahead);
		if (!find_room(ahead, size, &blob.at)) {
			ahead->refused = blob;
			return false;
		}
	}
	blob.number = ahead->added;
	blob.plain = ahead->window + blob.at % AHEAD_WINDOW;
	ahead->window_end = blob.at + size;
	*blob_at(ahead, ahead->added++) = blob;
	ahead->unsent_bytes += size;
	ahead->used_bytes += size;
	/* A failure shows when the blobs are wanted. */
	if (ahead->unsent_bytes >= (is_far(ahead) ? AHEAD_WINDOW : AHEAD_NEAR) / SEND_PART ||
		ahead->added - ahead->sent >= AHEAD_BLOBS / SEND_PART)
		(void)!ahead_send(ahead, &err);
	return true;
}

int ahead_send(struct ahead *ahead, struct err *err)
{
	bool pays = blob_ids_pay(repository_codec(ahead->repository));
	size_t count = 0, requests;
	int r = 0;

	if (ahead->sent == ahead->added)
		return 0;
	pthread_mutex_lock(&ahead->mutex);
	for (; ahead->sent < ahead->added; ahead->sent++) {
		ahead->list[count] = blob_at(ahead, ahead->sent);
		ahead->list[count++]->state = FETCH_SENT;
	}
	pthread_mutex_unlock(&ahead->mutex);
	ahead->unsent_bytes = 0;
	requests = fetch_plan(ahead->list, count, is_far(ahead) || pays ? FAR_BYTES : NEAR_BYTES);
	for (size_t i = 0; r >= 0 && i < requests; i++) {
		const struct pipeline_job job = {.owner = ahead->list[i], .size = JOB_SIZE};

		r = pipeline_push(ahead->pipeline, &job, err);
	}
	return r;
}

/* --- Taking --- */

/* All below number are handed out or dropped; what is not on its way yet is never read. */
static void advance(struct ahead *ahead, uint64_t number)
{
	if (ahead->taken < number)
		ahead->taken = number;
	if (ahead->sent < ahead->taken)
		ahead->sent = ahead->taken;
}

/* The number behind the blobs of the file that is written. */
static uint64_t file_end(const struct ahead *ahead)
{
	return ahead->file + 1 < ahead->files_added
		       ? ahead->files[(ahead->file + 1) % AHEAD_FILES].first
		       : ahead->added;
}

bool ahead_begin(struct ahead *ahead, uint64_t key)
{
	ahead_end(ahead);
	for (uint64_t n = ahead->file; n < ahead->files_added; n++) {
		const struct file *file = &ahead->files[n % AHEAD_FILES];

		if (file->key != key)
			continue;
		advance(ahead, file->first);
		ahead->file = n;
		ahead->writing = true;
		return true;
	}
	return false;
}

void ahead_end(struct ahead *ahead)
{
	ahead->holds = false;
	if (!ahead->writing)
		return;
	advance(ahead, file_end(ahead));
	ahead->file++;
	ahead->writing = false;
}

void ahead_clear(struct ahead *ahead)
{
	ahead_end(ahead);
	advance(ahead, ahead->added);
	ahead->file = ahead->files_added;
}

bool ahead_is_empty(const struct ahead *ahead)
{
	return ahead->files_added - ahead->file == (ahead->writing ? 1u : 0u);
}

/* Waits until the worker is done with a blob; the mutex is held. */
static int wait_for_blob(struct ahead *ahead, const struct fetch_blob *blob, struct err *err)
{
	int r = 0;

	while (r >= 0 && blob->state == FETCH_SENT) {
		if (wait_for(&ahead->came, &ahead->mutex, WAIT_US) || !ahead->options.wait)
			continue;
		pthread_mutex_unlock(&ahead->mutex);
		r = ahead->options.wait(ahead->options.context, err);
		pthread_mutex_lock(&ahead->mutex);
	}
	return r;
}

int ahead_take(struct ahead *ahead, const struct id *id, const uint8_t **ret_data, size_t *ret_size,
	struct err *err)
{
	uint64_t number = ahead->taken, end = ahead->writing ? file_end(ahead) : 0;
	struct fetch_blob *blob;
	int r = 0;

	ahead->holds = false;
	while (number < end && !id_equal(&blob_at(ahead, number)->id, id))
		number++;
	if (number >= end)
		return 0;
	advance(ahead, number);
	if (number >= ahead->sent)
		r = ahead_send(ahead, err);
	blob = blob_at(ahead, number);
	pthread_mutex_lock(&ahead->mutex);
	if (r >= 0)
		r = wait_for_blob(ahead, blob, err);
	ahead->taken++;
	if (r >= 0 && blob->state == FETCH_READY) {
		*ret_data = blob->plain;
		*ret_size = blob_plain_size(&blob->location);
		r = 1;
	}
	ahead->holds = r == 1;
	pthread_mutex_unlock(&ahead->mutex);
	return r;
}
