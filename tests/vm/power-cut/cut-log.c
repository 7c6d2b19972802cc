#include "cut-log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int cut_log_open(const char *path, struct cut_log *ret, struct err *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, errno, "open %s", path);
	if (st.st_size == 0)
		return err_set(err, ERR_CORRUPT, ENODATA, "read %s: it is empty", path);
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_errno(err, errno, "map %s", path);
	*ret = (struct cut_log){.bytes = bytes, .size = (size_t)st.st_size};
	return 0;
}

bool cut_log_next(
	const struct cut_log *log, size_t *at, struct cut_record *ret, const uint8_t **ret_data)
{
	struct cut_record record;

	if (log->size - *at < sizeof(record))
		return false;
	memcpy(&record, log->bytes + *at, sizeof(record));
	if (log->size - *at - sizeof(record) < record.size)
		return false;
	*ret_data = log->bytes + *at + sizeof(record);
	*at += sizeof(record) + record.size;
	*ret = record;
	return true;
}
