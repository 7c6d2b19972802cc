#include "repo/index.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"

#define A "aa00000000000000000000000000000000000000000000000000000000000001"
#define B "bb00000000000000000000000000000000000000000000000000000000000002"
#define P "cc00000000000000000000000000000000000000000000000000000000000003"
#define Q "dd00000000000000000000000000000000000000000000000000000000000004"

static struct id id_of(const char *text)
{
	struct id id;

	ck_assert(id_parse(text, &id));
	return id;
}

static struct id id_of_number(uint64_t number)
{
	struct id id = {0};
	uint64_t mixed = number * 0x9e3779b97f4a7c15ull;

	memcpy(id.bytes, &number, sizeof(number));
	memcpy(id.bytes + 8, &mixed, sizeof(mixed));
	return id;
}

START_TEST(many)
{
	cleanup_index struct index *index = NULL;
	struct err err = ERR_INIT;
	struct blob_location location = {.length = 40};
	struct id id, pack;
	uint32_t number, same;

	ck_assert_int_eq(index_new(&index, &err), 0);
	for (uint32_t i = 0; i < 30000; i++) {
		pack = id_of_number(300000 + i / 100);
		id = id_of_number(i);
		ck_assert_int_eq(index_add_pack(index, &pack, &number, &err), 0);
		location.offset = i;
		ck_assert_int_eq(index_add(index, i % 2 ? BLOB_TREE : BLOB_DATA, &id, number,
					 &location, &err),
			0);
	}
	ck_assert_uint_eq(index_pack_count(index), 300);
	ck_assert_int_eq(index_add_pack(index, &pack, &same, &err), 0);
	ck_assert_uint_eq(same, number);
	for (uint32_t i = 0; i < 30000; i++) {
		const struct index_entry *entry;

		id = id_of_number(i);
		entry = index_find(index, i % 2 ? BLOB_TREE : BLOB_DATA, &id);
		ck_assert_ptr_nonnull(entry);
		ck_assert_uint_eq(entry->location.offset, i);
		ck_assert_ptr_null(index_find(index, i % 2 ? BLOB_DATA : BLOB_TREE, &id));
	}
}
END_TEST

START_TEST(numbers)
{
	cleanup_index struct index *index = NULL;
	const struct blob_location location = {1, 40, 0};
	const struct id known = id_of(A), unknown = id_of(B), pack = id_of(P), other = id_of(Q);
	struct err err = ERR_INIT;
	uint32_t at = 7, found = 7;
	size_t number = 7;

	ck_assert_int_eq(index_new(&index, &err), 0);
	/* Of nothing at all. */
	ck_assert(!index_find_pack(index, &pack, &found));
	ck_assert(!index_number(index, BLOB_DATA, &known, &number));
	ck_assert_ptr_null(index_find(index, BLOB_DATA, &known));
	ck_assert_int_eq(index_add_pack(index, &other, &at, &err), 0);
	ck_assert_uint_eq(at, 0);
	ck_assert_int_eq(index_add_pack(index, &pack, &at, &err), 0);
	ck_assert_uint_eq(at, 1);
	ck_assert_int_eq(index_add(index, BLOB_TREE, &known, at, &location, &err), 0);
	ck_assert_int_eq(index_add(index, BLOB_DATA, &known, at, &location, &err), 0);
	ck_assert(index_find_pack(index, &pack, &found));
	ck_assert_uint_eq(found, 1);
	ck_assert(id_equal(index_pack_id(index, 1), &pack));
	ck_assert(!index_find_pack(index, &unknown, &found));
	ck_assert(index_number(index, BLOB_DATA, &known, &number));
	ck_assert_uint_eq(number, 1);
	ck_assert_ptr_eq(index_at(index, number), index_find(index, BLOB_DATA, &known));
	ck_assert(!index_number(index, BLOB_DATA, &unknown, &number));
}
END_TEST

START_TEST(claim_and_settle)
{
	cleanup_index struct index *index = NULL;
	const struct blob_location location = {1, 40, 0};
	struct id id = id_of(A), pack = id_of(P);
	struct err err = ERR_INIT;
	size_t number = 0;
	uint32_t at;

	ck_assert_int_eq(index_new(&index, &err), 0);
	ck_assert_int_eq(index_claim(index, BLOB_DATA, &id, &err), 1);
	ck_assert_int_eq(index_claim(index, BLOB_DATA, &id, &err), 0);
	ck_assert(index_is_pending(index_find(index, BLOB_DATA, &id)));
	ck_assert_ptr_null(index_find_copy(index, BLOB_DATA, &id, &number));
	ck_assert_int_eq(index_add_pack(index, &pack, &at, &err), 0);
	ck_assert_int_eq(index_settle(index, BLOB_DATA, &id, at, &location, &err), 0);
	ck_assert(!index_is_pending(index_find(index, BLOB_DATA, &id)));
	ck_assert_uint_eq(index_count(index), 1);
}
END_TEST

