#include "repo/stream/pack_check.h"

#include <errno.h>

#include "../unit.h"
#include "repo/pack.h"
#include "store/memory.h"

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};

#define BLOBS_MAX 20000u /* PACK_ENTRIES_MAX */

/* A pack in a store of its own, and what an index says of it. */
struct packed {
	struct store *store;
	struct blob_codec *codec;
	struct pack_check reader;
	struct id id;
	uint64_t size;
	struct index_entry *entries;
	size_t count;
};

static void fill(uint8_t *data, size_t size, uint64_t state)
{
	for (size_t i = 0; i < size; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		data[i] = (uint8_t)(state >> 56);
	}
}

static size_t lying; /* number from 1 of the blob that is not what its id says; 0: none */

static void add(struct packed *packed, struct pack_writer *writer, enum blob_type type, size_t size)
{
	cleanup_free uint8_t *data = malloc(size + 1);
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_ptr_nonnull(data);
	fill(data, size, packed->count++);
	ck_assert_int_eq(blob_id(packed->codec, data, size, &id, &err), 0);
	ck_assert_int_eq(blob_seal(packed->codec, type, true, false, data, size, &sealed, &err), 0);
	if (packed->count == lying)
		id.bytes[0] ^= 1;
	ck_assert_int_eq(pack_writer_add(writer, type, &id, &sealed, &err), 0);
}

static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

static void make_of(struct packed *packed, enum blob_type type, const size_t *sizes, size_t count)
{
	struct pack_writer *writer = NULL;
	const struct pack_entry *entries;
	struct err err = ERR_INIT;

	*packed = (struct packed){.entries = calloc(BLOBS_MAX, sizeof(*packed->entries))};
	ck_assert_ptr_nonnull(packed->entries);
	ck_assert_int_eq(memory_store_new(&packed->store, &err), 0);
	ck_assert_int_eq(store_create(packed->store, &err), 0);
	ck_assert_int_eq(blob_codec_new(&key, 1, &packed->codec, &err), 0);
	ck_assert_int_eq(pack_writer_new(packed->store, &writer, &err), 0);
	for (size_t i = 0; i < count; i++)
		add(packed, writer, type, sizes[i % 8]);
	ck_assert_int_eq(pack_writer_finish(writer, packed->codec, &packed->id, &err), 0);
	entries = pack_writer_entries(writer, &packed->count);
	packed->size = pack_writer_overhead(writer);
	for (size_t i = 0; i < packed->count; i++) {
		packed->entries[i] = (struct index_entry){.id = entries[i].id,
			.is_tree = type == BLOB_TREE,
			.location = entries[i].location};
		packed->size += entries[i].location.length;
	}
	pack_writer_free(writer);
	ck_assert_int_eq(pack_check_init(&packed->reader, packed->store, &large, &err), 0);
}

static void make(struct packed *packed, const size_t *sizes, size_t count)
{
	make_of(packed, BLOB_DATA, sizes, count);
}

static void done(struct packed *packed)
{
	pack_check_done(&packed->reader);
	blob_codec_free(packed->codec);
	store_close(packed->store);
	free(packed->entries);
}

static int read_pack(struct packed *packed, size_t count, struct err *err)
{
	*err = ERR_INIT;
	return pack_check_read(&packed->reader, packed->codec, &packed->id, packed->size,
		packed->entries, count, err);
}

/* Small blobs, large ones, and one that many pieces are read for. */
static const size_t sizes[8] = {100, 5 << 20, 0, 1 << 20, 3, 1500000, 700000, 30};

static void damage(struct packed *packed, uint64_t offset)
{
	struct err err = ERR_INIT;
	char name[ID_TEXT_SIZE];

	id_format(&packed->id, name);
	ck_assert_int_eq(memory_store_damage(packed->store, STORE_PACK, name, offset, &err), 0);
}

START_TEST(one_bit)
{
	struct packed packed;
	struct err err;

	make_of(&packed, _i ? BLOB_TREE : BLOB_DATA, sizes, 8);
	ck_assert_msg(read_pack(&packed, packed.count, &err) == 0, "%s", err.text);
	for (unsigned i = 0; i <= 40; i++) {
		uint64_t offset = (packed.size - 1) * i / 40;

		damage(&packed, offset);
		ck_assert_int_eq(read_pack(&packed, packed.count, &err), -EBADMSG);
		ck_assert_str_eq(err.text, "pack's hash is another");
		damage(&packed, offset);
	}
	ck_assert_int_eq(read_pack(&packed, packed.count, &err), 0);
	ck_assert_uint_lt(packed.reader.bytes.allocated, 4 << 20);
	ck_assert_uint_lt(packed.reader.plain.allocated, 5 << 20);
	/* It is whole, but called otherwise, or longer than it is. */
	packed.size++;
	ck_assert_int_lt(read_pack(&packed, packed.count, &err), 0);
	done(&packed);
}
END_TEST

