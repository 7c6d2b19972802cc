#include "repo/stream/tree_beside.h"

#include <string.h>

#define FRONT_MAX (64u << 20) /* bytes: what a tree is read with */
#define DIGITS (ID_TEXT_SIZE - 1)

static const char head[] = "{\"nodes\":[", tail[] = "]}\n";

int tree_beside_open(struct repository *repository, struct blob_codec *codec, const struct id *id,
	struct tree_beside *ret, struct err *err)
{
	const struct scan *scan = &ret->stream.reader.scan;
	int r;

	*ret = (struct tree_beside){
		.repository = repository,
		.front = BUF_INIT(FRONT_MAX),
		.ids = BUF_INIT(FRONT_MAX),
	};
	if (!id)
		return 0;
	r = tree_stream_open(repository, codec, id, &ret->stream, err);
	if (r >= 0)
		r = tree_stream_ready(&ret->stream, err);
	if (r < 0) {
		tree_stream_done(&ret->stream);
		return r;
	}
	ret->open = true;
	/* Whatever else may stand there, we would not write it. */
	ret->differs = ret->stream.reader.ended || scan->failed ||
		       (size_t)(scan->at - (char *)ret->stream.window.data) != strlen(head) ||
		       memcmp(ret->stream.window.data, head, strlen(head)) != 0;
	return 0;
}

/* --- Comparing texts --- */

/* A place in a text; NULL once something else stood there. */
struct place {
	const char *at, *end;
};

static void expect(struct place *place, const char *text, size_t size)
{
	if (!place->at || (size_t)(place->end - place->at) < size ||
		memcmp(place->at, text, size) != 0)
		place->at = NULL;
	else
		place->at += size;
}

static bool is_next(const struct place *place, char c)
{
	return place->at && place->at < place->end && *place->at == c;
}

static void expect_id(struct place *place, struct id *ret)
{
	expect(place, "\"", 1);
	if (!place->at || place->end - place->at < DIGITS ||
		!hex_decode(place->at, ret->bytes, sizeof(ret->bytes))) {
		place->at = NULL;
		return;
	}
	place->at += DIGITS;
	expect(place, "\"", 1);
}

#define EXPECT(place, literal) expect(place, literal, sizeof(literal) - 1)

/* The content of a file; false if a blob of it is not in the repository. */
static bool expect_content(struct tree_beside *beside, struct place *place)
{
	struct err err = ERR_INIT;
	bool known = true;
	struct id id;

	buf_clear(&beside->ids);
	EXPECT(place, ",\"content\":[");
	for (bool first = true; known && place->at && !is_next(place, ']'); first = false) {
		if (!first)
			EXPECT(place, ",");
		expect_id(place, &id);
		known = place->at && repository_has_blob(beside->repository, BLOB_DATA, &id) &&
			buf_add(&beside->ids, &id, sizeof(id), &err) >= 0;
	}
	EXPECT(place, "]}");
	return known && place->at;
}

static bool expect_rest(struct tree_beside *beside, struct place *place, enum node_type type,
	struct tree_passed *ret)
{
	if (type == NODE_FILE)
		return expect_content(beside, place);
	EXPECT(place, ",\"content\":null");
	if (type == NODE_DIR) {
		EXPECT(place, ",\"subtree\":");
		expect_id(place, &ret->subtree);
	}
	EXPECT(place, "}");
	return place->at;
}

static bool pass(struct tree_beside *beside, const struct node *node, struct tree_passed *ret)
{
	struct scan *scan = &beside->stream.reader.scan;
	uint32_t bit = 1u << scan->depth;
	struct place place = {scan->at, scan->end};
	struct err err = ERR_INIT;
	const char *start;

	if (scan->begun & bit)
		EXPECT(&place, ",");
	buf_clear(&beside->front);
	if (!place.at || tree_add_front(&beside->front, node, &err) < 0)
		return false;
	start = place.at;
	*ret = (struct tree_passed){0};
	expect(&place, (const char *)beside->front.data, beside->front.size);
	if (!place.at || !expect_rest(beside, &place, node->type, ret))
		return false;
	scan->begun |= bit;
	scan->at = place.at;
	if (!beside->stream.blob) {
		ret->text = start;
		ret->size = (size_t)(place.at - start);
	}
	ret->content = (const struct id *)(const void *)beside->ids.data;
	if (node->type == NODE_FILE)
		ret->content_count = beside->ids.size / sizeof(struct id);
	return true;
}

bool tree_beside_pass(struct tree_beside *beside, const struct node *node, struct tree_passed *ret)
{
	struct err err = ERR_INIT;

	if (beside->open && !beside->has_node && !beside->stream.reader.ended &&
		tree_stream_ready(&beside->stream, &err) >= 0 && pass(beside, node, ret))
		return true;
	beside->differs = true;
	return false;
}

/* --- Reading --- */

const struct node *tree_beside_find(struct tree_beside *beside, const char *name)
{
	struct err err = ERR_INIT;

	beside->differs = true;
	while (beside->open) {
		int order;

		if (!beside->has_node &&
			tree_stream_next(&beside->stream, &beside->node, &err) != 1)
			beside->open = false;
		beside->has_node = beside->open;
		if (!beside->open)
			break;
		order = strcmp(beside->node.name, name);
		if (order > 0)
			break;
		beside->has_node = false;
		if (order == 0)
			return &beside->node;
	}
	return NULL;
}

bool tree_beside_end(struct tree_beside *beside, struct buf *ret_text)
{
	const struct scan *scan = &beside->stream.reader.scan;
	struct place place = {scan->at, scan->end};
	bool same;

	expect(&place, tail, strlen(tail));
	same = beside->open && !beside->differs && !beside->stream.blob && place.at == place.end;
	*ret_text = beside->stream.window;
	beside->stream.window = (struct buf){0};
	tree_stream_done(&beside->stream);
	buf_done(&beside->front);
	buf_done(&beside->ids);
	*beside = (struct tree_beside){0};
	return same;
}
