/* The list that a store far away makes of its answer before it calls anybody, so that whoever is
 * called may use the store, and an answer that comes in pieces counts once: 40 bytes an object. */
#ifndef NEXUS_STORE_NAMES_H
#define NEXUS_STORE_NAMES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#define STORE_NAMES_MAX 20000000 /* objects of one type */

struct store_names {
	struct buf buf; /* owned */
};

#define STORE_NAMES_INIT ((struct store_names){{.max = (size_t)STORE_NAMES_MAX * 40}})

/* Adds an object; what is no name is left out. -EFBIG past STORE_NAMES_MAX. */
int store_names_add(struct store_names *names, const char *name, uint64_t size_bytes,
	struct err *err) __attribute__((warn_unused_result));
/* Calls fn for each; a negative return ends it and is handed on. */
int store_names_visit(const struct store_names *names, store_list_fn *fn, void *context,
	struct err *err) __attribute__((warn_unused_result));
void store_names_done(struct store_names *names);

static inline void cleanup_store_names_fn(struct store_names *names)
{
	int saved = errno;

	store_names_done(names);
	errno = saved;
}
#define cleanup_store_names __attribute__((cleanup(cleanup_store_names_fn)))

#endif
