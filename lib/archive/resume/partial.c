#include "archive/resume/partial.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "repo/chunker.h"

#define NUMBERS 8 /* of the fixed part, 64 bits each, little-endian */
#define FIXED (NUMBERS * sizeof(uint64_t) + sizeof(struct id))

static void partial_done(struct partial *partial)
{
	free(partial->path);
	free(partial->ids);
	*partial = (struct partial){0};
}

void partials_done(struct partials *partials)
{
	for (size_t i = 0; i < partials->count; i++)
		partial_done(&partials->items[i]);
	partials->count = 0;
}

struct partial *partials_find(struct partials *partials, const char *path)
{
	for (size_t i = 0; i < partials->count; i++)
		if (strcmp(partials->items[i].path, path) == 0)
			return &partials->items[i];
	return NULL;
}

void partials_drop(struct partials *partials, struct partial *partial)
{
	struct partial *last = &partials->items[partials->count - 1];

	partial_done(partial);
	for (; partial < last; partial++)
		partial[0] = partial[1];
	*last = (struct partial){0};
	partials->count--;
}

uint64_t partial_trim(struct partial *partial, struct repository *repository)
{
	uint64_t sum = 0, size;
	size_t n = 0;

	for (; n < partial->count; n++) {
		if (!repository_blob_size(repository, BLOB_DATA, &partial->ids[n], &size) ||
			size > partial->file.size - sum)
			break;
		/* Only the end of the file may stand in a chunk that is no whole page. */
		if (partial->page && size != partial->page && sum + size != partial->file.size)
			break;
		sum += size;
	}
	partial->count = n;
	return sum;
}

int partial_format(
	const struct partial *partial, const struct id *content, struct buf *ret, struct err *err)
{
	const struct node *file = &partial->file;
	const uint64_t numbers[NUMBERS] = {
		htole64(file->size),
		htole64(file->inode),
		htole64((uint64_t)file->modified.seconds),
		htole64((uint64_t)file->changed.seconds),
		/* Less than 2^30 each. */
		htole64((uint64_t)file->modified.nanoseconds << 32 | file->changed.nanoseconds),
		htole64(partial->page),
		htole64(partial->count),
		htole64(strlen(partial->path)),
	};
	int r = buf_add(ret, numbers, sizeof(numbers), err);

	if (r >= 0)
		r = buf_add(ret, content->bytes, sizeof(content->bytes), err);
	return r < 0 ? r : buf_add_text(ret, partial->path, err);
}

static bool page_is_sane(uint64_t page)
{
	return page <= CHUNKER_MAX && (page & (page - 1)) == 0;
}

int partial_parse(
	const void *data, size_t size, struct partial *ret, struct id *ret_content, struct err *err)
{
	const char *path = (const char *)data + FIXED;
	uint64_t numbers[NUMBERS];
	size_t path_size = size - FIXED;

	if (size <= FIXED)
		return err_set(err, ERR_CORRUPT, EBADMSG, "a file in it is cut off");
	memcpy(numbers, data, sizeof(numbers));
	for (size_t i = 0; i < NUMBERS; i++)
		numbers[i] = le64toh(numbers[i]);
	if (numbers[7] != path_size || path[0] != '/' || memchr(path, 0, path_size) ||
		!page_is_sane(numbers[5]) || !numbers[6] || numbers[6] > PARTIAL_IDS_MAX)
		return err_set(err, ERR_CORRUPT, EBADMSG, "a file in it makes no sense");
	*ret = (struct partial){
		.file =
			{
				.type = NODE_FILE,
				.size = numbers[0],
				.inode = numbers[1],
				.modified = {(int64_t)numbers[2], (uint32_t)(numbers[4] >> 32)},
				.changed = {(int64_t)numbers[3], (uint32_t)numbers[4]},
			},
		.page = numbers[5],
		.count = (size_t)numbers[6],
		.path = strndup(path, path_size),
	};
	if (!ret->path)
		return err_oom(err);
	memcpy(ret_content->bytes, (const uint8_t *)data + sizeof(numbers), sizeof(struct id));
	return 0;
}
