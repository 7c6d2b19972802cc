/* Snapshots: which tree, of what, when, by whom. */
#ifndef NEXUS_REPO_SNAPSHOT_H
#define NEXUS_REPO_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/id.h"
#include "repo/tree.h"

#define SNAPSHOT_MAX (16u << 20) /* bytes of JSON */

struct snapshot_summary {
	struct node_time backup_start, backup_end;
	uint64_t files_new, files_changed, files_unmodified;
	uint64_t dirs_new, dirs_changed, dirs_unmodified;
	uint64_t data_blobs, tree_blobs, data_added, data_added_packed; /* the last two: bytes */
	uint64_t total_files_processed, total_bytes_processed;
};

struct snapshot {
	struct id id; /* of its file; not within it */
	struct node_time time;
	int32_t time_offset_s; /* of the zone that time was written in, east is positive */
	bool has_parent, has_original, has_summary;
	struct id parent, original, tree;
	struct str_list paths, excludes, tags; /* owned */
	char *hostname, *username, *program_version; /* owned, or NULL */
	uint32_t uid, gid;
	struct snapshot_summary summary;
};

/* ret is initialised here; the caller calls snapshot_done. -EBADMSG. */
int snapshot_parse(const void *text, size_t size, struct snapshot *ret, struct err *err)
	__attribute__((warn_unused_result));
/* Appends the JSON. */
int snapshot_format(const struct snapshot *snapshot, struct buf *ret, struct err *err)
	__attribute__((warn_unused_result));
void snapshot_done(struct snapshot *snapshot);

/* Negative, 0 or positive as a is before, at or after b. */
int node_time_compare(const struct node_time *a, const struct node_time *b);

static inline void cleanup_snapshot_fn(struct snapshot *snapshot)
{
	int saved = errno;

	snapshot_done(snapshot);
	errno = saved;
}
#define cleanup_snapshot __attribute__((cleanup(cleanup_snapshot_fn)))

#endif
