#include "repo/blob.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};
static const size_t sizes[] = {0, 1, 10, 65536, 65537, 2000000};

START_TEST(there_and_back)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_buf struct buf plain = BUF_INIT(BLOB_DATA_MAX);
	cleanup_free uint8_t *data = calloc(1, sizes[_i] + 1), *copy = NULL;
	size_t size = sizes[_i];
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id, other = {{1}};

	for (size_t i = 0; i < size; i += 3)
		data[i] = (uint8_t)i;
	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(blob_id(codec, data, size, &id, &err), 0);
	for (int mode = 0; mode < 3; mode++) {
		enum blob_type type = mode == 2 ? BLOB_TREE : BLOB_DATA;

		ck_assert_int_eq(
			blob_seal(codec, type, mode > 0, true, data, size, &sealed, &err), 0);
		if (mode == 0)
			ck_assert_uint_eq(sealed.plain_length, 0);
		if (mode == 2 && size) /* trees are always compressed, even when they grow */
			ck_assert_uint_eq(sealed.plain_length, size);
		free(copy);
		copy = malloc(sealed.size);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, sealed.data, sealed.size);
		ck_assert_int_eq(
			blob_open(codec, copy, sealed.size, sealed.plain_length, &id, &plain, &err),
			0);
		ck_assert_uint_eq(plain.size, size);
		ck_assert_mem_eq(plain.data, data, size);
	}
	blob_codec_trim(codec);
	/* What is whole, but not what was asked for. */
	ck_assert_int_eq(blob_seal(codec, BLOB_DATA, true, true, data, size, &sealed, &err), 0);
	free(copy);
	copy = malloc(sealed.size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, sealed.data, sealed.size);
	ck_assert_int_eq(
		blob_open(codec, copy, sealed.size, sealed.plain_length, &other, &plain, &err),
		-EBADMSG);
}
END_TEST

