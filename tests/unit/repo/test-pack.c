#include "repo/pack.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "store/faulty.h"
#include "store/memory.h"

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};

START_TEST(header)
{
	const struct pack_entry entries[] = {
		{.id = {{1}}, .type = BLOB_DATA, .location = {0, 40, 0}},
		{.id = {{2}}, .type = BLOB_TREE, .location = {40, 50, 200}},
		{.id = {{3}}, .type = BLOB_DATA, .location = {90, 32, 1}},
	};
	cleanup_buf struct buf text = BUF_INIT(1000), list = BUF_INIT(1000);
	struct err err = ERR_INIT;

	ck_assert_int_eq(pack_header_format(entries, 3, &text, &err), 0);
	ck_assert_uint_eq(text.size, 37 + 41 + 41);
	ck_assert_uint_eq(text.data[0], 0);
	ck_assert_uint_eq(text.data[37], 3);
	ck_assert_uint_eq(text.data[37 + 41], 2);
	ck_assert_int_eq(pack_header_parse(text.data, text.size, 122, &list, &err), 0);
	ck_assert_uint_eq(list.size, sizeof(entries));
	ck_assert_mem_eq(list.data, entries, sizeof(entries));
	/* Lengths that lie. */
	ck_assert_int_eq(pack_header_parse(text.data, text.size, 121, &list, &err), -EBADMSG);
	ck_assert_int_eq(pack_header_parse(text.data, text.size, 123, &list, &err), -EBADMSG);
	ck_assert_int_eq(pack_header_parse(text.data, text.size - 1, 122, &list, &err), -EBADMSG);
	text.data[0] = 4;
	ck_assert_int_eq(pack_header_parse(text.data, text.size, 122, &list, &err), -EBADMSG);
	text.data[0] = 0;
	text.data[1] = 31; /* shorter than a sealed nothing */
	ck_assert_int_eq(pack_header_parse(text.data, text.size, 113, &list, &err), -EBADMSG);
}
END_TEST

START_TEST(write_one)
{
	cleanup_store struct store *store = NULL;
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_pack_writer struct pack_writer *writer = NULL;
	cleanup_free uint8_t *data = NULL;
	cleanup_buf struct buf plain = BUF_INIT(1000);
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id, pack, hash;
	const struct pack_entry *entries;
	char name[ID_TEXT_SIZE];
	size_t count, size;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(pack_writer_new(store, &writer, &err), 0);
	ck_assert_int_eq(blob_id(codec, "hello", 5, &id, &err), 0);
	ck_assert_int_eq(blob_seal(codec, BLOB_DATA, true, true, "hello", 5, &sealed, &err), 0);
	ck_assert_int_eq(pack_writer_add(writer, BLOB_DATA, &id, &sealed, &err), 0);
	ck_assert(!pack_writer_is_full(writer));
	ck_assert_int_eq(pack_writer_finish(writer, codec, &pack, &err), 0);
	entries = pack_writer_entries(writer, &count);
	ck_assert_uint_eq(count, 1);
	id_format(&pack, name);
	ck_assert_int_eq(store_load(store, STORE_PACK, name, 1000, &data, &size, &err), 0);
	/* Named by its hash; the size is the sum of its parts. */
	ck_assert_int_eq(blob_id(codec, data, size, &hash, &err), 0);
	ck_assert(id_equal(&hash, &pack));
	ck_assert_uint_eq(size, entries[0].location.length + 37 + CIPHER_OVERHEAD + 4);
	ck_assert_int_eq(
		blob_open(codec, data, entries[0].location.length, 0, &id, &plain, &err), 0);
	ck_assert_str_eq((char *)plain.data, "hello");
}
END_TEST

/* What is in the nth blob of the next test: all of different sizes. */
static struct blob_sealed sealed_of(uint32_t number)
{
	static const uint8_t bytes[CIPHER_OVERHEAD + 3] = {0};

	return (struct blob_sealed){bytes, CIPHER_OVERHEAD + number % 4, number % 5 ? 0 : 100};
}

