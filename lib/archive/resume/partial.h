/* Files that were being read when a backup was interrupted: what identifies each, how it was cut,
 * and the chunks of it that are stored. Every end of a chunk is a place where reading may begin
 * again: neither the chunker nor pages look at what is before. */
#ifndef NEXUS_ARCHIVE_RESUME_PARTIAL_H
#define NEXUS_ARCHIVE_RESUME_PARTIAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/id.h"
#include "repo/repository.h"
#include "repo/tree.h"

/* Files at a time: the one being read, and those of the checkpoint before that the walker has not
 * come to yet. What is too much is left out, and read again. */
#define PARTIALS_MAX 4u
/* Chunks of a file: 1.5 TB cut as restic does, 8 TB in pages. What comes behind them is read
 * again. Each takes 32 bytes in the file, and in memory until the walker comes there. */
#define PARTIAL_IDS_MAX (1u << 20)

struct partial {
	struct node file; /* size, inode, modified and changed when it was opened; NODE_FILE */
	char *path; /* owned: from the root */
	uint64_t page; /* bytes of each chunk; 0: the chunker says */
	struct id *ids; /* owned */
	size_t count;
};

/* Zeroed is empty. */
struct partials {
	struct partial items[PARTIALS_MAX];
	size_t count;
};

/* Empties it. */
void partials_done(struct partials *partials);

/* What is known of path, or NULL; borrowed. */
struct partial *partials_find(struct partials *partials, const char *path);
/* Forgets one of them. */
void partials_drop(struct partials *partials, struct partial *partial);

/* How far the file can be taken over unread: drops the ids behind the first whose blob is not in
 * the index (somebody pruned), and tells the bytes of those that stay; 0 if none do. */
uint64_t partial_trim(struct partial *partial, struct repository *repository);

/* All but the ids, as bytes. content tells the ids from others: the hash of them. */
int partial_format(const struct partial *partial, const struct id *content, struct buf *ret,
	struct err *err) __attribute__((warn_unused_result));
/* The way back; ids stays NULL, count says how many there are to be, and partials_done is to be
 * called. -EBADMSG. */
int partial_parse(const void *data, size_t size, struct partial *ret, struct id *ret_content,
	struct err *err) __attribute__((warn_unused_result));

static inline void cleanup_partials_fn(struct partials *partials)
{
	partials_done(partials);
}
#define cleanup_partials __attribute__((cleanup(cleanup_partials_fn)))

#endif
