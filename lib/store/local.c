#include "store/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define PATH_SIZE STORE_PATH_SIZE
#define TEMPORARY_PREFIX ".nexus-"
#define CREATE_TRIES 16
#define WRITE_BACK_SIZE (4u << 20) /* bytes after which the kernel is asked to start writing */

struct local_store {
	struct store store;
	int fd; /* the repository's folder */
};

struct local_upload {
	struct store_upload upload;
	int fd;
	uint64_t written, pushed; /* bytes */
	char path[PATH_SIZE]; /* of the temporary file */
};

static struct local_store *local_of(struct store *store)
{
	return (struct local_store *)store;
}

/* The folder in which an object stands, and its path. name is NULL for the config. */
static void format_folder(enum store_type type, const char *name, char ret_folder[static PATH_SIZE])
{
	if (type == STORE_CONFIG)
		snprintf(ret_folder, PATH_SIZE, ".");
	else if (type == STORE_PACK)
		snprintf(ret_folder, PATH_SIZE, "data/%.2s", name);
	else
		snprintf(ret_folder, PATH_SIZE, "%s", store_type_name(type));
}

static int make_folder(struct local_store *local, const char *path, struct err *err)
{
	if (mkdirat(local->fd, path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, "make folder %s", path);
	return 0;
}

static int local_create(struct store *store, struct err *err)
{
	struct local_store *local = local_of(store);
	int r = 0;

	for (enum store_type type = STORE_KEY; r >= 0 && type <= STORE_PACK; type++)
		r = make_folder(local, store_type_name(type), err);
	for (unsigned i = 0; r >= 0 && i < 256; i++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "data/%02x", i);
		r = make_folder(local, path, err);
	}
	if (r >= 0)
		r = file_sync_parent(local->fd, "data/00", err);
	if (r >= 0)
		r = file_sync_parent(local->fd, "data", err);
	return r;
}

/* Returns the descriptor, or -1 with errno: EAGAIN when somebody who tidies up saw the file
 * before its lock stood, and takes it away. The lock says to store_tidy that somebody is still
 * writing; advisory: a file system without locks works too. */
