#include "repo/sorted/sorted.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "repo/sorted/fault.h"

#define WINDOW_BITS 16 /* what is mapped around a fault: 64 KiB */
#define BUFFER_SIZE (256u << 10)
#define FENCED 32 /* records between two fences, about */
#define FENCE_BITS_MAX 20u
#define RESIDENT_MIN (1u << 20)

struct sorted_pool {
	char *folder; /* owned; "": the default */
	size_t windows_max, windows; /* touched since the last unmapping */
	struct sorted *lists[SORTED_LISTS_MAX]; /* borrowed: those that are mapped */
	size_t list_count;
	size_t memory; /* bytes */
};

struct sorted {
	struct sorted_pool *pool;
	uint8_t *data; /* owned: a mapping */
	size_t record_size, count, size; /* size in bytes of the mapping */
	bool mapped; /* from a file */
	uint8_t *touched; /* owned: a bit per window */
	uint32_t *fences; /* owned: the first record of each prefix, and the count */
	unsigned fence_bits;
};

struct sorted_writer {
	struct sorted_pool *pool;
	int fd; /* -1: in memory */
	uint8_t *memory; /* owned: a mapping */
	size_t record_size, count_max, count, size; /* size in bytes of what may come */
	uint8_t *buffer; /* owned */
	size_t buffered, written; /* bytes */
};

int sorted_pool_new(
	const char *folder, size_t resident_bytes, struct sorted_pool **ret, struct err *err)
{
	struct sorted_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		return err_oom(err);
	pool->folder = strdup(folder ? folder : "");
	if (resident_bytes < RESIDENT_MIN)
		resident_bytes = RESIDENT_MIN;
	pool->windows_max = resident_bytes >> WINDOW_BITS;
	if (!pool->folder) {
		free(pool);
		return err_oom(err);
	}
	*ret = pool;
	return 0;
}

void sorted_pool_free(struct sorted_pool *pool)
{
	if (!pool)
		return;
	free(pool->folder);
	free(pool);
}

size_t sorted_pool_memory(const struct sorted_pool *pool)
{
	return pool->memory;
}

/* --- Writing --- */

static uint8_t *map_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* There is no room for the file: on in memory, with what was written so far. */
static int go_to_memory(struct sorted_writer *writer, struct err *err)
{
	int r = 0;

	writer->memory = map_memory(writer->size);
	if (!writer->memory)
		return err_oom(err);
	if (writer->written)
		r = file_pread_full(
			writer->fd, writer->memory, writer->written, 0, "temporary file", err);
	if (writer->fd >= 0)
		close(writer->fd);
	writer->fd = -1;
	return r;
}

void sorted_writer_free(struct sorted_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->memory)
		munmap(writer->memory, writer->size);
	free(writer->buffer);
	free(writer);
}

int sorted_begin(struct sorted_pool *pool, size_t record_size, size_t count,
	struct sorted_writer **ret, struct err *err)
{
	cleanup_sorted_writer struct sorted_writer *writer = calloc(1, sizeof(*writer));
	struct err open_err = ERR_INIT;
	int r = 0;

	if (!writer)
		return err_oom(err);
	*writer = (struct sorted_writer){
		.pool = pool, .fd = -1, .record_size = record_size, .count_max = count};
	if (!record_size || record_size > SORTED_RECORD_MAX || count >= UINT32_MAX ||
		pool->list_count == SORTED_LISTS_MAX)
		return err_set(err, ERR_BUG, EFBIG, "sort: too much");
	writer->size = record_size * (count ? count : 1);
	writer->buffer = malloc(BUFFER_SIZE);
	if (!writer->buffer)
		return err_oom(err);
	writer->fd = file_nameless(pool->folder, &open_err);
	/* Space is taken now: a mapped page without a block behind it would kill us later. */
	if (writer->fd < 0 || posix_fallocate(writer->fd, 0, (off_t)writer->size) != 0)
		r = go_to_memory(writer, err);
	if (r < 0)
		return r;
	*ret = TAKE(writer);
	return 0;
}