/* Pack and index agree on the name of a blob, but it is another's. */
START_TEST(wrong_blob)
{
	struct packed packed;
	struct err err;

	for (lying = 1; lying <= 8; lying++) {
		make_of(&packed, _i ? BLOB_TREE : BLOB_DATA, sizes, 8);
		ck_assert_int_eq(read_pack(&packed, packed.count, &err), -EBADMSG);
		done(&packed);
	}
	lying = 0;
}
END_TEST

static const struct store_ops *plain_ops;

/* As a store behind a network: the first try fails, the next one goes well. */
static int read_at_last(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	err_set(err, ERR_NETWORK, ECONNRESET, "the connection broke");
	return plain_ops->read(store, type, name, offset, ret, size, err);
}

START_TEST(heals)
{
	struct store_ops ops;
	struct packed packed;
	struct err err;

	make(&packed, sizes, 8);
	plain_ops = packed.store->ops;
	ops = *plain_ops;
	ops.read = read_at_last;
	packed.store->ops = &ops;
	ck_assert_msg(read_pack(&packed, packed.count, &err) == 0, "%s", err.text);
	packed.store->ops = plain_ops;
	done(&packed);
}
END_TEST

/* A header that is longer than a piece, after blobs that the index does not know. */
START_TEST(long_header)
{
	static const size_t small[8] = {60, 61, 62, 63, 64, 65, 66, 67};
	struct packed packed;
	struct err err;

	make(&packed, small, BLOBS_MAX);
	ck_assert_msg(read_pack(&packed, packed.count, &err) == 0, "%s", err.text);
	ck_assert_int_eq(read_pack(&packed, packed.count - 1, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "pack lists 20000 blobs, the index 19999");
	ck_assert_int_eq(read_pack(&packed, 0, &err), -EBADMSG);
	packed.entries[19999].id.bytes[0] ^= 1;
	ck_assert_int_eq(read_pack(&packed, packed.count, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "pack and index disagree about blob 19999");
	done(&packed);
}
END_TEST

/* The last piece holds less than the header's length. */
START_TEST(short_end)
{
	const size_t one[8] = {(2u << 20) + 2 - CIPHER_OVERHEAD - (37 + CIPHER_OVERHEAD + 4)};
	struct packed packed;
	struct err err;

	make(&packed, one, 1);
	ck_assert_uint_eq(packed.size, (2u << 20) + 2);
	ck_assert_msg(read_pack(&packed, 1, &err) == 0, "%s", err.text);
	ck_assert_int_eq(read_pack(&packed, 0, &err), -EBADMSG);
	ck_assert_str_eq(err.text, "pack lists 1 blobs, the index 0");
	done(&packed);
}
END_TEST

static void other_id(struct index_entry *entry)
{
	entry->id.bytes[31] ^= 1;
}

static void other_type(struct index_entry *entry)
{
	entry->is_tree = true;
}

static void other_offset(struct index_entry *entry)
{
	entry->location.offset++;
}

static void other_length(struct index_entry *entry)
{
	entry->location.length--;
}

static void endless(struct index_entry *entry)
{
	entry->location.length = UINT32_MAX;
}

static void other_plain(struct index_entry *entry)
{
	entry->location.plain_length++;
}

static void (*const lies[])(struct index_entry *entry) = {
	other_id, other_type, other_offset, other_length, endless, other_plain};

START_TEST(index_lies)
{
	struct packed packed;
	struct err err;

	make(&packed, sizes, 8);
	for (size_t i = 0; i < packed.count; i++) {
		struct index_entry before = packed.entries[i];
		char text[64];

		lies[_i](&packed.entries[i]);
		ck_assert_int_eq(read_pack(&packed, packed.count, &err), -EBADMSG);
		snprintf(text, sizeof(text), "pack and index disagree about blob %zu", i);
		ck_assert_str_eq(err.text, text);
		packed.entries[i] = before;
	}
	ck_assert_int_eq(read_pack(&packed, packed.count, &err), 0);
	done(&packed);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("pack_check");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, one_bit, 0, 2);
	tcase_add_loop_test(tcase, wrong_blob, 0, 2);
	tcase_add_test(tcase, heals);
	tcase_add_test(tcase, long_header);
	tcase_add_test(tcase, short_end);
	tcase_add_loop_test(tcase, index_lies, 0, COUNT(lies));
	return unit_main("pack_check", tcase);
}