START_TEST(copies)
{
	static const char text[] =
		"{\"supersedes\":[\"" A "\"],\"packs\":[{\"blobs\":[{\"id\":\"" A "\",\"type\":"
		"\"data\",\"offset\":0,\"length\":40}],\"id\":\"" P "\"},{\"id\":\"" Q "\","
		"\"blobs\":[{\"id\":\"" A "\",\"type\":\"data\",\"offset\":7,\"length\":40,"
		"\"uncompressed_length\":90},{\"id\":\"" B "\",\"type\":\"tree\",\"offset\":47,"
		"\"length\":40}]}]}";
	cleanup_index struct index *index = NULL;
	const struct index_entry *first, *second;
	struct id id = id_of(A);
	struct err err = ERR_INIT;
	size_t number = 0;

	ck_assert_int_eq(index_new(&index, &err), 0);
	ck_assert_int_eq(index_parse(index, text, strlen(text), &err), 0);
	ck_assert_uint_eq(index_count(index), 3);
	first = index_find_copy(index, BLOB_DATA, &id, &number);
	second = index_find_copy(index, BLOB_DATA, &id, &number);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(second);
	ck_assert_uint_eq(first->location.offset, 0);
	ck_assert_uint_eq(second->location.offset, 7);
	ck_assert_uint_eq(blob_plain_size(&second->location), 90);
	ck_assert_ptr_null(index_find_copy(index, BLOB_DATA, &id, &number));
}
END_TEST

static const char *const broken[] = {
	"",
	"[]",
	"{\"packs\":[{}]}",
	"{\"packs\":[{\"id\":\"12\",\"blobs\":[]}]}",
	"{\"packs\":[{\"id\":\"" P "\",\"blobs\":[{\"id\":\"" A "\",\"type\":\"other\","
	"\"offset\":0,\"length\":40}]}]}",
	"{\"packs\":[{\"id\":\"" P "\",\"blobs\":[{\"id\":\"" A "\",\"type\":\"data\","
	"\"offset\":0,\"length\":31}]}]}",
	"{\"packs\":[{\"id\":\"" P "\",\"blobs\":[{\"id\":\"" A "\",\"type\":\"data\","
	"\"offset\":4294967296,\"length\":40}]}]}",
	"{\"packs\":[{\"id\":\"" P
	"\",\"blobs\":[{\"type\":\"data\",\"offset\":0,\"length\":40}]}]}",
};

START_TEST(refuse)
{
	cleanup_index struct index *index = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(index_new(&index, &err), 0);
	ck_assert_int_eq(index_parse(index, broken[_i], strlen(broken[_i]), &err), -EBADMSG);
}
END_TEST

START_TEST(batch)
{
	static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};
	const struct pack_entry entries[] = {
		{.id = id_of(A), .type = BLOB_DATA, .location = {0, 40, 0}},
		{.id = id_of(B), .type = BLOB_TREE, .location = {40, 50, 99}},
	};
	cleanup_index_batch struct index_batch packs;
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct id first = id_of(P), second = id_of(Q);
	struct err err = ERR_INIT;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	index_batch_init(&packs);
	ck_assert_int_eq(index_batch_add(&packs, &first, entries, 2, &err), 0);
	ck_assert_int_eq(index_batch_add(&packs, &second, entries, 1, &err), 0);
	ck_assert_uint_eq(packs.blobs, 3);
	for (int compress = 0; compress < 2; compress++) {
		cleanup_buf struct buf sealed = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);

		ck_assert_int_eq(index_batch_seal(&packs, codec, compress, &sealed, &err), 0);
		ck_assert_int_eq(blob_open_file(codec, sealed.data, sealed.size, &text, &err), 0);
		ck_assert_str_eq((char *)text.data,
			"{\"packs\":[{\"id\":\"" P "\",\"blobs\":[{\"id\":\"" A
			"\",\"type\":\"data\",\"offset\":0,\"length\":40},{\"id\":\"" B
			"\",\"type\":\"tree\",\"offset\":40,\"length\":50,"
			"\"uncompressed_length\":99}]},{\"id\":\"" Q "\",\"blobs\":[{\"id\":\"" A
			"\",\"type\":\"data\",\"offset\":0,\"length\":40}]}]}\n");
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("index");

	tcase_add_test(tcase, many);
	tcase_add_test(tcase, numbers);
	tcase_add_test(tcase, claim_and_settle);
	tcase_add_test(tcase, copies);
	tcase_add_loop_test(tcase, refuse, 0, COUNT(broken));
	tcase_add_test(tcase, batch);
	return unit_main("index", tcase);
}
