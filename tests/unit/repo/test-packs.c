#include "repo/packs.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "store/faulty.h"
#include "store/memory.h"

#define BLOB_SIZE (4u << 20) /* bytes, four of which are a full pack */
#define BLOBS 40

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};

struct making {
	struct store *store; /* owned */
	struct faulty_plan plan;
	struct blob_codec *codec; /* owned */
	struct packs packs;
	unsigned full; /* packs that were handed out */
};

static void make(struct making *making)
{
	struct store *memory = NULL;
	struct err err = ERR_INIT;

	*making = (struct making){.plan = {.code = EIO}};
	ck_assert_int_eq(memory_store_new(&memory, &err), 0);
	ck_assert_int_eq(faulty_store_new(memory, &making->plan, &making->store, &err), 0);
	ck_assert_int_eq(blob_codec_new(&key, 3, &making->codec, &err), 0);
	packs_init(&making->packs, making->store);
}

static void done(struct making *making)
{
	packs_done(&making->packs);
	blob_codec_free(making->codec);
	store_close(making->store);
}

/* Puts a blob of its own kind; returns its stored bytes. A full pack is made durable. */
static size_t put(struct making *making, enum blob_type type, uint8_t number, size_t size)
{
	cleanup_free uint8_t *data = calloc(1, size);
	cleanup_pack_writer struct pack_writer *full = NULL;
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id, pack;

	ck_assert_ptr_nonnull(data);
	data[0] = number;
	ck_assert_int_eq(blob_id(making->codec, data, size, &id, &err), 0);
	ck_assert_int_eq(
		blob_seal(making->codec, type, false, false, data, size, &sealed, &err), 0);
	ck_assert_int_eq(packs_put(&making->packs, type, &id, &sealed, &full, &err), 0);
	if (full) {
		making->full++;
		ck_assert_int_eq(packs_finish(&making->packs, making->codec, full, &pack, &err), 0);
	}
	return sealed.size;
}

static int count_one(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)name;
	(void)size;
	(void)err;
	++*(unsigned *)context;
	return 0;
}

/* Data goes to both packs of it, full ones are handed out, and the rest is taken at the end. */
START_TEST(fills)
{
	struct pack_writer *writer;
	struct making making;
	struct err err = ERR_INIT;
	unsigned left = 0, there = 0;
	struct id pack;

	make(&making);
	for (uint8_t i = 0; i < BLOBS; i++)
		put(&making, BLOB_DATA, i, BLOB_SIZE);
	ck_assert_uint_ge(making.full, BLOBS / 4 - 2);
	ck_assert_uint_le(making.full, BLOBS / 4);
	while ((writer = packs_take(&making.packs))) {
		left++;
		ck_assert_int_eq(packs_finish(&making.packs, making.codec, writer, &pack, &err), 0);
		pack_writer_free(writer);
	}
	ck_assert_uint_le(left, 2);
	ck_assert_uint_eq(making.packs.unsaved_bytes, 0);
	ck_assert_int_eq(store_list(making.store, STORE_PACK, count_one, &there, &err), 0);
	ck_assert_uint_eq(there, making.full + left);
	done(&making);
}
END_TEST

/* What is not durable is counted, until it is; trees stand alone. */
START_TEST(counts)
{
	struct pack_writer *writer;
	struct making making;
	struct err err = ERR_INIT;
	struct id pack;
	size_t count, data, tree;

	make(&making);
	data = put(&making, BLOB_DATA, 1, 1000);
	tree = put(&making, BLOB_TREE, 2, 500);
	ck_assert_uint_eq(making.packs.unsaved_bytes, data + tree);
	writer = packs_take(&making.packs);
	ck_assert_ptr_nonnull(writer);
	ck_assert_int_eq(pack_writer_entries(writer, &count)[0].type, BLOB_DATA);
	ck_assert_uint_eq(count, 1);
	making.plan.fail_at = making.plan.calls + 1;
	ck_assert_int_eq(packs_finish(&making.packs, making.codec, writer, &pack, &err), -EIO);
	ck_assert_uint_eq(making.packs.unsaved_bytes, data + tree);
	pack_writer_free(writer);
	making.plan.fail_at = 0;
	writer = packs_take(&making.packs);
	ck_assert_int_eq(pack_writer_entries(writer, &count)[0].type, BLOB_TREE);
	ck_assert_int_eq(packs_finish(&making.packs, making.codec, writer, &pack, &err), 0);
	ck_assert_uint_eq(making.packs.unsaved_bytes, data);
	pack_writer_free(writer);
	ck_assert_ptr_null(packs_take(&making.packs));
	done(&making);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("packs");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, fills);
	tcase_add_test(tcase, counts);
	return unit_main("packs", tcase);
}
