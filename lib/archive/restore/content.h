/* The content of one file on disk: written, compared, mended. */
#ifndef NEXUS_ARCHIVE_RESTORE_CONTENT_H
#define NEXUS_ARCHIVE_RESTORE_CONTENT_H

#include <stdbool.h>

#include "archive/restore/feed.h"
#include "base/buf.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/tree.h"

struct content {
	struct repository *repository; /* borrowed */
	struct feed *feed; /* borrowed: what comes early; may be NULL */
	struct buf blob;
	/* After each chunk, with its bytes; a negative return ends what is done. */
	int (*tick)(void *context, uint64_t bytes, struct err *err);
	void *context;
};

void content_init(struct content *content, struct repository *repository,
	int (*tick)(void *context, uint64_t bytes, struct err *err), void *context);
void content_done(struct content *content);

/* Fills the empty file fd; blocks of zeros stay holes. -EBADMSG if it comes out at another size
 * than its entry says. */
int content_write(struct content *content, int fd, const struct node *node, struct err *err)
	__attribute__((warn_unused_result));

/* Compares the file fd chunk by chunk with the node. With mend what differs is written, and its
 * size set. Returns 0 if all was right, 1 if not, or negative. */
int content_compare(struct content *content, int fd, const struct node *node, bool mend,
	struct err *err) __attribute__((warn_unused_result));

/* -EBADMSG if anything differs. */
int content_verify(struct content *content, int fd, const struct node *node, struct err *err)
	__attribute__((warn_unused_result));

#endif
