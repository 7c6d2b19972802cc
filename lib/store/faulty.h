/* A store in front of another one that fails when told, for tests of what happens then. */
#ifndef NEXUS_STORE_FAULTY_H
#define NEXUS_STORE_FAULTY_H

#include "store/store.h"

struct faulty_plan {
	/* The nth call (from 1) of any of append, commit, read and remove, and every later one,
	 * fails with code. 0: never. */
	unsigned fail_at;
	int code; /* positive errno, e.g. ENOSPC */
	bool short_reads; /* reads give the wrong bytes at their end, without an error */
	unsigned calls; /* counted here */
};

/* Borrows plan; takes inner, also on failure. */
int faulty_store_new(struct store *inner, struct faulty_plan *plan, struct store **ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
