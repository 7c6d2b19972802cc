#include "repo/pack.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
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

int main(void)
{
	TCase *tcase = tcase_create("pack");

	tcase_add_test(tcase, header);
	tcase_add_test(tcase, write_one);
	return unit_main("pack", tcase);
}
