#include "backup/show/order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

#define PENDING_MAX (256u << 10) /* bytes of text before they are written */
#define TEXT_MAX (16u << 20) /* bytes of one line and its path */
#define LINES_FIRST 1024u

struct line {
	int64_t first; /* what is compared first: seconds, bytes */
	uint32_t second; /* nanoseconds */
	uint32_t path_size; /* bytes with the NUL */
	uint64_t offset; /* of the path in the file, behind which the text stands */
	uint64_t number; /* as it came */
};

struct order {
	enum order_by by;
	bool reverse;
	struct line *lines; /* owned */
	size_t count, allocated;
	struct buf pending; /* not written yet */
	uint64_t size; /* bytes of text, with pending */
	int fd;
	const char *map; /* of the file, once it is complete */
};

int order_parse(const char *text, enum order_by *ret, struct err *err)
{
	static const struct {
		const char *word;
		enum order_by by;
	} words[] = {
		{"name", ORDER_BY_NAME},
		{"size", ORDER_BY_SIZE},
		{"time", ORDER_BY_MODIFIED},
		{"mtime", ORDER_BY_MODIFIED},
		{"atime", ORDER_BY_ACCESSED},
		{"ctime", ORDER_BY_CHANGED},
		{"extension", ORDER_BY_EXTENSION},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i].word) == 0) {
			*ret = words[i].by;
			return 0;
		}
	return err_set(err, ERR_CONFIG, EINVAL,
		"read --sort %s: name, size, time (or mtime), atime, ctime or extension", text);
}

static int open_file(void)
{
	const char *folder = getenv("TMPDIR");
	int fd = open(folder && *folder ? folder : "/var/tmp",
		O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	return fd >= 0 ? fd : memfd_create("lines", MFD_CLOEXEC);
}

int order_new(enum order_by by, bool reverse, struct order **ret, struct err *err)
{
	cleanup_order struct order *order = calloc(1, sizeof(*order));

	if (!order)
		return err_oom(err);
	*order = (struct order){.by = by,
		.reverse = reverse,
		.pending = BUF_INIT(PENDING_MAX + TEXT_MAX),
		.fd = open_file()};
	if (order->fd < 0)
		return err_errno(err, errno, "make temporary file");
	*ret = TAKE(order);
	return 0;
}

void order_free(struct order *order)
{
	if (!order)
		return;
	if (order->map)
		munmap((void *)(uintptr_t)order->map, order->size);
	if (order->fd >= 0)
		close(order->fd);
	buf_done(&order->pending);
	free(order->lines);
	free(order);
}

static int write_pending(struct order *order, struct err *err)
{
	int r = file_write_full(
		order->fd, order->pending.data, order->pending.size, "temporary file", err);

	buf_clear(&order->pending);
	return r;
}

static struct line *next_line(struct order *order)
{
	size_t wanted = order->allocated ? order->allocated * 2 : LINES_FIRST;
	struct line *lines;

	if (order->count == order->allocated) {
		lines = reallocarray(order->lines, wanted, sizeof(*lines));
		if (!lines)
			return NULL;
		order->lines = lines;
		order->allocated = wanted;
	}
	return &order->lines[order->count++];
}

static void set_time(struct line *line, const struct node_time *time)
{
	line->first = time->seconds;
	line->second = time->nanoseconds;
}

static void set_key(struct line *line, enum order_by by, const struct node *node)
{
	switch (by) {
	case ORDER_BY_NAME:
	case ORDER_BY_EXTENSION:
		return;
	case ORDER_BY_SIZE:
		/* As restic: only files have one. */
		line->first = node->type == NODE_FILE ? (int64_t)node->size : 0;
		return;
	case ORDER_BY_MODIFIED:
		set_time(line, &node->modified);
		return;
	case ORDER_BY_ACCESSED:
		set_time(line, &node->accessed);
		return;
	case ORDER_BY_CHANGED:
		set_time(line, &node->changed);
		return;
	}
}

int order_add(struct order *order, const struct node *node, const char *path, const char *text,
	struct err *err)
{
	size_t path_size = strlen(path) + 1, text_size = strlen(text) + 1;
	struct line *line = next_line(order);
	int r;

	if (!line)
		return err_oom(err);
	if (path_size + text_size > TEXT_MAX)
		return err_set(err, ERR_CORRUPT, EFBIG, "sort: a line is too long");
	*line = (struct line){
		.path_size = (uint32_t)path_size, .offset = order->size, .number = order->count};
	set_key(line, order->by, node);
	r = buf_add(&order->pending, path, path_size, err);
	if (r >= 0)
		r = buf_add(&order->pending, text, text_size, err);
	if (r < 0)
		return r;
	order->size += path_size + text_size;
	return order->pending.size >= PENDING_MAX ? write_pending(order, err) : 0;
}

/* From the last dot of the name on. */
static const char *extension(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	return dot ? dot : "";
}

static int compare(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	const struct line *one = a, *other = b;
	const char *path = order->map + one->offset, *other_path = order->map + other->offset;
	int r = 0;

	if (order->by == ORDER_BY_NAME)
		return one->number < other->number ? -1 : one->number > other->number;
	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	if (one->second != other->second)
		return one->second < other->second ? -1 : 1;
	if (order->by == ORDER_BY_EXTENSION)
		r = strcmp(extension(path), extension(other_path));
	if (!r)
		r = strcmp(path, other_path);
	return r ? r : one->number < other->number ? -1 : 1;
}

int order_print(struct order *order, FILE *stream, struct err *err)
{
	int r = order->count ? write_pending(order, err) : 0;
	void *map;

	if (r < 0 || !order->count)
		return r;
	map = mmap(NULL, order->size, PROT_READ, MAP_PRIVATE, order->fd, 0);
	if (map == MAP_FAILED)
		return err_errno(err, errno, "map temporary file");
	order->map = map;
	qsort_r(order->lines, order->count, sizeof(*order->lines), compare, order);
	for (size_t i = 0; i < order->count; i++) {
		const struct line *line = &order->lines[order->reverse ? order->count - 1 - i : i];

		fputs(order->map + line->offset + line->path_size, stream);
		fputc('\n', stream);
	}
	return 0;
}
