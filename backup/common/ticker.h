/* Something that is done every now and then by a thread of its own, whatever the others wait for:
 * an upload, a disk, a server that does not answer. */
#ifndef NEXUS_BACKUP_COMMON_TICKER_H
#define NEXUS_BACKUP_COMMON_TICKER_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct ticker;

/* Runs in the thread. Must not stop the ticker that it belongs to. */
typedef void ticker_fn(void *context);

/* Calls fn for the first time when every_us (at least 1) have gone, and so on: from the end of
 * one call to the next. context is borrowed. Signals stay the other threads' affair. */
int ticker_start(uint64_t every_us, ticker_fn *fn, void *context, struct ticker **ret,
	struct err *err) __attribute__((warn_unused_result));
/* Waits for a call that is going on; there is none after it. Takes ticker; NULL is fine. */
void ticker_stop(struct ticker *ticker);
CLEANUP_DEFINE(ticker, struct ticker *, ticker_stop);
#define cleanup_ticker CLEANUP(ticker)

#endif
