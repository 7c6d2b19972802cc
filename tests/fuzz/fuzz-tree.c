#include "repo/tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads a tree and writes its nodes anew: 0 and *ret, or negative if it can't be read. */
static int rewrite(const void *data, size_t size, struct buf *ret)
{
	cleanup_tree_reader struct tree_reader reader = {0};
	struct err err = ERR_INIT;
	struct node node;
	bool first = true;
	int r = tree_reader_init(&reader, data, size, &err);

	if (r >= 0 && tree_begin(ret, &err) < 0)
		abort();
	while (r >= 0 && (r = tree_reader_next(&reader, &node, &err)) == 1) {
		if (node.unsafe !=
			(!*node.name || strchr(node.name, '/') || strcmp(node.name, ".") == 0 ||
				strcmp(node.name, "..") == 0))
			abort();
		if (tree_add(ret, &node, first, &err) < 0)
			return -1;
		first = false;
	}
	if (r >= 0 && tree_end(ret, &err) < 0)
		abort();
	return r;
}

/* What we wrote we must read, and write byte for byte the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf once = BUF_INIT(64u << 20), twice = BUF_INIT(64u << 20);

	if (rewrite(data, size, &once) < 0)
		return 0;
	if (rewrite(once.data, once.size, &twice) < 0 || once.size != twice.size ||
		memcmp(once.data, twice.data, once.size) != 0)
		abort();
	return 0;
}
