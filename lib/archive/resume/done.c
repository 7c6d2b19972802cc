#include "archive/resume/done.h"

#include <stdlib.h>
#include <string.h>

#include "repo/stream/tree_stream.h"

struct done {
	struct repository *repository; /* borrowed */
	struct id id;
	struct tree_stream stream;
	struct node node; /* the current one */
	bool has_node;
	bool taken; /* done_next gave it out */
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
	done->repository = repository;
	done->id = *id;
	next(done);
	return done;
}

struct done *done_again(const struct done *done)
{
	return done ? done_open(done->repository, &done->id) : NULL;
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

const struct node *done_next(struct done *done)
{
	if (!done)
		return NULL;
	if (done->taken)
		next(done);
	done->taken = true;
	return done->has_node ? &done->node : NULL;
}
