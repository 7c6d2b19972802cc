/* A few lines to one server, shared by threads: each request borrows one, made when it is
 * needed. A line that broke is replaced and the request made again, as lib/net's retry allows; a
 * watch cuts lines that do not answer. */
#ifndef NEXUS_STORE_SFTP_POOL_H
#define NEXUS_STORE_SFTP_POOL_H

#include <stdbool.h>

#include "base/err.h"
#include "net/retry.h"
#include "store/sftp/line.h"
#include "store/sftp/sftp_place.h"

#define POOL_LINES_MAX 64

struct pool;

struct pool_options {
	unsigned lines; /* 0: 5; at most POOL_LINES_MAX */
	const char *config; /* borrowed for pool_new; NULL: ~/.ssh/config */
	uint64_t connect_us; /* 0: 20 s */
	uint64_t idle_us; /* for one answer; 0: 120 s */
	struct retry_policy retry;
	/* Borrowed, or NULL: true ends waiting between tries; true ends, with ECANCELED, what is
	 * moving content. */
	const volatile bool *stop, *cut;
};

/* Takes the content of place. */
int pool_new(struct sftp_place *place, const struct pool_options *options, struct pool **ret,
	struct err *err) __attribute__((warn_unused_result));
/* No request may be under way. NULL is fine. */
void pool_free(struct pool *pool);

/* What one request does; may be called again after the line broke. */
typedef int pool_work_fn(struct line *line, void *context, struct err *err);

/* brief: it moves little, and gets a line of its own when the others are busy. */
int pool_run(struct pool *pool, bool brief, pool_work_fn *work, void *context, struct err *err)
	__attribute__((warn_unused_result));

#endif
