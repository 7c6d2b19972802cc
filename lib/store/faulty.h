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
	bool half; /* an upload's second half is lost and its commit says yes */
	bool lost_answer; /* a commit is done and fails with code all the same */
	bool twice; /* each object of a listing is told twice, and each commit made twice */
	uint64_t late_us; /* every call of those above takes so much longer */
	const volatile bool *silent; /* while true such a call does not end; may be NULL */
	unsigned calls; /* counted here */
};

/* Uploads are held in memory until they are committed. Borrows plan; takes inner, also on failure.
 */
int faulty_store_new(struct store *inner, struct faulty_plan *plan, struct store **ret,
	struct err *err) __attribute__((warn_unused_result));

#endif
