/* Reading folders and what is in them, without following links. */
#ifndef NEXUS_ARCHIVE_WALK_H
#define NEXUS_ARCHIVE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "archive/filter.h"
#include "archive/progress.h"
#include "archive/reject.h"
#include "archive/target.h"
#include "base/err.h"
#include "base/str.h"
#include "repo/tree.h"

/* One thing in a folder, as it will stand in a tree. Zeroed is empty. */
struct walk_entry {
	char *name; /* owned */
	char *link_target; /* owned; of a symlink */
	struct stat st;
	const char *user, *group; /* borrowed from the name cache */
	struct node_xattr *xattrs; /* owned, one block with what it points to */
	size_t xattr_count;
	struct id *content; /* owned; NULL while it is put aside */
	size_t content_count;
	uint64_t content_at; /* in the folder's spill, bytes */
	struct id subtree;
	bool has_subtree;
	const char *text; /* borrowed: how it stands in the tree, instead of all this */
	size_t text_size; /* bytes */
};

void walk_entry_done(struct walk_entry *entry);

/* Fills everything of the entry but content and subtree. The file is name in the folder dir_fd;
 * name "." is the folder itself. here: dir_fd is the thread's current folder as well, which
 * makes attributes cheaper to find. Returns 0, or -ENOENT and the like. That attributes can't be
 * read is told in *ret_incomplete (ERR_NONE if all went well) and is no failure. */
struct walk_names;
int walk_entry_read(int dir_fd, const char *name, bool here, struct walk_names *names,
	struct walk_entry *entry, struct err *ret_incomplete, struct err *err)
	__attribute__((warn_unused_result));

/* A time of stat as the format has it. */
struct node_time walk_time(const struct timespec *ts);

/* The tree's view of an entry; borrows from it. */
void walk_entry_node(const struct walk_entry *entry, struct node *ret);

/* Names of users and groups, looked up once each. One thread. */
int walk_names_new(struct walk_names **ret, struct err *err) __attribute__((warn_unused_result));
void walk_names_free(struct walk_names *names);
/* "" if there is none; borrowed from names. */
const char *walk_names_user(struct walk_names *names, uid_t uid);
const char *walk_names_group(struct walk_names *names, gid_t gid);

/* The names in a folder, sorted by their bytes, without "." and "..". Does not move fd. */
int walk_list(int fd, struct str_list *ret, struct err *err) __attribute__((warn_unused_result));

/* Opens for reading without following a link at the end, and without touching the access time
 * where that is allowed. Returns the descriptor or negative errno. */
int walk_open(int dir_fd, const char *name, int flags) __attribute__((warn_unused_result));

/* Adds up files and bytes below the targets into progress, for its estimate. Ends early when
 * *stop. Errors are passed over: the backup tells them. */
void walk_count(const struct target *target, const struct filter *excludes,
	const struct reject *reject, struct progress *progress, const bool *stop);

#endif
