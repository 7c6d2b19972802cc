/* Goes through a snapshot in the order in which it is restored, without restoring anything: to
 * tell early what will be needed. */
#ifndef NEXUS_ARCHIVE_RESTORE_SCOUT_H
#define NEXUS_ARCHIVE_RESTORE_SCOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "archive/filter.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "repo/repository.h"
#include "repo/tree.h"

struct scout_options {
	const struct filter *includes, *excludes; /* borrowed; no includes: all */
	int root_fd; /* borrowed: the target; -1: it is not looked at */
};

/* One node. */
struct scout_found {
	const struct node *node; /* borrowed until the next call */
	uint64_t key; /* see scout_key */
	bool wanted; /* it is no folder, and to be restored */
	bool there; /* something of its name is in the target; st tells what */
	struct stat st;
};

struct scout;

/* Borrows repository and what options point to. */
int scout_new(struct repository *repository, const struct id *tree,
	const struct scout_options *options, struct scout **ret, struct err *err)
	__attribute__((warn_unused_result));
void scout_free(struct scout *scout);
CLEANUP_DEFINE(scout, struct scout *, scout_free);
#define cleanup_scout CLEANUP(scout)

/* The next node, each once: 1 and *ret, or 0 at the end. What can't be read is passed over: who
 * restores it will tell. */
int scout_next(struct scout *scout, struct scout_found *ret);

/* Tells a place in a snapshot from others: the number of a node in its tree. Equal trees that
 * stand in two places have equal keys. */
uint64_t scout_key(const struct id *tree, uint64_t number);

#endif
