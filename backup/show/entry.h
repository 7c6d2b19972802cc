/* A node of a tree as people and programs read it, in restic's ways. */
#ifndef NEXUS_BACKUP_SHOW_ENTRY_H
#define NEXUS_BACKUP_SHOW_ENTRY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "repo/tree.h"

#define ENTRY_MODE_SIZE 24

/* "drwxr-xr-x", in Go's letters: L for a link, D for a device, u and g for setuid and setgid. */
void entry_format_mode(const struct node *node, char ret[ENTRY_MODE_SIZE]);

/* Appends a line, without its end: the path alone, or with mode, owner, size and time before it.
 * Control characters in it become '?'. human: sizes with units. */
int entry_add_line(struct buf *ret, const struct node *node, const char *path, bool is_long,
	bool human, struct err *err) __attribute__((warn_unused_result));

/* Append the JSON object of a node as `ls --json` and as `find --json` have it. */
int entry_add_ls(struct buf *ret, const struct node *node, const char *path, struct err *err)
	__attribute__((warn_unused_result));
int entry_add_find(struct buf *ret, const struct node *node, const char *path, struct err *err)
	__attribute__((warn_unused_result));
/* The same for ncdu, without the closing brace's line. */
int entry_add_ncdu(struct buf *ret, const struct node *node, struct err *err)
	__attribute__((warn_unused_result));

#endif
