#include <stdlib.h>
#include <string.h>

#include "repo/stream/tree_beside.h"
#include "repo/tree.h"
#include "store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACTIONS 8u /* bytes of the input that say what is asked for */
#define PADS_MAX 4u
/* Bytes: four are more than a tree that is held whole. */
#define PAD ((300u << 10) / TREE_STREAM_SMALLER)
/* Bytes of an entry that always stands in the window. */
#define SHORT ((32u << 10) / TREE_STREAM_SMALLER)
#define RUNS_MAX 500u /* before the repository is made anew: its index only grows */

static struct repository *repository;
static struct id known; /* a blob of data that is there */

static void open_repository(void)
{
	struct repository_added added;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	struct id id;

	repository_close(repository);
	if (memory_store_new(&store, &err) < 0 ||
		repository_init(store, "p", 0, NULL, &id, &err) < 0 ||
		repository_open(store, "p", NULL, &repository, &err) < 0 ||
		repository_save_blob(repository, repository_codec(repository), BLOB_DATA, "one\n",
			4, &known, &added, &err) < 0)
		abort();
}

/* The text of a tree, short in the input: '~' is a long pad, '^' the id of a blob that is there. */
static int make_text(const uint8_t *data, size_t size, struct buf *ret, struct err *err)
{
	char id[ID_TEXT_SIZE];
	unsigned pads = 0;
	int r = 0;

	id_format(&known, id);
	for (size_t i = 0; r >= 0 && i < size; i++) {
		if (data[i] == '^') {
			r = buf_add_text(ret, id, err);
		} else if (data[i] == '~' && pads++ < PADS_MAX) {
			r = buf_reserve(ret, PAD, err);
			if (r < 0)
				return r;
			memset(ret->data + ret->size, 'x', PAD);
			ret->size += PAD;
		} else {
			r = buf_add_byte(ret, data[i], err);
		}
	}
	return r;
}

struct run {
	struct tree_beside beside;
	struct buf passed; /* what passed, with its commas */
	bool synced; /* the entry that is asked for is the next one of the tree */
	bool some; /* one was passed */
};

/* Whether the entry at text is what we would write of the node, its blobs there. */
static bool is_ours(const struct node *node, const char *text, const char *end, bool first)
{
	cleanup_buf struct buf own = BUF_INIT(4u << 20);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < node->content_count; i++)
		if (!repository_has_blob(repository, BLOB_DATA, &node->content[i]))
			return false;
	if ((node->type == NODE_DIR) != node->has_subtree ||
		(node->type != NODE_FILE && node->content_count) ||
		tree_add(&own, node, first, &err) < 0)
		return false;
	return own.size < SHORT && own.size == (size_t)(end - text) &&
	       memcmp(own.data, text, own.size) == 0;
}

/* What passed is the node's own text, with its content or subtree. */
static void check_passed(struct run *run, const struct node *node, const struct tree_passed *passed)
{
	cleanup_buf struct buf own = BUF_INIT(4u << 20);
	struct node same = *node;
	struct err err = ERR_INIT;

	same.content = passed->content;
	same.content_count = passed->content_count;
	same.subtree = passed->subtree;
	same.has_subtree = node->type == NODE_DIR;
	for (size_t i = 0; i < same.content_count; i++)
		if (!repository_has_blob(repository, BLOB_DATA, &same.content[i]))
			abort();
	if (tree_add(&own, &same, true, &err) < 0)
		abort();
	if (passed->text &&
		(own.size != passed->size || memcmp(own.data, passed->text, own.size) != 0))
		abort();
	if ((run->some && buf_add_byte(&run->passed, ',', &err) < 0) ||
		buf_add(&run->passed, own.data, own.size, &err) < 0)
		abort();
	run->some = true;
}

/* Asks for a node as a backup does: whether it is the same, else for the old one of its name. */
static void ask(struct run *run, const struct node *node, bool must_pass)
{
	struct tree_passed passed;
	const struct node *found;

	if (tree_beside_pass(&run->beside, node, &passed)) {
		check_passed(run, node, &passed);
		return;
	}
	if (must_pass)
		abort();
	found = tree_beside_find(&run->beside, node->name);
	if (found && strcmp(found->name, node->name) != 0)
		abort();
	run->synced = found;
}

/* One entry of the stored tree, which stands at text: asked for as it is, changed, or left out. */
static void go_on(struct run *run, struct node *node, uint8_t action, const char *text,
	const char *end, bool first)
{
	switch (action & 7) {
	case 1: /* it is gone from the folder */
		run->synced = false;
		return;
	case 2:
		node->size++;
		break;
	case 3:
		node->type = NODE_FIFO;
		break;
	default:
		ask(run, node, run->synced && is_ours(node, text, end, first));
		return;
	}
	ask(run, node, false);
}

static void check_end(struct run *run, const struct buf *text)
{
	cleanup_buf struct buf own = BUF_INIT(4u << 20);
	struct buf kept = {0};
	struct err err = ERR_INIT;

	if (tree_beside_end(&run->beside, &kept) &&
		(tree_begin(&own, &err) < 0 ||
			buf_add(&own, run->passed.data, run->passed.size, &err) < 0 ||
			tree_end(&own, &err) < 0 || own.size != text->size || !own.data ||
			!text->data || memcmp(own.data, text->data, own.size) != 0))
		abort();
	buf_done(&kept);
}

static void go_through(struct run *run, const struct buf *text, const uint8_t *actions)
{
	cleanup_tree_reader struct tree_reader reader = {0};
	const char *before, *end = (const char *)text->data + text->size;
	struct err err = ERR_INIT;
	struct node node;

	if (tree_reader_init(&reader, text->data, text->size, &err) < 0)
		return;
	before = reader.scan.at;
	for (unsigned i = 0; tree_reader_next(&reader, &node, &err) == 1; i++) {
		/* Nobody has such a name in a folder, nor in another order. */
		if (node.out_of_order || node.unsafe)
			return;
		go_on(run, &node, actions[i % ACTIONS], before,
			reader.scan.at < end ? reader.scan.at : end, i == 0);
		before = reader.scan.at;
	}
}

/* What passes beside a stored tree is its text to the byte, what is the same passes, and only
 * when all of it passed the whole tree is said to be the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned runs;
	cleanup_buf struct buf text = BUF_INIT(4u << 20);
	struct run run = {.passed = BUF_INIT(4u << 20), .synced = true};
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	if (size < ACTIONS)
		return 0;
	if (runs++ % RUNS_MAX == 0)
		open_repository();
	if (make_text(data + ACTIONS, size - ACTIONS, &text, &err) < 0 ||
		repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
			text.data ? text.data : (uint8_t *)"", text.size, &id, &added, &err) < 0 ||
		repository_flush(repository, repository_codec(repository), &err) < 0)
		abort();
	if (tree_beside_open(repository, repository_codec(repository), &id, &run.beside, &err) >= 0)
		go_through(&run, &text, data);
	check_end(&run, &text);
	buf_done(&run.passed);
	return 0;
}
