#include "store/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

static struct spool *spool_of(struct store_upload *upload)
{
	return (struct spool *)upload;
}

int spool_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	if (!spool)
		return err_oom(err);
	spool->upload = (struct store_upload){.store = store, .type = type};
	spool->memory = BUF_INIT(SPOOL_MEMORY_MAX);
	spool->fd = -1;
	*ret = &spool->upload;
	return 0;
}

static int move_to_file(struct spool *spool, struct err *err)
{
	int fd = file_nameless(NULL, err);
	int r;

	if (fd < 0)
		return fd;
	r = file_write_full(fd, spool->memory.data, spool->memory.size, "spool", err);
	if (r < 0) {
		close(fd);
		return r;
	}
	buf_done(&spool->memory);
	spool->fd = fd;
	return 0;
}

int spool_append(struct store_upload *upload, const void *data, size_t size, struct err *err)
{
	struct spool *spool = spool_of(upload);
	int r = 0;

	if (spool->fd < 0 && spool->size + size > SPOOL_MEMORY_MAX)
		r = move_to_file(spool, err);
	if (r >= 0)
		r = spool->fd < 0 ? buf_add(&spool->memory, data, size, err)
				  : file_write_full(spool->fd, data, size, "spool", err);
	if (r >= 0)
		spool->size += size;
	return r;
}

void spool_abort(struct store_upload *upload)
{
	struct spool *spool = spool_of(upload);

	buf_done(&spool->memory);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool);
}

int spool_read(void *context, uint64_t offset, void *ret, size_t size, struct err *err)
{
	struct spool *spool = context;

	if (offset > spool->size || size > spool->size - offset)
		return err_set(err, ERR_BUG, ENODATA, "read spool: past its end");
	if (spool->fd >= 0)
		return file_pread_full(spool->fd, ret, size, offset, "spool", err);
	if (size)
		memcpy(ret, spool->memory.data + offset, size);
	return 0;
}