static int create_temporary(struct local_store *local, const char *path)
{
	cleanup_close int fd =
		openat(local->fd, path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if ((flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) ||
		(fstat(fd, &st) == 0 && !st.st_nlink)) {
		(void)unlinkat(local->fd, path, 0);
		errno = EAGAIN;
		return -1;
	}
	return TAKE_FD(fd);
}

/* Under a name that nobody has; upload->path is set. */
static int create_in(
	struct local_store *local, struct local_upload *upload, const char *folder, struct err *err)
{
	for (unsigned tries = 0; tries < CREATE_TRIES; tries++) {
		uint64_t unique;

		if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
			unique = (uint64_t)getpid() * CREATE_TRIES + tries;
		snprintf(upload->path, sizeof(upload->path), "%.64s/%s%016llx", folder,
			TEMPORARY_PREFIX, (unsigned long long)unique);
		upload->fd = create_temporary(local, upload->path);
		/* Other programs make these folders only when they need them. */
		if (upload->fd < 0 && errno == ENOENT) {
			int r = make_folder(local, folder, err);

			if (r < 0)
				return r;
			upload->fd = create_temporary(local, upload->path);
		}
		if (upload->fd >= 0)
			return 0;
		if (errno != EAGAIN)
			break;
	}
	return err_errno(err, errno, "create %s", upload->path);
}

static int local_begin(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	struct local_store *local = local_of(store);
	struct local_upload *upload = calloc(1, sizeof(*upload));
	char folder[PATH_SIZE];
	int r;

	if (!upload)
		return err_oom(err);
	format_folder(type, "00", folder);
	upload->upload = (struct store_upload){.store = store, .type = type};
	r = create_in(local, upload, folder, err);
	if (r < 0) {
		free(upload);
		return r;
	}
	*ret = &upload->upload;
	return 0;
}

static int local_append(struct store_upload *base, const void *data, size_t size, struct err *err)
{
	struct local_upload *upload = (struct local_upload *)base;
	int r = file_write_full(upload->fd, data, size, upload->path, err);

	if (r < 0)
		return r;
	upload->written += size;
	if (upload->written - upload->pushed >= WRITE_BACK_SIZE) {
		/* Spreads the disk's work, so that the sync at the end is short. */
		(void)sync_file_range(upload->fd, (off_t)upload->pushed,
			(off_t)(upload->written - upload->pushed), SYNC_FILE_RANGE_WRITE);
		upload->pushed = upload->written;
	}
	return 0;
}

static void local_abort(struct store_upload *base)
{
	struct local_upload *upload = (struct local_upload *)base;

	if (upload->path[0])
		unlinkat(local_of(base->store)->fd, upload->path, 0);
	close(upload->fd);
	free(upload);
}

static int sync_folder(struct local_store *local, const char *folder, struct err *err)
{
	cleanup_close int fd = openat(local->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(err, errno, "open folder %s", folder);
	if (fsync(fd) < 0)
		return err_errno(err, errno, "sync folder %s", folder);
	return 0;
}

static int local_commit(struct store_upload *base, const char *name, struct err *err)
{
	struct local_store *local = local_of(base->store);
	cleanup_store_upload struct store_upload *owned = base;
	struct local_upload *upload = (struct local_upload *)owned;
	char path[PATH_SIZE], folder[PATH_SIZE];
	int r;

	store_format_path(base->type, name, path);
	format_folder(base->type, name, folder);
	if (fsync(upload->fd) < 0)
		return err_errno(err, errno, "sync %s", upload->path);
	if (fchmod(upload->fd, 0400) < 0)
		return err_errno(err, errno, "set mode of %s", upload->path);
	if (renameat(local->fd, upload->path, local->fd, path) < 0) {
		if (errno != ENOENT || base->type != STORE_PACK)
			return err_errno(err, errno, "rename %s to %s", upload->path, path);
		r = make_folder(local, folder, err);
		if (r < 0)
			return r;
		if (renameat(local->fd, upload->path, local->fd, path) < 0)
			return err_errno(err, errno, "rename %s to %s", upload->path, path);
	}
	upload->path[0] = '\0';
	return sync_folder(local, folder, err);
}

static int local_read(struct store *store, enum store_type type, const char *name, uint64_t offset,
	void *ret, size_t size, struct err *err)
{
	cleanup_close int fd = -1;
	char path[PATH_SIZE];

	store_format_path(type, name, path);
	fd = openat(local_of(store)->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(err, errno, "open %s", path);
	return file_pread_full(fd, ret, size, offset, path, err);
}

static int local_size(struct store *store, enum store_type type, const char *name,
	uint64_t *ret_bytes, struct err *err)
{
	char path[PATH_SIZE];
	struct stat st;

	store_format_path(type, name, path);
	if (fstatat(local_of(store)->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, errno, "look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CORRUPT, EUCLEAN, "look at %s: no file", path);
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}

typedef int visit_fn(
	int folder_fd, const char *folder, const char *name, void *context, struct err *err);

/* Calls fn for every entry of folder. A folder that is not there is empty. */
static int visit(
	struct local_store *local, const char *folder, visit_fn *fn, void *context, struct err *err)
{
	cleanup_closedir DIR *dir = NULL;
	cleanup_close int fd = openat(local->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, errno, "open folder %s", folder);
	dir = fdopendir(fd);
	if (!dir)
		return err_errno(err, errno, "open folder %s", folder);
	fd = -1;
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno ? err_errno(err, errno, "read folder %s", folder) : 0;
		r = fn(dirfd(dir), folder, entry->d_name, context, err);
		if (r < 0)
			return r;
	}
}

/* Calls fn for every folder in which objects of a type stand. */
static int visit_type(struct local_store *local, enum store_type type, visit_fn *fn, void *context,
	struct err *err)
{
	char folder[PATH_SIZE];
	int r = 0;

	if (type != STORE_PACK)
		return visit(local, store_type_name(type), fn, context, err);
	for (unsigned i = 0; r >= 0 && i < 256; i++) {
		snprintf(folder, sizeof(folder), "data/%02x", i);
		r = visit(local, folder, fn, context, err);
	}
	return r;
}

struct listing {
	store_list_fn *fn;
	void *context;
};

static int list_one(
	int folder_fd, const char *folder, const char *name, void *context, struct err *err)
{
	const struct listing *listing = context;
	struct stat st;

	if (!store_name_is_valid(name))
		return 0;
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(err, errno, "look at %s/%s", folder, name);
	if (!S_ISREG(st.st_mode))
		return 0;
	return listing->fn(name, (uint64_t)st.st_size, listing->context, err);
}

static int local_list(struct store *store, enum store_type type, store_list_fn *fn, void *context,
	struct err *err)
{
	struct listing listing = {fn, context};

	return visit_type(local_of(store), type, list_one, &listing, err);
}

static int local_remove(
	struct store *store, enum store_type type, const char *name, struct err *err)
{
	char path[PATH_SIZE];

	store_format_path(type, name, path);
	if (unlinkat(local_of(store)->fd, path, 0) < 0)
		return err_errno(err, errno, "remove %s", path);
	return 0;
}

static int tidy_one(
	int folder_fd, const char *folder, const char *name, void *context, struct err *err)
{
	cleanup_close int fd = -1;
	int *count = context;

	(void)folder;
	(void)err;
	if (strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) != 0)
		return 0;
	fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	if (unlinkat(folder_fd, name, 0) == 0)
		(*count)++;
	return 0;
}

static int local_tidy(struct store *store, struct err *err)
{
	struct local_store *local = local_of(store);
	int count = 0, r;

	r = visit(local, ".", tidy_one, &count, err);
	for (enum store_type type = STORE_KEY; r >= 0 && type < STORE_PACK; type++)
		r = visit(local, store_type_name(type), tidy_one, &count, err);
	/* Packs are all begun in the first folder. */
	if (r >= 0)
		r = visit(local, "data/00", tidy_one, &count, err);
	return r < 0 ? r : count;
}

static void local_close(struct store *store)
{
	close(local_of(store)->fd);
	free(store);
}

static const struct store_ops local_ops = {
	.create = local_create,
	.begin = local_begin,
	.append = local_append,
	.commit = local_commit,
	.abort = local_abort,
	.read = local_read,
	.size = local_size,
	.list = local_list,
	.remove = local_remove,
	.tidy = local_tidy,
	.close = local_close,
};

int local_store_open(const char *path, bool create, struct store **ret, struct err *err)
{
	cleanup_close int fd = -1;
	struct local_store *local;
	int r;

	if (create) {
		r = file_make_dirs(path, 0700, err);
		if (r < 0)
			return r;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "open repository %s", path);
	local = calloc(1, sizeof(*local));
	if (!local)
		return err_oom(err);
	local->store.ops = &local_ops;
	local->fd = TAKE_FD(fd);
	*ret = &local->store;
	return 0;
}
