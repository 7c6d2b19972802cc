/* A store in memory, for tests and for what need not last. */
#ifndef NEXUS_STORE_MEMORY_H
#define NEXUS_STORE_MEMORY_H

#include "store/store.h"

int memory_store_new(struct store **ret, struct err *err) __attribute__((warn_unused_result));

/* Turns one bit of a stored object, at offset bytes: for tests of damage. -ENOENT, -ERANGE. */
int memory_store_damage(struct store *store, enum store_type type, const char *name,
	uint64_t offset, struct err *err) __attribute__((warn_unused_result));

#endif
