/* Blobs for the tests of this room: made from a number, so that what comes back can be told. */
#ifndef NEXUS_TESTS_UNIT_ARCHIVE_RESTORE_BLOBS_H
#define NEXUS_TESTS_UNIT_ARCHIVE_RESTORE_BLOBS_H

#include "../archive/nodes.h"
#include "../unit.h"
#include "base/clock.h"

static inline void blobs_fill(uint8_t *data, size_t size, uint64_t number)
{
	uint64_t state = number;

	for (size_t i = 0; i < size; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		data[i] = (uint8_t)(state >> 56);
	}
}

static inline struct id blobs_save(struct repository *repository, uint64_t number, size_t size)
{
	cleanup_free uint8_t *data = malloc(size + 1);
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_ptr_nonnull(data);
	blobs_fill(data, size, number);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 data, size, &id, &added, &err),
		0);
	return id;
}

static inline void blobs_flush(struct repository *repository)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
}

static inline bool blobs_is(const uint8_t *data, size_t size, uint64_t number, size_t expected)
{
	cleanup_free uint8_t *good = malloc(expected + 1);

	ck_assert_ptr_nonnull(good);
	blobs_fill(good, expected, number);
	return size == expected && memcmp(data, good, size) == 0;
}

static inline void blobs_damage(
	struct repository *repository, struct store *store, const struct id *id)
{
	struct blob_location location;
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];
	struct id pack;

	ck_assert(repository_place_blob(repository, BLOB_DATA, id, &pack, &location));
	id_format(&pack, name);
	ck_assert_int_eq(
		memory_store_damage(store, STORE_PACK, name, location.offset + 20, &err), 0);
}

/* --- Reads of packs that are watched --- */

#define BLOBS_SLOW_US 10000

/* A read of one tree that fails. */
struct blobs_fault {
	struct id pack;
	uint32_t offset; /* of the tree in it */
	unsigned left; /* reads until it fails, with that one; 0: none does */
};

static struct blobs_watch {
	const struct store_ops *plain;
	struct store_ops ops;
	unsigned calls, now, most; /* reads: all, at a time */
	uint64_t bytes, bytes_now, bytes_most;
	unsigned together; /* reads wait until so many were under way */
	unsigned patience_ms; /* but not longer */
	const bool *shut; /* reads wait as long as it is true */
	bool fails;
	unsigned fail_at; /* only this read fails; 0: none */
	unsigned slow; /* reads that took BLOBS_SLOW_US or more */
	unsigned trees, tree_fail_at; /* reads of trees, and the one that fails; 0: none */
	struct blobs_fault tree_faults[2];
} blobs_watch;

static inline unsigned blobs_enter(size_t size)
{
	struct blobs_watch *watch = &blobs_watch;
	unsigned now = __atomic_add_fetch(&watch->now, 1, __ATOMIC_SEQ_CST);
	uint64_t bytes = __atomic_add_fetch(&watch->bytes_now, size, __ATOMIC_SEQ_CST);

	__atomic_add_fetch(&watch->bytes, size, __ATOMIC_SEQ_CST);
	for (unsigned most = __atomic_load_n(&watch->most, __ATOMIC_SEQ_CST); now > most;)
		if (__atomic_compare_exchange_n(
			    &watch->most, &most, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
	for (uint64_t most = __atomic_load_n(&watch->bytes_most, __ATOMIC_SEQ_CST); bytes > most;)
		if (__atomic_compare_exchange_n(&watch->bytes_most, &most, bytes, false,
			    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
	return __atomic_add_fetch(&watch->calls, 1, __ATOMIC_SEQ_CST);
}

static inline int blobs_read(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	struct blobs_watch *watch = &blobs_watch;
	uint64_t began = clock_monotonic_us(&clock_system);
	unsigned call = blobs_enter(size);
	int r;

	for (unsigned i = 0; i < watch->patience_ms; i++) {
		bool shut = watch->shut && __atomic_load_n(watch->shut, __ATOMIC_SEQ_CST);

		if (!shut && __atomic_load_n(&watch->most, __ATOMIC_SEQ_CST) >= watch->together)
			break;
		usleep(1000);
	}
	r = watch->fails || call == watch->fail_at
		    ? err_set(err, ERR_NETWORK, ECONNRESET, "the connection broke")
		    : watch->plain->read(store, type, name, offset, ret, size, err);
	if (clock_monotonic_us(&clock_system) - began >= BLOBS_SLOW_US)
		__atomic_add_fetch(&watch->slow, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&watch->bytes_now, size, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&watch->now, 1, __ATOMIC_SEQ_CST);
	return r;
}

static inline int blobs_read_often(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	bool fails = ++blobs_watch.trees == blobs_watch.tree_fail_at;

	for (size_t i = 0; i < COUNT(blobs_watch.tree_faults); i++) {
		struct blobs_fault *fault = &blobs_watch.tree_faults[i];
		char pack[ID_TEXT_SIZE];

		id_format(&fault->pack, pack);
		if (fault->left && offset == fault->offset && strcmp(name, pack) == 0)
			fails |= !--fault->left;
	}
	if (fails)
		return err_set(err, ERR_NETWORK, ECONNRESET, "the connection broke");
	return blobs_watch.plain->read(store, type, name, offset, ret, size, err);
}

/* The so manieth read of a tree from now on fails: 1 is the next. */
static inline struct blobs_fault blobs_tree_fault(
	struct repository *repository, const struct id *tree, unsigned number)
{
	struct blobs_fault fault = {.left = number};
	struct blob_location location;

	ck_assert(repository_place_blob(repository, BLOB_TREE, tree, &fault.pack, &location));
	fault.offset = location.offset;
	return fault;
}

/* From now on reads of store are counted: those of content. */
static inline void blobs_watch_start(struct store *store)
{
	blobs_watch =
		(struct blobs_watch){.plain = store->ops, .ops = *store->ops, .patience_ms = 20000};
	blobs_watch.ops.read = blobs_read;
	blobs_watch.ops.read_often = blobs_read_often;
	store->ops = &blobs_watch.ops;
}

#endif
