/* Lines of a list in another order than they come in. Their texts stand in a file without a name
 * (in TMPDIR, or /var/tmp); in memory are some 40 bytes of each. */
#ifndef NEXUS_BACKUP_SHOW_ORDER_H
#define NEXUS_BACKUP_SHOW_ORDER_H

#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "repo/tree.h"

/* By what; those that are alike by path. */
enum order_by {
	ORDER_BY_NAME, /* as they come */
	ORDER_BY_SIZE,
	ORDER_BY_MODIFIED,
	ORDER_BY_ACCESSED,
	ORDER_BY_CHANGED,
	ORDER_BY_EXTENSION, /* of the name, with its dot; "" for none */
};

struct order;

/* "name", "size", "time" or "mtime", "atime", "ctime", "extension". -EINVAL (kind config). */
int order_parse(const char *text, enum order_by *ret, struct err *err)
	__attribute__((warn_unused_result));

int order_new(enum order_by by, bool reverse, struct order **ret, struct err *err)
	__attribute__((warn_unused_result));
void order_free(struct order *order);
CLEANUP_DEFINE(order, struct order *, order_free);
#define cleanup_order CLEANUP(order)

/* Takes a line (text) down for a node; path ends with its name. The node is not kept. */
int order_add(struct order *order, const struct node *node, const char *path, const char *text,
	struct err *err) __attribute__((warn_unused_result));

/* Prints all lines, each with a newline. Nothing may be added then. */
int order_print(struct order *order, FILE *stream, struct err *err)
	__attribute__((warn_unused_result));

#endif
