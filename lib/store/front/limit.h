/* A store that moves only so many bytes a second. */
#ifndef NEXUS_STORE_FRONT_LIMIT_H
#define NEXUS_STORE_FRONT_LIMIT_H

#include "net/rate.h"
#include "store/store.h"

/* Takes inner, also on failure; borrows the others, each may be NULL. *cut true ends what is moved,
 * with ECANCELED. */
int limit_store_new(struct store *inner, struct rate *up, struct rate *down,
	const volatile bool *cut, struct store **ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
