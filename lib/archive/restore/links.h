/* Files with several names: which were restored already, and further names for them. */
#ifndef NEXUS_ARCHIVE_RESTORE_LINKS_H
#define NEXUS_ARCHIVE_RESTORE_LINKS_H

#include "base/err.h"
#include "repo/tree.h"

#define LINKS_SLOTS 4096u

struct link;

/* Zeroed is empty. */
struct links {
	struct link *slots[LINKS_SLOTS]; /* owned */
};

void links_done(struct links *links);

/* The first name of the file that node is, or NULL; borrowed. */
const struct link *links_find(const struct links *links, const struct node *node);

/* path: of the first name, from the target. fd: the file; -1 in a dry run. */
int links_add(struct links *links, const struct node *node, const char *path, int fd,
	struct err *err) __attribute__((warn_unused_result));

/* Makes a further name of a file. That the first name still leads to it, and to nothing outside,
 * is looked at afterwards: somebody may have moved folders meanwhile. */
int links_make(const struct link *link, int root_fd, int dir_fd, const char *name, struct err *err)
	__attribute__((warn_unused_result));

#endif