/* Data is stored compressed only when that makes it smaller. */
START_TEST(compressed_if_it_pays)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	static uint8_t data[100000];
	struct blob_sealed sealed;
	struct err err = ERR_INIT;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(
		blob_seal(codec, BLOB_DATA, true, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_eq(sealed.plain_length, sizeof(data));
	ck_assert_uint_lt(sealed.size, 1000);
	ck_assert_int_eq(
		blob_seal(codec, BLOB_DATA, false, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_eq(sealed.plain_length, 0);
	ck_assert_uint_eq(sealed.size, sizeof(data) + CIPHER_OVERHEAD);
	for (uint32_t i = 0, x = 1; i < sizeof(data); i++) {
		x = x * 1664525 + 1013904223;
		data[i] = (uint8_t)(x >> 24);
	}
	ck_assert_int_eq(
		blob_seal(codec, BLOB_DATA, true, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_eq(sealed.plain_length, 0);
	ck_assert_uint_eq(sealed.size, sizeof(data) + CIPHER_OVERHEAD);
	/* Noise twice is half of it for who tries; nobody does, but with trees. */
	memcpy(data + sizeof(data) / 2, data, sizeof(data) / 2);
	ck_assert_int_eq(
		blob_seal(codec, BLOB_DATA, true, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_eq(sealed.plain_length, 0);
	ck_assert_int_eq(
		blob_seal(codec, BLOB_TREE, true, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_eq(sealed.plain_length, sizeof(data));
	ck_assert_uint_lt(sealed.size, sizeof(data) * 6 / 10);
}
END_TEST

START_TEST(many_ids)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	static uint8_t data[40000];
	struct hash_input inputs[40] = {{0}};
	struct id ids[40], id;
	struct err err = ERR_INIT;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(blob_ids(codec, inputs, 0, ids, &err), 0);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * i >> 3);
	for (size_t i = 0; i < 40; i++)
		inputs[i] = (struct hash_input){data + i, i * 977};
	ck_assert_int_eq(blob_ids(codec, inputs, 40, ids, &err), 0);
	for (size_t i = 0; i < 40; i++) {
		ck_assert_int_eq(blob_id(codec, inputs[i].data, inputs[i].size, &id, &err), 0);
		ck_assert(id_equal(&id, &ids[i]));
	}
}
END_TEST

START_TEST(limits)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct blob_sealed sealed;
	struct err err = ERR_INIT;

	ck_assert_uint_eq(blob_plain_max(BLOB_DATA), BLOB_DATA_MAX);
	ck_assert_uint_eq(blob_plain_max(BLOB_TREE), BLOB_TREE_MAX);
	ck_assert_uint_ge(blob_sealed_max(BLOB_DATA), BLOB_DATA_MAX + CIPHER_OVERHEAD);
	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(blob_seal(codec, BLOB_DATA, false, false, "", (size_t)BLOB_DATA_MAX + 1,
				 &sealed, &err),
		-EFBIG);
}
END_TEST

START_TEST(lengths_that_lie)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_buf struct buf plain = BUF_INIT(1 << 20);
	static const uint8_t data[100000];
	uint8_t copy[1000];
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(blob_id(codec, data, sizeof(data), &id, &err), 0);
	ck_assert_int_eq(
		blob_seal(codec, BLOB_DATA, true, true, data, sizeof(data), &sealed, &err), 0);
	ck_assert_uint_lt(sealed.size, sizeof(copy));
	for (int change = -1; change <= 1; change += 2) {
		memcpy(copy, sealed.data, sealed.size);
		ck_assert_int_eq(blob_open(codec, copy, sealed.size,
					 sealed.plain_length + (uint32_t)change, &id, &plain, &err),
			-EBADMSG);
	}
	memcpy(copy, sealed.data, sealed.size);
	ck_assert_int_eq(blob_open(codec, copy, sealed.size, 2u << 20, &id, &plain, &err), -EFBIG);
}
END_TEST

/* Proved as it is, and under another key, without its plaintext; anything else is damage. */
START_TEST(proved_and_resealed)
{
	static const struct cipher_key other = {{1, 2, 3}, {4, 5}, {6, 7}};
	cleanup_blob_codec struct blob_codec *from = NULL, *to = NULL;
	cleanup_buf struct buf plain = BUF_INIT(1 << 20), copy = BUF_INIT(1 << 20);
	static uint8_t data[300000];
	struct blob_sealed sealed, anew;
	struct err err = ERR_INIT;
	struct id id, wrong;
	size_t size = _i & 1 ? sizeof(data) : 0;

	ck_assert_int_eq(blob_codec_new(&key, 3, &from, &err), 0);
	ck_assert_int_eq(blob_codec_new(&other, 3, &to, &err), 0);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * i >> 7);
	ck_assert_int_eq(blob_id(from, data, size, &id, &err), 0);
	ck_assert_int_eq(blob_seal(from, BLOB_DATA, _i & 2, true, data, size, &sealed, &err), 0);
	ck_assert_int_eq(sealed.plain_length != 0, size && _i & 2);
	ck_assert_int_eq(buf_add(&copy, sealed.data, sealed.size, &err), 0);
	sealed.data = copy.data;
	ck_assert_int_eq(blob_prove(from, &sealed, &id, &err), 0);
	ck_assert_int_eq(blob_reseal(to, from, &sealed, &id, &anew, &err), 0);
	ck_assert_uint_eq(anew.plain_length, sealed.plain_length);
	ck_assert_mem_ne(anew.data, sealed.data, sealed.size);
	ck_assert_int_eq(blob_open(to, (uint8_t *)(uintptr_t)anew.data, anew.size,
				 anew.plain_length, &id, &plain, &err),
		0);
	ck_assert_uint_eq(plain.size, size);
	if (size)
		ck_assert_mem_eq(plain.data, data, size);

	wrong = id;
	wrong.bytes[31] ^= 1;
	ck_assert_int_eq(blob_prove(from, &sealed, &wrong, &err), -EBADMSG);
	ck_assert_int_eq(blob_reseal(to, from, &sealed, &wrong, &anew, &err), -EBADMSG);
	ck_assert_int_eq(blob_prove(to, &sealed, &id, &err), -EBADMSG);
	for (int change = -1; sealed.plain_length && change <= 1; change += 2) {
		struct blob_sealed lies = sealed;

		lies.plain_length += (uint32_t)change;
		ck_assert_int_eq(blob_prove(from, &lies, &id, &err), -EBADMSG);
	}
	for (size_t at = 0; at < sealed.size; at += sealed.size / 5 + 1) {
		copy.data[at] ^= 1;
		ck_assert_int_eq(blob_prove(from, &sealed, &id, &err), -EBADMSG);
		ck_assert_int_eq(blob_reseal(to, from, &sealed, &id, &anew, &err), -EBADMSG);
		copy.data[at] ^= 1;
	}
	sealed.size = CIPHER_OVERHEAD - 1;
	ck_assert_int_eq(blob_prove(from, &sealed, &id, &err), -EBADMSG);
	ck_assert_int_eq(blob_reseal(to, from, &sealed, &id, &anew, &err), -EBADMSG);
}
END_TEST

START_TEST(files)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	for (int compress = 0; compress < 4; compress++) {
		cleanup_buf struct buf sealed = BUF_INIT(1000000), text = BUF_INIT(1000);

		const char *json = compress < 2 ? "{\"a\":1}" : "[1,2,3]";

		ck_assert_int_eq(blob_seal_file(codec, compress % 2, json, 7, &sealed, &err), 0);
		ck_assert_int_eq(blob_open_file(codec, sealed.data, sealed.size, &text, &err), 0);
		ck_assert_str_eq((char *)text.data, json);
	}
	{
		cleanup_buf struct buf sealed = BUF_INIT(1000000), text = BUF_INIT(1000);

		ck_assert_int_eq(blob_seal_file(codec, false, "neither", 7, &sealed, &err), 0);
		ck_assert_int_eq(
			blob_open_file(codec, sealed.data, sealed.size, &text, &err), -EBADMSG);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("blob");

	tcase_add_loop_test(tcase, there_and_back, 0, COUNT(sizes));
	tcase_add_test(tcase, compressed_if_it_pays);
	tcase_add_test(tcase, many_ids);
	tcase_add_test(tcase, limits);
	tcase_add_test(tcase, lengths_that_lie);
	tcase_add_loop_test(tcase, proved_and_resealed, 0, 4);
	tcase_add_test(tcase, files);
	return unit_main("blob", tcase);
}
