#include "base/file.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/str.h"

#define LINE_SIZE_MAX 4096u

int file_read_fd(int fd, const char *name, size_t max_bytes, char **ret_data, size_t *ret_size,
	struct err *err)
{
	cleanup_buf struct buf buf = BUF_INIT(max_bytes + 1);
	size_t size;
	int r;

	for (;;) {
		size_t room = 65536;
		ssize_t n;

		if (room > buf.max - buf.size)
			room = buf.max - buf.size;
		if (!room)
			return err_set(err, ERR_SPACE, EFBIG, "read %s: larger than %zu bytes",
				name, max_bytes);
		r = buf_reserve(&buf, room, err);
		if (r < 0)
			return r;
		n = read(fd, buf.data + buf.size, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "read %s", name);
		if (n == 0)
			break;
		buf.size += (size_t)n;
		buf.data[buf.size] = 0;
	}
	size = buf.size;
	*ret_data = buf_take_text(&buf);
	if (!*ret_data)
		return err_oom(err);
	if (ret_size)
		*ret_size = size;
	return 0;
}

int file_read(int dir_fd, const char *path, size_t max_bytes, char **ret_data, size_t *ret_size,
	struct err *err)
{
	cleanup_close int fd = -1;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	return file_read_fd(fd, path, max_bytes, ret_data, ret_size, err);
}

int file_write_full(int fd, const void *data, size_t size, const char *name, struct err *err)
{
	const uint8_t *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "write %s", name);
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* offset -1: where fd stands, and it moves. */
static int read_full(
	int fd, uint8_t *data, size_t size, off_t offset, const char *name, struct err *err)
{
	while (size) {
		ssize_t n = offset < 0 ? read(fd, data, size) : pread(fd, data, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "read %s", name);
		if (n == 0)
			return err_set(err, ERR_CORRUPT, ENODATA, "read %s: ends too early", name);
		data += n;
		if (offset >= 0)
			offset += n;
		size -= (size_t)n;
	}
	return 0;
}

int file_read_full(int fd, void *data, size_t size, const char *name, struct err *err)
{
	return read_full(fd, data, size, -1, name, err);
}

int file_pread_full(
	int fd, void *data, size_t size, uint64_t offset, const char *name, struct err *err)
{
	if (offset > INT64_MAX)
		return err_set(err, ERR_CORRUPT, EINVAL, "read %s: no such place", name);
	return read_full(fd, data, size, (off_t)offset, name, err);
}

int file_sync_parent(int dir_fd, const char *path, struct err *err)
{
	cleanup_free char *copy = strdup(path);
	cleanup_close int fd = -1;
	const char *parent;

	if (!copy)
		return err_oom(err);
	parent = dirname(copy);
	fd = openat(dir_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "open folder %s", parent);
	if (fsync(fd) < 0)
		return err_errno(err, errno, "sync folder %s", parent);
	return 0;
}

/* Makes the new file path, has it filled and makes it durable. */
static int write_new(int dir_fd, const char *path, file_write_fn *write, void *context, mode_t mode,
	struct err *err)
{
	cleanup_close int fd = -1;
	int r;

	fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, "create %s", path);
	r = write(fd, path, context, err);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return err_errno(err, errno, "set mode of %s", path);
	if (fsync(fd) < 0)
		return err_errno(err, errno, "sync %s", path);
	return 0;
}

void file_read_line(const char *dir, const char *name, char *ret_text, size_t room)
{
	cleanup_free char *path = str_printf("%s/%s", dir, name);
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	*ret_text = '\0';
	if (!path || file_read(AT_FDCWD, path, LINE_SIZE_MAX, &text, NULL, &err) < 0)
		return;
	snprintf(ret_text, room, "%s", str_strip(text));
	str_sanitize(ret_text);
}

int file_replace_by(int dir_fd, const char *path, file_write_fn *write, void *context, mode_t mode,
	struct err *err)
{
	cleanup_free char *temporary = NULL;
	uint64_t unique;
	int r;

	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
		return err_errno(err, errno, "get random bytes");
	temporary = str_printf("%s.%016llx.tmp", path, (unsigned long long)unique);
	if (!temporary)
		return err_oom(err);
	r = write_new(dir_fd, temporary, write, context, mode, err);
	if (r >= 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
		r = err_errno(err, errno, "rename %s to %s", temporary, path);
	if (r < 0) {
		unlinkat(dir_fd, temporary, 0);
		return r;
	}
	return file_sync_parent(dir_fd, path, err);
}

struct bytes {
	const void *data;
	size_t size;
};

static int write_bytes(int fd, const char *name, void *context, struct err *err)
{
	const struct bytes *bytes = context;

	return file_write_full(fd, bytes->data, bytes->size, name, err);
}

int file_replace(
	int dir_fd, const char *path, const void *data, size_t size, mode_t mode, struct err *err)
{
	struct bytes bytes = {data, size};

	return file_replace_by(dir_fd, path, write_bytes, &bytes, mode, err);
}

int file_nameless(const char *folder, struct err *err)
{
	cleanup_free char *path = NULL;
	int fd;

	if (!folder || !*folder)
		folder = getenv("TMPDIR");
	if (!folder || !*folder)
		folder = "/var/tmp";
	fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (fd >= 0)
		return fd;
	/* Not every file system has such files. */
	path = str_printf("%s/nexus-XXXXXX", folder);
	if (!path)
		return err_oom(err);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "make a file in %s", folder);
	(void)unlink(path);
	return fd;
}

int file_make_dirs(const char *path, mode_t mode, struct err *err)
{
	cleanup_free char *copy = strdup(path);
	struct stat st;

	if (!copy)
		return err_oom(err);
	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_errno(err, errno, "make folder %s", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_errno(err, errno, "make folder %s", copy);
	if (stat(copy, &st) < 0)
		return err_errno(err, errno, "look at folder %s", copy);
	if (!S_ISDIR(st.st_mode))
		return err_errno(err, ENOTDIR, "make folder %s", copy);
	return 0;
}
