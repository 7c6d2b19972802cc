/* Lets content come before it is needed: goes ahead of the restore through the snapshot, and
 * announces (see ahead.h) what files will want, but not what stands in the target already. Every
 * function takes NULL: then nothing comes early. */
#ifndef NEXUS_ARCHIVE_RESTORE_FEED_H
#define NEXUS_ARCHIVE_RESTORE_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/restore/scout.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/repository.h"

struct feed_options {
	struct scout_options scout;
	bool keeps; /* files that are there are not touched */
	/* As ahead_options has them. */
	int (*wait)(void *context, struct err *err);
	void *context;
};

struct feed;

int feed_new(struct repository *repository, const struct id *tree,
	const struct feed_options *options, struct feed **ret, struct err *err)
	__attribute__((warn_unused_result));
void feed_free(struct feed *feed);
CLEANUP_DEFINE(feed, struct feed *, feed_free);
#define cleanup_feed CLEANUP(feed)

/* The file of that key (see scout_key) is restored next, and is done with. */
void feed_begin(struct feed *feed, uint64_t key);
void feed_end(struct feed *feed);

/* A blob of the file, in its order: as ahead_take. */
int feed_take(struct feed *feed, const struct id *id, const uint8_t **ret_data, size_t *ret_size,
	struct err *err) __attribute__((warn_unused_result));

/* Whether the one who restores the file announces what it needs of it: it is there, and only
 * part of it may be wanted. Such a file stops the rest until it is done with. */
bool feed_is_asked(const struct feed *feed);
/* A blob of such a file. False: take those announced first. */
bool feed_ask(struct feed *feed, const struct id *id);

/* A tree could not be gone through: files that were announced may not come. */
void feed_lost(struct feed *feed);

#endif
