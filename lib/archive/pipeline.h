/* The threads that work: a pool of workers behind a queue with a bound. Each worker has a
 * codec of its own. Short jobs that wait are handed out several at once, as hashing them side by
 * side is cheaper. The first failure stops the pool; jobs still queued are then handed to the work
 * function with failed set, so that what they own is released. */
#ifndef NEXUS_ARCHIVE_PIPELINE_H
#define NEXUS_ARCHIVE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/repository.h"

/* One job, copied into the queue; what its members mean is up to the work function. */
struct pipeline_job {
	void *owner;
	void *part;
	const uint8_t *data;
	size_t size;
	uint32_t number;
};

#define PIPELINE_BATCH_MAX 32u /* jobs */

/* Runs in a worker. jobs: count of them, 1 to PIPELINE_BATCH_MAX. failed: only release what they
 * own. A negative return stops the pool; all of the jobs must be dealt with then, too. */
typedef int pipeline_work_fn(const struct pipeline_job *jobs, size_t count,
	struct blob_codec *codec, bool failed, void *context, struct err *err);

struct pipeline;

/* threads 0: one more than the processors that we may use, so that a worker that waits for the
 * disk leaves none idle. Borrows repository and context. */
int pipeline_new(struct repository *repository, unsigned threads, pipeline_work_fn *work,
	void *context, struct pipeline **ret, struct err *err) __attribute__((warn_unused_result));
/* Stops the workers (see failed) and waits for them. NULL is fine. */
void pipeline_free(struct pipeline *pipeline);
CLEANUP_DEFINE(pipeline, struct pipeline *, pipeline_free);
#define cleanup_pipeline CLEANUP(pipeline)

/* Queues a job; waits while the queue is full. After a failure the job is released by the
 * caller's own work function at once, and the failure is returned. */
int pipeline_push(struct pipeline *pipeline, const struct pipeline_job *job, struct err *err)
	__attribute__((warn_unused_result));

/* Waits until every job is done. Returns the first failure, if any. */
int pipeline_drain(struct pipeline *pipeline, struct err *err) __attribute__((warn_unused_result));

/* Runs fn beside the pool in a thread of its own, until it returns; stop tells it that nobody
 * waits any more. At most one at a time; pipeline_free joins it. */
typedef void pipeline_aside_fn(void *context, const bool *stop);
int pipeline_aside(struct pipeline *pipeline, pipeline_aside_fn *fn, void *context, struct err *err)
	__attribute__((warn_unused_result));

#endif
