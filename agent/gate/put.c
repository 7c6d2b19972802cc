#include "agent/gate/put.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/hash.h"

#define NAME_SIZE (FLEET_CONTRACT_SHA256_SIZE + 16)
#define READ_SIZE 65536u

/* "<sha256>.part" while it comes, "<sha256>.raucb" once it is whole. */
static void name_of(const struct put *put, const char *end, char ret_name[NAME_SIZE])
{
	snprintf(ret_name, NAME_SIZE, "%s.%s", put->sha256, end);
}

static void remove_others(const struct put *put)
{
	int fd = fcntl(put->folder_fd, F_DUPFD_CLOEXEC, 3);
	cleanup_closedir DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && !str_after(entry->d_name, put->sha256) &&
			unlinkat(put->folder_fd, entry->d_name, 0) < 0)
			log_warning("remove %s: %s", entry->d_name, err_reason(errno));
}

static int check_room(const struct put *put, struct err *err)
{
	uint64_t needed = put->size - put->have, free_bytes;
	struct statvfs vfs;

	if (!needed)
		return 0;
	if (fstatvfs(put->fd, &vfs) < 0)
		return err_errno(err, errno, "look for room");
	free_bytes = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (free_bytes >= needed + PUT_RESERVE)
		return 0;
	return err_set(err, ERR_SPACE, ENOSPC,
		"take file: it needs %llu MiB more, %llu MiB are free",
		(unsigned long long)((needed + PUT_RESERVE) >> 20),
		(unsigned long long)(free_bytes >> 20));
}

/* A file that is whole already is taken up as if its last byte had just come. */
static int open_part(struct put *put, struct err *err)
{
	char part[NAME_SIZE], whole[NAME_SIZE];
	struct stat st;

	name_of(put, "part", part);
	name_of(put, "raucb", whole);
	if (renameat(put->folder_fd, whole, put->folder_fd, part) < 0 && errno != ENOENT)
		return err_errno(err, errno, "take file up");
	put->fd = openat(
		put->folder_fd, part, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (put->fd < 0 || fstat(put->fd, &st) < 0)
		return err_errno(err, errno, "take file");
	put->have = (uint64_t)st.st_size;
	if (put->have > put->size) {
		put->have = 0;
		if (ftruncate(put->fd, 0) < 0)
			return err_errno(err, errno, "take file anew");
	}
	return check_room(put, err);
}

int put_open(const char *folder, const struct fleet_contract_request *request, struct put *ret,
	struct err *err)
{
	struct put put = PUT_INIT;
	int r;

	put.size = request->size;
	memcpy(put.sha256, request->sha256, sizeof(put.sha256));
	put.folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (put.folder_fd < 0)
		return err_errno(err, errno, "open folder %s", folder);
	remove_others(&put);
	r = open_part(&put, err);
	if (r < 0) {
		put_done(&put);
		return r;
	}
	*ret = put;
	return 0;
}

void put_done(struct put *put)
{
	if (put->fd >= 0)
		close(TAKE_FD(put->fd));
	if (put->folder_fd >= 0)
		close(TAKE_FD(put->folder_fd));
}

bool put_is_open(const struct put *put)
{
	return put->fd >= 0;
}

ssize_t put_take(struct put *put, const void *data, size_t size, struct err *err)
{
	uint64_t left = put->size - put->have;
	int r;

	if (size > left)
		size = (size_t)left;
	r = file_write_full(put->fd, data, size, "file", err);
	if (r < 0)
		return r;
	put->have += size;
	return (ssize_t)size;
}

static int check_digest(const struct put *put, struct err *err)
{
	cleanup_free uint8_t *data = malloc(READ_SIZE);
	cleanup_hash struct hash *hash = NULL;
	uint8_t digest[HASH_SIZE];
	char text[FLEET_CONTRACT_SHA256_SIZE];
	uint64_t at = 0;
	int r;

	if (!data)
		return err_oom(err);
	r = hash_new(&hash, err);
	while (r >= 0 && at < put->size) {
		size_t n = put->size - at < READ_SIZE ? (size_t)(put->size - at) : READ_SIZE;

		r = file_pread_full(put->fd, data, n, at, "file", err);
		if (r >= 0)
			r = hash_add(hash, data, n, err);
		at += n;
	}
	if (r >= 0)
		r = hash_end(hash, digest, err);
	if (r < 0)
		return r;
	hex_format(digest, sizeof(digest), text);
	return str_equal(text, put->sha256)
		       ? 0
		       : err_set(err, ERR_CORRUPT, EBADMSG,
				 "take file: what came is not what was told, send it again");
}

int put_finish(struct put *put, char **ret_path, struct err *err)
{
	cleanup_free char *path = NULL;
	char part[NAME_SIZE], whole[NAME_SIZE];
	int r;

	name_of(put, "part", part);
	name_of(put, "raucb", whole);
	path = str_printf(FLEET_CONTRACT_PUT_FOLDER "/%s", whole);
	if (!path)
		return err_oom(err);
	if (fsync(put->fd) < 0)
		return err_errno(err, errno, "store file");
	r = check_digest(put, err);
	if (r == -EBADMSG && unlinkat(put->folder_fd, part, 0) < 0)
		log_warning("remove %s: %s", part, err_reason(errno));
	if (r < 0)
		return r;
	if (renameat(put->folder_fd, part, put->folder_fd, whole) < 0)
		return err_errno(err, errno, "name file");
	r = file_sync_parent(put->folder_fd, whole, err);
	if (r < 0)
		return r;
	*ret_path = TAKE(path);
	return 0;
}
