#include "archive/slab/spill.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

struct spill {
	int fd; /* owned */
	uint64_t size; /* bytes of what was put */
};

int spill_new(struct spill **ret, struct err *err)
{
	struct spill *spill = calloc(1, sizeof(*spill));

	if (!spill)
		return err_oom(err);
	spill->fd = file_nameless(NULL, err);
	if (spill->fd < 0) {
		int r = spill->fd;

		free(spill);
		return r;
	}
	*ret = spill;
	return 0;
}

void spill_free(struct spill *spill)
{
	if (!spill)
		return;
	close(spill->fd);
	free(spill);
}

int spill_add(struct spill *spill, const void *data, size_t size, uint64_t *ret_at, struct err *err)
{
	int r;

	/* What a failed write left is written over. */
	if (lseek(spill->fd, (off_t)spill->size, SEEK_SET) < 0)
		return err_errno(err, errno, "write temporary file");
	r = file_write_full(spill->fd, data, size, "temporary file", err);
	if (r < 0)
		return r;
	*ret_at = spill->size;
	spill->size += size;
	return 0;
}

int spill_read(const struct spill *spill, uint64_t at, void *ret, size_t size, struct err *err)
{
	return file_pread_full(spill->fd, ret, size, at, "temporary file", err);
}
