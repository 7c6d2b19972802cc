/* A disk's partition table, as sfdisk reads it. */
#ifndef NEXUS_HW_TABLE_H
#define NEXUS_HW_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HW_TABLE_PARTS_MAX 128
#define HW_TABLE_SECTOR 512u

struct hw_table_part {
	unsigned number; /* from 1 */
	uint64_t start, size; /* sectors of 512 bytes */
	char name[40]; /* the GPT's name, made fit for a terminal; "" without one */
	char type[40]; /* GUID in capitals, or MBR type */
	char uuid[40]; /* "" without one */
};

struct hw_table {
	char label[16]; /* "gpt", "dos", ...; "" without a table */
	size_t count;
	struct hw_table_part parts[HW_TABLE_PARTS_MAX];
};

/* Reads the output of "sfdisk --json". device is the path that sfdisk was given. -EBADMSG;
 * -E2BIG past HW_TABLE_PARTS_MAX. Partitions stand in the order of their numbers. */
int hw_table_parse(const char *text, size_t size, const char *device, struct hw_table *ret,
	struct err *err) __attribute__((warn_unused_result));

/* Asks blkid and sfdisk about a disk or image file. No table is no error: the label is "". */
int hw_table_read(const char *path, struct hw_table *ret, struct err *err)
	__attribute__((warn_unused_result));

/* The partition of that name or number, borrowed; NULL if there is none. */
const struct hw_table_part *hw_table_find(const struct hw_table *table, const char *name);
const struct hw_table_part *hw_table_number(const struct hw_table *table, unsigned number);

#endif