/* As many blobs as fit: each behind the one before, and found again by the header. */
START_TEST(write_many)
{
	cleanup_store struct store *store = NULL;
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_pack_writer struct pack_writer *writer = NULL;
	cleanup_buf struct buf list = BUF_INIT((PACK_ENTRIES_MAX + 1) * sizeof(struct pack_entry));
	cleanup_free uint8_t *data = NULL;
	struct err err = ERR_INIT;
	struct id id = {0}, pack;
	const struct pack_entry *entries;
	char name[ID_TEXT_SIZE];
	uint32_t blobs_size = 0, header_size;
	size_t count, size;

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(pack_writer_new(store, &writer, &err), 0);
	for (uint32_t i = 0; i < PACK_ENTRIES_MAX; i++) {
		const struct blob_sealed sealed = sealed_of(i);

		ck_assert(!pack_writer_is_full(writer));
		memcpy(id.bytes, &i, sizeof(i));
		ck_assert_int_eq(pack_writer_add(writer, BLOB_DATA, &id, &sealed, &err), 0);
		entries = pack_writer_entries(writer, &count);
		ck_assert_uint_eq(count, i + 1);
		ck_assert_uint_eq(entries[i].location.offset, blobs_size);
		blobs_size += sealed.size;
	}
	ck_assert(pack_writer_is_full(writer));
	ck_assert_int_eq(pack_writer_finish(writer, codec, &pack, &err), 0);
	id_format(&pack, name);
	ck_assert_int_eq(store_load(store, STORE_PACK, name, 4u << 20, &data, &size, &err), 0);
	ck_assert_uint_eq(size, blobs_size + pack_writer_overhead(writer));
	memcpy(&header_size, data + size - sizeof(header_size), sizeof(header_size));
	ck_assert_uint_eq(header_size, size - blobs_size - sizeof(header_size));
	ck_assert_int_eq(
		cipher_open(blob_codec_cipher(codec), data + blobs_size, header_size, &err), 0);
	ck_assert_int_eq(pack_header_parse(data + blobs_size + CIPHER_IV_SIZE,
				 header_size - CIPHER_OVERHEAD, blobs_size, &list, &err),
		0);
	entries = pack_writer_entries(writer, &count);
	ck_assert_uint_eq(list.size, count * sizeof(*entries));
	ck_assert_mem_eq(list.data, entries, list.size);
}
END_TEST

START_TEST(full_by_size)
{
	static uint8_t bytes[PACK_SIZE / 16];
	const struct blob_sealed sealed = {bytes, sizeof(bytes), 0};
	const struct blob_sealed last = {bytes, sizeof(bytes) - 1, 0}, one = {bytes, 1, 0};
	cleanup_store struct store *store = NULL;
	cleanup_pack_writer struct pack_writer *writer = NULL;
	struct err err = ERR_INIT;
	struct id id = {{1}};

	ck_assert_int_eq(memory_store_new(&store, &err), 0);
	ck_assert_int_eq(pack_writer_new(store, &writer, &err), 0);
	for (int i = 0; i < 15; i++)
		ck_assert_int_eq(pack_writer_add(writer, BLOB_DATA, &id, &sealed, &err), 0);
	ck_assert_int_eq(pack_writer_add(writer, BLOB_DATA, &id, &last, &err), 0);
	ck_assert(!pack_writer_is_full(writer));
	ck_assert_int_eq(pack_writer_add(writer, BLOB_DATA, &id, &one, &err), 0);
	ck_assert(pack_writer_is_full(writer));
}
END_TEST

/* Whichever call of the store fails, the writer tells it and names no pack. */
START_TEST(failing_store)
{
	static const uint8_t bytes[40];
	static const struct blob_sealed sealed = {bytes, sizeof(bytes), 0};
	struct faulty_plan plan = {.fail_at = (unsigned)_i + 1, .code = ENOSPC};
	cleanup_store struct store *store = NULL;
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_pack_writer struct pack_writer *writer = NULL;
	struct store *inner = NULL;
	struct err err = ERR_INIT;
	struct id id = {{1}}, pack = {{7}};
	size_t count;
	int r;

	ck_assert_int_eq(memory_store_new(&inner, &err), 0);
	ck_assert_int_eq(faulty_store_new(inner, &plan, &store, &err), 0);
	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(pack_writer_new(store, &writer, &err), 0);
	r = pack_writer_add(writer, BLOB_DATA, &id, &sealed, &err);
	ck_assert_int_eq(r, _i == 0 ? -ENOSPC : 0);
	pack_writer_entries(writer, &count);
	ck_assert_uint_eq(count, _i == 0 ? 0 : 1);
	if (r >= 0)
		r = pack_writer_finish(writer, codec, &pack, &err);
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	ck_assert_int_eq(pack.bytes[0], 7);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("pack");

	tcase_add_test(tcase, header);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, write_one);
	tcase_add_test(tcase, write_many);
	tcase_add_test(tcase, full_by_size);
	tcase_add_loop_test(tcase, failing_store, 0, 4); /* blob, header, its length, commit */
	return unit_main("pack", tcase);
}
