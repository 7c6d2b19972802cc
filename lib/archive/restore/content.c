#include "archive/restore/content.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define BLOCK 4096u /* zeros of this size are left as holes */
#define LOOK_MAX 64u /* chunks that are compared before the first of them is mended */

void content_init(struct content *content, struct repository *repository,
	int (*tick)(void *context, uint64_t bytes, struct err *err), void *context)
{
	*content = (struct content){
		.repository = repository,
		.blob = BUF_INIT(BLOB_DATA_MAX + 1),
		.tick = tick,
		.context = context,
	};
}

void content_done(struct content *content)
{
	buf_done(&content->blob);
}

static bool is_zero(const uint8_t *data, size_t size)
{
	return !*data && memcmp(data, data + 1, size - 1) == 0;
}

static int write_all(int fd, const uint8_t *data, size_t size, uint64_t offset, struct err *err)
{
	while (size) {
		ssize_t n = pwrite(fd, data, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "write it");
		data += n;
		size -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Writes data at offset but for its blocks of zeros: they stay holes. */
static int write_sparse(int fd, const uint8_t *data, size_t size, uint64_t offset, struct err *err)
{
	size_t at = 0;

	while (at < size) {
		size_t run = at, block;
		int r;

		for (; run < size; run += block) {
			block = size - run < BLOCK ? size - run : BLOCK;
			if (is_zero(data + run, block))
				break;
		}
		r = write_all(fd, data + at, run - at, offset + at, err);
		if (r < 0)
			return r;
		at = run;
		if (at < size)
			at += size - at < BLOCK ? size - at : BLOCK;
	}
	return 0;
}

/* Writes over what was there: its blocks become holes first, where the file system can. */
static int write_over(int fd, const uint8_t *data, size_t size, uint64_t offset, struct err *err)
{
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) ==
		0)
		return write_sparse(fd, data, size, offset, err);
	return write_all(fd, data, size, offset, err);
}

/* A blob of the file that feed knows as begun; borrowed until the next. */
static int get(struct content *content, const struct id *id, const uint8_t **ret_data,
	size_t *ret_size, struct err *err)
{
	int r = feed_take(content->feed, id, ret_data, ret_size, err);

	if (r)
		return r < 0 ? r : 0;
	r = repository_load_blob(content->repository, repository_codec(content->repository),
		BLOB_DATA, id, &content->blob, err);
	*ret_data = content->blob.data;
	*ret_size = content->blob.size;
	return r;
}

static int finish(int fd, const struct node *node, uint64_t size, struct err *err)
{
	if (ftruncate(fd, (off_t)size) < 0)
		return err_errno(err, errno, "set its size");
	if (size != node->size)
		return err_set(err, ERR_CORRUPT, EBADMSG,
			"restore it: it has %llu bytes, its entry says %llu",
			(unsigned long long)size, (unsigned long long)node->size);
	return 0;
}

int content_write(struct content *content, int fd, const struct node *node, struct err *err)
{
	bool asked = feed_is_asked(content->feed);
	size_t size, announced = 0;
	const uint8_t *data;
	uint64_t offset = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < node->content_count; i++) {
		while (asked && announced < node->content_count &&
			feed_ask(content->feed, &node->content[announced]))
			announced++;
		r = get(content, &node->content[i], &data, &size, err);
		if (r >= 0 && size)
			r = write_sparse(fd, data, size, offset, err);
		if (r < 0)
			return r;
		offset += size;
		r = content->tick(content->context, size, err);
	}
	return r < 0 ? r : finish(fd, node, offset, err);
}

/* Whether size bytes at offset have that id: 1 or 0. A shorter file has not. */
static int has_chunk(struct content *content, int fd, const struct id *id, uint64_t size,
	uint64_t offset, struct err *err)
{
	struct id found;
	int r;

	buf_clear(&content->blob);
	r = buf_reserve(&content->blob, size, err);
	if (r >= 0)
		r = file_pread_full(fd, content->blob.data, size, offset, "it", err);
	if (r == -ENODATA)
		return 0;
	if (r >= 0)
		r = blob_id(repository_codec(content->repository), content->blob.data, size, &found,
			err);
	return r < 0 ? r : id_equal(&found, id);
}

/* Some chunks of a file that were compared. */
struct looked {
	size_t count;
	uint64_t sizes[LOOK_MAX]; /* bytes */
	bool differs[LOOK_MAX];
};

/* Compares the chunks from number first on: one, or several where those that differ can be
 * fetched together. */
static int look(struct content *content, int fd, const struct node *node, size_t first,
	uint64_t offset, bool several, struct looked *ret, struct err *err)
{
	size_t max = several ? LOOK_MAX : 1, n = 0;

	for (; n < max && first + n < node->content_count; n++) {
		const struct id *id = &node->content[first + n];
		int r;

		if (!repository_blob_size(content->repository, BLOB_DATA, id, &ret->sizes[n]))
			return err_set(err, ERR_CORRUPT, ENOENT, "restore it: a blob is unknown");
		r = has_chunk(content, fd, id, ret->sizes[n], offset, err);
		if (r < 0)
			return r;
		ret->differs[n] = !r;
		if (!r && several && !feed_ask(content->feed, id) && n)
			break;
		offset += ret->sizes[n];
	}
	ret->count = n;
	return 0;
}

static int mend_chunk(
	struct content *content, int fd, const struct id *id, uint64_t offset, struct err *err)
{
	const uint8_t *data;
	size_t size;
	int r = get(content, id, &data, &size, err);

	return r < 0 ? r : write_over(fd, data, size, offset, err);
}

int content_compare(
	struct content *content, int fd, const struct node *node, bool mend, struct err *err)
{
	bool differs = false, several = mend && feed_is_asked(content->feed);
	struct looked looked = {0};
	uint64_t offset = 0;
	struct stat st;
	int r = 0;

	for (size_t i = 0; i < node->content_count && (mend || !differs); i += looked.count) {
		r = look(content, fd, node, i, offset, several, &looked, err);
		for (size_t k = 0; r >= 0 && k < looked.count; k++) {
			differs = differs || looked.differs[k];
			if (looked.differs[k] && mend)
				r = mend_chunk(content, fd, &node->content[i + k], offset, err);
			offset += looked.sizes[k];
			if (r >= 0)
				r = content->tick(content->context, looked.sizes[k], err);
		}
		if (r < 0)
			return r;
	}
	if (fstat(fd, &st) < 0)
		return err_errno(err, errno, "look at it");
	if ((uint64_t)st.st_size != offset)
		differs = true;
	if (mend && (differs || offset != node->size))
		r = finish(fd, node, offset, err);
	return r < 0 ? r : differs;
}

int content_verify(struct content *content, int fd, const struct node *node, struct err *err)
{
	struct looked looked;
	uint64_t offset = 0;
	int r;

	for (size_t i = 0; i < node->content_count; i++) {
		r = look(content, fd, node, i, offset, false, &looked, err);
		if (r < 0)
			return r;
		if (looked.differs[0])
			return err_set(err, ERR_CORRUPT, EBADMSG, "verify it: other bytes on disk");
		offset += looked.sizes[0];
	}
	return 0;
}
