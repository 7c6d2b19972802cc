#include "archive/resume/done.h"

#include <stdlib.h>
#include <string.h>

#include "repo/stream/tree_stream.h"

struct done {
	struct tree_stream stream;
	struct node node; /* the current one */
	bool has_node;
};

static void next(struct done *done)
{
	struct err err = ERR_INIT;

	done->has_node = tree_stream_next(&done->stream, &done->node, &err) == 1;
}

struct done *done_open(struct repository *repository, const struct id *id)
{
	struct err err = ERR_INIT;
	struct done *done;

	if (!id || !repository_has_blob(repository, BLOB_TREE, id))
		return NULL;
	done = calloc(1, sizeof(*done));
	if (!done)
		return NULL;
	if (tree_stream_open(repository, repository_codec(repository), id, &done->stream, &err) <
		0) {
		free(done);
		return NULL;
	}
	next(done);
	return done;
}

void done_close(struct done *done)
{
	if (!done)
		return;
	tree_stream_done(&done->stream);
	free(done);
}

const struct node *done_find(struct done *done, const char *name)
{
	while (done && done->has_node) {
		int order = strcmp(done->node.name, name);

		if (order == 0)
			return &done->node;
		if (order > 0)
			return NULL;
		next(done);
	}
	return NULL;
}