static int flush(struct sorted_writer *writer, struct err *err)
{
	struct err write_err = ERR_INIT;
	int r = 0;

	if (writer->fd >= 0 && file_write_full(writer->fd, writer->buffer, writer->buffered,
				       "temporary file", &write_err) < 0)
		r = go_to_memory(writer, err);
	if (r < 0)
		return r;
	if (writer->memory)
		memcpy(writer->memory + writer->written, writer->buffer, writer->buffered);
	writer->written += writer->buffered;
	writer->buffered = 0;
	return 0;
}

int sorted_put(struct sorted_writer *writer, const void *record, struct err *err)
{
	int r = 0;

	if (writer->count == writer->count_max)
		return err_set(err, ERR_BUG, EFBIG, "sort: more than was said");
	if (writer->buffered + writer->record_size > BUFFER_SIZE)
		r = flush(writer, err);
	if (r < 0)
		return r;
	memcpy(writer->buffer + writer->buffered, record, writer->record_size);
	writer->buffered += writer->record_size;
	writer->count++;
	return 0;
}

static int note_list(struct sorted *list, struct err *err)
{
	struct sorted_pool *pool = list->pool;

	if (!list->mapped) {
		pool->memory += list->size;
		return 0;
	}
	/* One window more, because mappings begin anywhere in one. */
	list->touched = calloc((list->size >> (WINDOW_BITS + 3)) + 2, 1);
	if (!list->touched)
		return err_oom(err);
	(void)madvise(list->data, list->size, MADV_RANDOM);
	fault_add(list->data, list->size);
	pool->lists[pool->list_count++] = list;
	return 0;
}

int sorted_end(struct sorted_writer *writer, struct sorted **ret, struct err *err)
{
	cleanup_sorted_writer struct sorted_writer *owned = writer;
	struct sorted *list;
	void *data;
	int r = flush(owned, err);

	if (r < 0)
		return r;
	if (owned->fd >= 0) {
		data = mmap(NULL, owned->size, PROT_READ, MAP_SHARED, owned->fd, 0);
		if (data == MAP_FAILED)
			return err_errno(err, errno, "map temporary file");
	} else {
		data = TAKE(owned->memory);
	}
	list = calloc(1, sizeof(*list));
	if (!list) {
		munmap(data, owned->size);
		return err_oom(err);
	}
	*list = (struct sorted){
		.pool = owned->pool,
		.data = data,
		.record_size = owned->record_size,
		.count = owned->count,
		.size = owned->size,
		.mapped = owned->fd >= 0,
	};
	r = note_list(list, err);
	if (r < 0) {
		munmap(data, owned->size);
		free(list);
		return r;
	}
	*ret = list;
	return 0;
}

void sorted_free(struct sorted *list)
{
	struct sorted_pool *pool;

	if (!list)
		return;
	pool = list->pool;
	for (size_t i = 0; i < pool->list_count; i++)
		if (pool->lists[i] == list)
			pool->lists[i--] = pool->lists[--pool->list_count];
	if (list->mapped)
		fault_remove(list->data);
	else
		pool->memory -= list->size;
	munmap(list->data, list->size);
	free(list->touched);
	free(list->fences);
	free(list);
}

/* --- Reading --- */

static void unmap_all(struct sorted_pool *pool)
{
	for (size_t i = 0; i < pool->list_count; i++) {
		struct sorted *list = pool->lists[i];

		(void)madvise(list->data, list->size, MADV_DONTNEED);
		memset(list->touched, 0, (list->size >> (WINDOW_BITS + 3)) + 2);
	}
	pool->windows = 0;
}

size_t sorted_count(const struct sorted *list)
{
	return list->count;
}

static void touch(const struct sorted *list, uintptr_t at)
{
	size_t window = (at >> WINDOW_BITS) - ((uintptr_t)list->data >> WINDOW_BITS);
	uint8_t bit = (uint8_t)(1u << (window & 7));

	if (list->touched[window >> 3] & bit)
		return;
	if (list->pool->windows >= list->pool->windows_max)
		unmap_all(list->pool);
	list->touched[window >> 3] |= bit;
	list->pool->windows++;
}

