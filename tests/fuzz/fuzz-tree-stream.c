#include "repo/stream/tree_stream.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PADS_MAX 4
#define PAD_MIN ((66u << 10) / TREE_STREAM_SMALLER) /* bytes: four are more than the window */

static const struct cipher_key key = {.encrypt = {1}, .mac_k = {2}, .mac_r = {3}};

/* A text with far more bytes than the window of a stream (which is small here, see meson.build):
 * each '~' of the input, up to
 * some, becomes as many as the first byte says. So the window ends at every place there is. */
static int make_text(const uint8_t *data, size_t size, struct buf *ret, struct err *err)
{
	size_t pad = PAD_MIN + (size_t)(size ? data[0] : 0) * 257 / TREE_STREAM_SMALLER;
	unsigned pads = 0;
	int r = 0;

	for (size_t i = 1; r >= 0 && i < size; i++) {
		if (data[i] != '~' || pads++ >= PADS_MAX) {
			r = buf_add_byte(ret, data[i], err);
			continue;
		}
		r = buf_reserve(ret, pad, err);
		if (r < 0)
			return r;
		memset(ret->data + ret->size, 'x', pad);
		ret->size += pad;
	}
	return r;
}

static int seal(struct blob_codec *codec, const struct buf *text, struct tree_stream *ret)
{
	struct err err = ERR_INIT;
	struct blob_stream *blob;
	struct blob_sealed sealed;
	uint8_t *copy;
	struct id id;

	if (blob_id(codec, text->data, text->size, &id, &err) < 0 ||
		blob_seal(codec, BLOB_TREE, true, false, text->data, text->size, &sealed, &err) < 0)
		abort();
	copy = malloc(sealed.size);
	if (!copy)
		return -1;
	memcpy(copy, sealed.data, sealed.size);
	if (blob_stream_open(codec, copy, sealed.size, sealed.plain_length, &id, &blob, &err) < 0)
		abort();
	tree_stream_init(ret, blob);
	return 0;
}

/* Read through a window, a tree has the same nodes as when all of it stands in memory. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct blob_codec *codec;
	cleanup_tree_reader struct tree_reader reader = {0};
	cleanup_tree_stream struct tree_stream stream = {0};
	cleanup_buf struct buf text = BUF_INIT(4u << 20);
	struct err err = ERR_INIT;
	struct node whole, piece;
	int r, s;

	if (!codec && blob_codec_new(&key, 1, &codec, &err) < 0)
		abort();
	if (make_text(data, size, &text, &err) < 0 || seal(codec, &text, &stream) < 0)
		return 0;
	r = tree_reader_init(&reader, text.data, text.size, &err);
	for (;;) {
		if (r >= 0)
			r = tree_reader_next(&reader, &whole, &err);
		s = tree_stream_next(&stream, &piece, &err);
		if ((r < 0) != (s < 0) || (r >= 0 && r != s))
			abort();
		if (r != 1)
			return 0;
		if (strcmp(whole.name, piece.name) != 0 || whole.type != piece.type ||
			whole.size != piece.size || whole.content_count != piece.content_count ||
			whole.xattr_count != piece.xattr_count || whole.unsafe != piece.unsafe ||
			whole.out_of_order != piece.out_of_order ||
			strcmp(whole.link_target, piece.link_target) != 0)
			abort();
	}
}
