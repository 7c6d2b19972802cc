#include "repo/stream/tree_stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};

struct nodes {
	uint32_t count, next, chunks; /* chunks: of every hundredth file */
	const char *tail; /* behind the last node, instead of what belongs there */
};

static struct id chunk_of(uint32_t number)
{
	struct id id = {{0}};

	memcpy(id.bytes, &number, sizeof(number));
	return id;
}

static int add_node(struct nodes *nodes, struct buf *ret, struct err *err)
{
	uint32_t number = nodes->next++;
	size_t count = number % 100 ? 1 : nodes->chunks;
	cleanup_free struct id *content = calloc(count + 1, sizeof(*content));
	char name[32];
	struct node node = {
		.name = name,
		.type = NODE_FILE,
		.mode = 0644,
		.size = number,
		.content = content,
		.content_count = count,
	};

	ck_assert_ptr_nonnull(content);
	for (uint32_t i = 0; i < count; i++)
		content[i] = chunk_of(number * 7 + i);
	snprintf(name, sizeof(name), "file \"%06u\"", number);
	return tree_add(ret, &node, !number, err);
}

static int next_nodes(void *context, bool first, struct buf *ret, struct err *err)
{
	struct nodes *nodes = context;
	int r = 0;

	if (first) {
		nodes->next = 0;
		r = tree_begin(ret, err);
	}
	for (int i = 0; r >= 0 && i < 777 && nodes->next < nodes->count; i++)
		r = add_node(nodes, ret, err);
	if (r < 0 || nodes->next < nodes->count)
		return r < 0 ? r : 1;
	return nodes->tail ? buf_add_text(ret, nodes->tail, err) : tree_end(ret, err);
}

/* The stream of a tree that was sealed from its source. */
static void open_stream(struct blob_codec *codec, struct nodes *nodes, struct tree_stream *ret,
	struct buf *ret_text)
{
	const struct blob_source source = {next_nodes, nodes};
	struct blob_stream *blob;
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	uint8_t *copy;
	struct id id;
	size_t size;

	if (blob_source_id(codec, &source, &id, &size, &err) < 0 ||
		blob_seal_source(codec, &source, &id, size, &sealed, &err) < 0)
		ck_abort_msg("seal: %s", err.text);
	copy = malloc(sealed.size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, sealed.data, sealed.size);
	ck_assert_int_eq(
		blob_open(codec, copy, sealed.size, sealed.plain_length, &id, ret_text, &err), 0);
	memcpy(copy, sealed.data, sealed.size);
	ck_assert_int_eq(
		blob_stream_open(codec, copy, sealed.size, sealed.plain_length, &id, &blob, &err),
		0);
	tree_stream_init(ret, blob);
}

/* Small trees, trees of several windows, nodes longer than a window. */
static const struct nodes good[] = {
	{.count = 0},
	{.count = 1, .chunks = 1},
	{.count = 1000, .chunks = 3},
	{.count = 10000, .chunks = 2},
	{.count = 1000, .chunks = 900},
	{.count = 201, .chunks = 30000},
};

START_TEST(reads_what_was_written)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX), again = BUF_INIT(BLOB_TREE_MAX);
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_tree_stream struct tree_stream stream = {0};
	struct nodes nodes = good[_i];
	struct err err = ERR_INIT;
	struct node node;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	open_stream(codec, &nodes, &stream, &text);
	for (int more = 1, first = 1; more; first = 0)
		more = next_nodes(&nodes, first, &again, &err);
	ck_assert_uint_eq(text.size, again.size);
	ck_assert_int_eq(memcmp(text.data, again.data, text.size), 0);
	for (uint32_t i = 0; i < nodes.count; i++) {
		char name[32];
		int r = tree_stream_next(&stream, &node, &err);

		snprintf(name, sizeof(name), "file \"%06u\"", i);
		if (r != 1 || strcmp(node.name, name) != 0 || node.size != i ||
			node.content_count != (i % 100 ? 1 : nodes.chunks))
			ck_abort_msg("node %u: %d %s", i, r, err.text);
		for (uint32_t k = 0; k < node.content_count; k++) {
			struct id chunk = chunk_of(i * 7 + k);

			if (!id_equal(&node.content[k], &chunk))
				ck_abort_msg("node %u: chunk %u is another", i, k);
		}
		if (stream.window.allocated > 8u << 20)
			ck_abort_msg("a window of %zu bytes", stream.window.allocated);
	}
	ck_assert_int_eq(tree_stream_next(&stream, &node, &err), 0);
	ck_assert_int_eq(tree_stream_next(&stream, &node, &err), 0);
}
END_TEST

static const struct nodes broken[] = {
	{.count = 10, .chunks = 1, .tail = "]}x"},
	{.count = 5000, .chunks = 1, .tail = ""},
	{.count = 5000, .chunks = 1, .tail = "]"},
	{.count = 5000, .chunks = 1, .tail = "]}\n}"},
	{.count = 5000, .chunks = 1, .tail = ",{\"name\":\"z\",\"size\":\"1\"}]}\n"},
};

START_TEST(refuses_at_the_end)
{
	cleanup_buf struct buf text = BUF_INIT(BLOB_TREE_MAX);
	cleanup_blob_codec struct blob_codec *codec = NULL;
	cleanup_tree_stream struct tree_stream stream = {0};
	struct nodes nodes = broken[_i];
	struct err err = ERR_INIT;
	struct node node;
	uint32_t count = 0;
	int r;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	open_stream(codec, &nodes, &stream, &text);
	while ((r = tree_stream_next(&stream, &node, &err)) == 1)
		count++;
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_uint_eq(count, nodes.count);
}
END_TEST

/* Every kind of damage is found before the first node is given. */
START_TEST(refuses_damage)
{
	cleanup_blob_codec struct blob_codec *codec = NULL;
	struct nodes nodes = {.count = 5000, .chunks = 1};
	const struct blob_source source = {next_nodes, &nodes};
	struct blob_sealed sealed;
	struct err err = ERR_INIT;
	struct id id, other = {{1}};
	size_t size;

	ck_assert_int_eq(blob_codec_new(&key, 3, &codec, &err), 0);
	ck_assert_int_eq(blob_source_id(codec, &source, &id, &size, &err), 0);
	ck_assert_int_eq(blob_seal_source(codec, &source, &other, size, &sealed, &err), -EBADMSG);
	ck_assert_int_eq(blob_seal_source(codec, &source, &id, size - 1, &sealed, &err), -EBADMSG);
	ck_assert_int_eq(blob_seal_source(codec, &source, &id, size, &sealed, &err), 0);
	for (int i = 0; i < 5; i++) {
		struct blob_stream *stream = NULL;
		uint8_t *copy = malloc(sealed.size);
		uint32_t plain = (uint32_t)size + (i == 2) - (i == 3);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, sealed.data, sealed.size);
		copy[1000] ^= i == 1;
		ck_assert_int_eq(blob_stream_open(codec, copy, sealed.size, plain,
					 i == 4 ? &other : &id, &stream, &err),
			i ? -EBADMSG : 0);
		blob_stream_free(stream);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("tree_stream");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, reads_what_was_written, 0, COUNT(good));
	tcase_add_loop_test(tcase, refuses_at_the_end, 0, COUNT(broken));
	tcase_add_test(tcase, refuses_damage);
	return unit_main("tree_stream", tcase);
}
