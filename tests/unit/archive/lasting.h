/* A store in memory that outlives the repositories that are opened on it, as a disk does. */
#ifndef NEXUS_TESTS_UNIT_ARCHIVE_LASTING_H
#define NEXUS_TESTS_UNIT_ARCHIVE_LASTING_H

#include <check.h>

#include "repo/repository.h"
#include "store/faulty.h"
#include "store/memory.h"

struct lasting {
	struct store *store;
	const struct store_ops *own;
	struct store_ops ops;
};

static inline void lasting_keep(struct store *store)
{
	(void)store;
}

#define LASTING_POLYNOMIAL 0x3da3358b4dc173 /* of all: they cut alike */

/* With a repository in it, its password is "p". */
static inline void lasting_make(struct lasting *ret)
{
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(memory_store_new(&ret->store, &err), 0);
	ret->own = ret->store->ops;
	ret->ops = *ret->own;
	ret->ops.close = lasting_keep;
	ret->store->ops = &ret->ops;
	ck_assert_int_eq(repository_init(ret->store, "p", LASTING_POLYNOMIAL, NULL, &id, &err), 0);
}

static inline void lasting_drop(struct lasting *lasting)
{
	lasting->store->ops = lasting->own;
	store_close(lasting->store);
}

/* Opens it, behind a faulty store when plan is not NULL; the index is loaded. */
static inline int lasting_open(
	struct lasting *lasting, struct faulty_plan *plan, struct repository **ret, struct err *err)
{
	struct store *store = lasting->store;
	struct repository *repository;
	int r = plan ? faulty_store_new(lasting->store, plan, &store, err) : 0;

	if (r >= 0)
		r = repository_open(store, "p", NULL, &repository, err);
	if (r < 0)
		return r;
	r = repository_load_index(repository, NULL, err);
	if (r < 0)
		repository_close(repository);
	else
		*ret = repository;
	return r;
}

#endif
