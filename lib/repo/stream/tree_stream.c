#include "repo/stream/tree_stream.h"

/* The sizes are less by this in fuzz targets, which make texts that are longer. */
#ifndef TREE_STREAM_SMALLER
#define TREE_STREAM_SMALLER 1
#endif
#define WHOLE_MAX ((1u << 20) / TREE_STREAM_SMALLER) /* bytes up to which a tree is held whole */
#define WINDOW ((256u << 10) / TREE_STREAM_SMALLER) /* bytes of text */
/* Bytes left at which more is read: most nodes have less than one KB. */
#define LOW ((64u << 10) / TREE_STREAM_SMALLER)

/* Drops what was read and fills the window up to size bytes, or to the end of the tree. */
static int fill(struct tree_stream *stream, size_t size, struct err *err)
{
	struct scan *scan = &stream->reader.scan, fresh;
	int r = 0;

	if (scan->at && stream->window.size)
		buf_consume(&stream->window, (size_t)(scan->at - (char *)stream->window.data));
	while (r >= 0 && stream->blob && stream->window.size < size) {
		r = blob_stream_next(stream->blob, &stream->window, err);
		if (r == 0) {
			blob_stream_free(stream->blob);
			stream->blob = NULL;
		}
	}
	scan_init(&fresh, stream->window.data, stream->window.size);
	scan->at = fresh.at;
	scan->end = fresh.end;
	return r < 0 ? r : 0;
}

/* The members before the nodes are read at once; the window grows until they fit. */
static int begin(struct tree_stream *stream, struct err *err)
{
	size_t size = WINDOW;
	int r;

	for (;; size *= 2) {
		struct err attempt = ERR_INIT;

		r = fill(stream, size, err);
		if (r < 0)
			return r;
		tree_reader_done(&stream->reader);
		r = tree_reader_init(
			&stream->reader, stream->window.data, stream->window.size, &attempt);
		/* What ended well before the end of the text did not see all of it. */
		if (!stream->blob ||
			(r >= 0 && !stream->reader.scan.failed && !stream->reader.ended)) {
			*err = attempt;
			return r;
		}
		stream->reader.scan.at = NULL;
	}
}

void tree_stream_init(struct tree_stream *ret, struct blob_stream *blob)
{
	*ret = (struct tree_stream){.window = BUF_INIT(BLOB_TREE_MAX), .blob = blob};
}

int tree_stream_open(struct repository *repository, struct blob_codec *codec, const struct id *id,
	struct tree_stream *ret, struct err *err)
{
	cleanup_tree_stream struct tree_stream stream;
	uint64_t size = 0;
	int r;

	tree_stream_init(&stream, NULL);
	if (repository_blob_size(repository, BLOB_TREE, id, &size) && size > WHOLE_MAX)
		r = repository_stream_blob(repository, codec, BLOB_TREE, id, &stream.blob, err);
	else
		r = repository_load_blob(repository, codec, BLOB_TREE, id, &stream.window, err);
	if (r < 0)
		return r;
	*ret = stream;
	stream = (struct tree_stream){0};
	return 0;
}

int tree_stream_ready(struct tree_stream *stream, struct err *err)
{
	const struct scan *scan = &stream->reader.scan;
	int r = 0;

	if (!stream->begun) {
		r = begin(stream, err);
		stream->begun = r >= 0;
	}
	if (r >= 0 && stream->blob && scan->end - scan->at < (ptrdiff_t)LOW)
		r = fill(stream, WINDOW, err);
	return r;
}

int tree_stream_next(struct tree_stream *stream, struct node *ret, struct err *err)
{
	struct tree_reader *reader = &stream->reader;
	size_t size = WINDOW;
	int r = tree_stream_ready(stream, err);

	for (; r >= 0; size *= 2) {
		struct scan before = reader->scan;
		struct err attempt = ERR_INIT;

		r = tree_reader_next(reader, ret, &attempt);
		if (r == 1)
			return 1;
		if (!stream->blob || (r < 0 && r != -EBADMSG)) {
			*err = attempt;
			return r;
		}
		/* The text of this node goes on behind the window: once more with more of it. */
		reader->scan = before;
		reader->ended = false;
		r = fill(stream, size, err);
	}
	return r;
}

void tree_stream_done(struct tree_stream *stream)
{
	tree_reader_done(&stream->reader);
	buf_done(&stream->window);
	blob_stream_free(stream->blob);
	*stream = (struct tree_stream){0}; /* nothing leads to what is gone */
}

static size_t memory_of(const struct tree_stream *stream)
{
	const struct tree_reader *reader = &stream->reader;

	return stream->window.allocated + reader->text.allocated + reader->ids.allocated +
	       reader->xattrs.allocated + reader->last.allocated +
	       (stream->blob ? blob_stream_memory(stream->blob) : 0);
}

int tree_depth_enter(struct tree_depth *depth, const struct tree_stream *stream, struct err *err)
{
	size_t bytes = memory_of(stream);

	if (depth->folders >= TREE_DEPTH_MAX)
		return err_set(err, ERR_CORRUPT, ELOOP, "folders are too deep");
	if (depth->bytes + bytes > TREE_DEPTH_BYTES_MAX)
		return err_set(err, ERR_CORRUPT, ELOOP,
			"folders are too large and too deep: they need more than %u MiB of memory",
			TREE_DEPTH_BYTES_MAX >> 20);
	depth->folders++;
	depth->bytes += bytes;
	return 0;
}

void tree_depth_leave(struct tree_depth *depth, const struct tree_stream *stream)
{
	depth->folders--;
	depth->bytes -= memory_of(stream);
}