const void *sorted_at(const struct sorted *list, size_t number)
{
	const uint8_t *record = list->data + number * list->record_size;

	if (list->mapped) {
		touch(list, (uintptr_t)record);
		touch(list, (uintptr_t)record + list->record_size - 1);
	}
	return record;
}

/* The first bits of a record, as many as there are fences for. */
static size_t prefix_of(const void *record, unsigned bits)
{
	uint32_t first;

	memcpy(&first, record, sizeof(first));
	return be32toh(first) >> (32 - bits);
}

int sorted_fence(struct sorted *list, struct err *err)
{
	unsigned bits = 1;
	size_t next = 0;

	if (list->record_size < sizeof(uint32_t))
		return err_set(err, ERR_BUG, EINVAL, "sort: records are too short for fences");
	while (bits < FENCE_BITS_MAX && list->count >> bits > FENCED)
		bits++;
	free(list->fences);
	list->fences = calloc(((size_t)1 << bits) + 1, sizeof(*list->fences));
	if (!list->fences)
		return err_oom(err);
	list->fence_bits = bits;
	for (size_t i = 0; i < list->count; i++)
		for (size_t prefix = prefix_of(sorted_at(list, i), bits); next <= prefix; next++)
			list->fences[next] = (uint32_t)i;
	for (; next <= (size_t)1 << bits; next++)
		list->fences[next] = (uint32_t)list->count;
	return 0;
}

size_t sorted_find(const struct sorted *list, const void *key, sorted_compare_fn *compare)
{
	size_t from = 0, to = list->count;

	if (list->fences) {
		size_t prefix = prefix_of(key, list->fence_bits);

		from = list->fences[prefix];
		to = list->fences[prefix + 1];
	}
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (compare(sorted_at(list, middle), key) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* --- Merging: a heap of the lists, by their next records --- */

struct merge {
	struct sorted *const *lists; /* borrowed */
	size_t next[SORTED_LISTS_MAX]; /* records taken, by list */
	size_t heap[SORTED_LISTS_MAX], heap_count; /* lists that are not used up */
	sorted_compare_fn *compare;
};

static const void *head(const struct merge *merge, size_t at)
{
	size_t list = merge->heap[at];

	return sorted_at(merge->lists[list], merge->next[list]);
}

static void sink(struct merge *merge, size_t at)
{
	for (;;) {
		size_t least = at, moved;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < merge->heap_count &&
				merge->compare(head(merge, child), head(merge, least)) < 0)
				least = child;
		if (least == at)
			return;
		moved = merge->heap[at];
		merge->heap[at] = merge->heap[least];
		merge->heap[least] = moved;
		at = least;
	}
}

static int run_merge(struct merge *merge, struct sorted_writer *writer, struct err *err)
{
	int r = 0;

	for (size_t at = merge->heap_count; at--;)
		sink(merge, at);
	while (r >= 0 && merge->heap_count) {
		size_t list = merge->heap[0];

		r = sorted_put(writer, head(merge, 0), err);
		if (++merge->next[list] == merge->lists[list]->count)
			merge->heap[0] = merge->heap[--merge->heap_count];
		sink(merge, 0);
	}
	return r;
}

int sorted_merge(struct sorted_pool *pool, struct sorted *const *lists, size_t count,
	sorted_compare_fn *compare, struct sorted **ret, struct err *err)
{
	cleanup_sorted_writer struct sorted_writer *writer = NULL;
	struct merge merge = {.lists = lists, .compare = compare};
	size_t total = 0;
	int r;

	if (!count || count > SORTED_LISTS_MAX)
		return err_set(err, ERR_BUG, EINVAL, "sort: %zu lists to merge", count);
	for (size_t i = 0; i < count; i++) {
		total += lists[i]->count;
		if (lists[i]->count)
			merge.heap[merge.heap_count++] = i;
	}
	r = sorted_begin(pool, lists[0]->record_size, total, &writer, err);
	if (r >= 0)
		r = run_merge(&merge, writer, err);
	return r < 0 ? r : sorted_end(TAKE(writer), ret, err);
}
