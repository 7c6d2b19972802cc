/* Tables (see repo/sorted/table.h) of records that begin with an id, by which they are found, and
 * that never change. */
#ifndef NEXUS_REPO_ID_TABLE_H
#define NEXUS_REPO_ID_TABLE_H

#include "repo/id.h"
#include "repo/sorted/table.h"

/* The type of a table of such structs; record: "struct sum". */
#define ID_TABLE_TYPE(record)                                                                      \
	{                                                                                          \
		sizeof(record), id_table_compare, id_table_compare, id_table_is_settled            \
	}

static inline int id_table_compare(const void *a, const void *b)
{
	return id_compare(a, b);
}

static inline bool id_table_is_settled(const void *record)
{
	(void)record;
	return true;
}

#endif
