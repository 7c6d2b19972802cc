/* A bundle from an http or https address into a folder of the box. What came stays there when the
 * fetch breaks off, for whatever reason, and the next one from the same address goes on. */
#ifndef NEXUS_AGENT_UPDATE_FETCH_H
#define NEXUS_AGENT_UPDATE_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/retry.h"

#define FETCH_PIECE (1u << 20) /* bytes of one request: at most so many are lost by a break */
#define FETCH_RESERVE (32u << 20) /* bytes that must stay free */

/* Tells how far it is; bytes. */
typedef void fetch_progress_fn(void *context, uint64_t done, uint64_t total);

struct fetch {
	const char *folder; /* all borrowed */
	const char *url;
	uint64_t size; /* 0: not known */
	struct retry_policy retry;
	const volatile bool *stop;
	fetch_progress_fn *progress;
	void *context;
};

/* Makes the bundle complete in the folder; *ret_path is its owned path. -ENOSPC (kind space) when
 * it would not fit beside FETCH_RESERVE, -ECANCELED when stopped; -EINVAL (kind config) for an
 * address that is none, for another size than the one known, and for a server that can't send
 * parts; kind network for what may heal. Blocks. */
int fetch_bundle(const struct fetch *fetch, char **ret_path, struct err *err)
	__attribute__((warn_unused_result));

/* Removes what a fetch has left. */
void fetch_remove(const char *folder);

#endif
