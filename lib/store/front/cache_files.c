#include "store/front/cache_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/str.h"
#include "crypto/hash.h"

#define PIECE_SIZE (4u << 20) /* bytes fetched at a time */
#define READ_SIZE (256u << 10)
#define OBJECT_MAX (160ull << 20) /* a larger one is not kept */
#define TEMPORARY ".nexus-"
#define LEFT_AGE_S (24 * 3600)
#define TAG                                                                                        \
	"Signature: 8a477f597d28d172789f06886806bc55\n"                                            \
	"# Cache of nexus-backup; may be deleted at any time.\n"

struct cache_files {
	int fd; /* the repository's folder */
	pthread_mutex_t mutex; /* guards what follows; held while an object is fetched, so that it
				* is fetched once */
	struct hash *hash; /* owned */
	uint8_t *checked; /* owned: 32 bytes of each object that was checked */
	size_t checked_count, checked_allocated;
};

/* What killed processes were fetching; nobody fetches for a day. */
static void remove_left(int fd)
{
	cleanup_closedir DIR *dir = NULL;
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	time_t before = time(NULL) - LEFT_AGE_S;
	struct dirent *entry;

	dir = own < 0 ? NULL : fdopendir(own);
	if (!dir && own >= 0)
		close(own);
	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (str_after(entry->d_name, TEMPORARY) &&
			fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtim.tv_sec < before)
			(void)unlinkat(fd, entry->d_name, 0);
	}
}

int cache_files_open(
	const char *folder, const char *repository_id, struct cache_files **ret, struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s", folder, repository_id);
	cleanup_free char *tag = str_printf("%s/CACHEDIR.TAG", folder);
	struct cache_files *files;
	int r;

	if (!path || !tag)
		return err_oom(err);
	r = file_make_dirs(path, 0700, err);
	if (r >= 0 && access(tag, F_OK) < 0)
		r = file_replace(AT_FDCWD, tag, TAG, strlen(TAG), 0644, err);
	if (r < 0)
		return r;
	files = calloc(1, sizeof(*files));
	if (!files)
		return err_oom(err);
	pthread_mutex_init(&files->mutex, NULL);
	files->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = files->fd < 0 ? err_errno(err, errno, "open cache %s", path)
			  : hash_new(&files->hash, err);
	if (r < 0) {
		cache_files_free(files);
		return r;
	}
	(void)futimens(files->fd, NULL); /* says when it was used */
	remove_left(files->fd);
	*ret = files;
	return 0;
}

void cache_files_free(struct cache_files *files)
{
	if (!files)
		return;
	if (files->fd >= 0)
		close(files->fd);
	hash_free(files->hash);
	free(files->checked);
	pthread_mutex_destroy(&files->mutex);
	free(files);
}

/* Sorted, by halving: where name stands or would stand. */
static size_t find_checked(const struct cache_files *files, const uint8_t name[32], bool *ret_there)
{
	size_t low = 0, high = files->checked_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(files->checked + 32 * middle, name, 32);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = false;
	return low;
}

static void remember(struct cache_files *files, const uint8_t name[32])
{
	bool there;
	size_t at = find_checked(files, name, &there);

	if (there)
		return;
	if (files->checked_count == files->checked_allocated) {
		size_t more = files->checked_allocated ? 2 * files->checked_allocated : 64;
		uint8_t *larger = realloc(files->checked, 32 * more);

		if (!larger)
			return; /* it will be checked again */
		files->checked = larger;
		files->checked_allocated = more;
	}
	memmove(files->checked + 32 * (at + 1), files->checked + 32 * at,
		32 * (files->checked_count - at));
	memcpy(files->checked + 32 * at, name, 32);
	files->checked_count++;
}

static bool hash_matches(struct cache_files *files, int fd, const uint8_t name[32])
{
	cleanup_free uint8_t *piece = malloc(READ_SIZE);
	struct err err = ERR_INIT;
	uint8_t digest[HASH_SIZE];
	ssize_t n = 1;

	if (!piece || hash_begin(files->hash, &err) < 0)
		return false;
	for (off_t at = 0; n > 0; at += n) {
		n = pread(fd, piece, READ_SIZE, at);
		if (n < 0 || hash_add(files->hash, piece, (size_t)n, &err) < 0)
			return false;
	}
	return hash_end(files->hash, digest, &err) >= 0 && memcmp(digest, name, 32) == 0;
}

/* With the mutex held. */
static int get(
	struct cache_files *files, enum store_type type, const char *name, uint64_t *ret_bytes)
{
	cleanup_close int fd = -1;
	char path[STORE_PATH_SIZE];
	uint8_t id[32];
	struct stat st;
	bool checked;

	store_format_path(type, name, path);
	fd = openat(files->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0 || !hex_parse(name, id, sizeof(id)))
		return -1;
	(void)find_checked(files, id, &checked);
	if (!checked && !hash_matches(files, fd, id)) {
		(void)unlinkat(files->fd, path, 0);
		return -1;
	}
	remember(files, id);
	*ret_bytes = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

int cache_files_get(
	struct cache_files *files, enum store_type type, const char *name, uint64_t *ret_bytes)
{
	int fd;

	pthread_mutex_lock(&files->mutex);
	fd = get(files, type, name, ret_bytes);
	pthread_mutex_unlock(&files->mutex);
	return fd;
}

static int make_parents(struct cache_files *files, const char *path)
{
	char folder[STORE_PATH_SIZE];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdirat(files->fd, folder, 0700) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

/* Copies the object into fd. */
static bool copy_object(struct store *store, enum store_type type, const char *name, int fd)
{
	cleanup_free uint8_t *piece = NULL;
	struct err err = ERR_INIT;
	uint64_t bytes;

	if (store_size(store, type, name, &bytes, &err) < 0 || bytes > OBJECT_MAX)
		return false;
	piece = malloc(bytes < PIECE_SIZE ? (size_t)bytes + 1 : PIECE_SIZE);
	for (uint64_t at = 0; piece && at < bytes;) {
		size_t size = bytes - at < PIECE_SIZE ? (size_t)(bytes - at) : PIECE_SIZE;

		if (store_read(store, type, name, at, piece, size, &err) < 0 ||
			file_write_full(fd, piece, size, "cache", &err) < 0)
			return false;
		at += size;
	}
	return piece;
}

static bool fetch(
	struct cache_files *files, struct store *store, enum store_type type, const char *name)
{
	char path[STORE_PATH_SIZE], temporary[48];
	cleanup_close int fd = -1;
	uint64_t unique;
	uint8_t id[32];
	bool done;

	if (getrandom(&unique, sizeof(unique), 0) != sizeof(unique))
		return false;
	snprintf(temporary, sizeof(temporary), TEMPORARY "%016llx", (unsigned long long)unique);
	store_format_path(type, name, path);
	fd = openat(files->fd, temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	/* What is damaged in the store itself is for the caller to see. */
	done = copy_object(store, type, name, fd) && hex_parse(name, id, sizeof(id)) &&
	       hash_matches(files, fd, id) && make_parents(files, path) == 0 &&
	       renameat(files->fd, temporary, files->fd, path) == 0;
	if (!done)
		(void)unlinkat(files->fd, temporary, 0);
	else
		remember(files, id);
	return done;
}

int cache_files_fetch(struct cache_files *files, struct store *store, enum store_type type,
	const char *name, uint64_t *ret_bytes)
{
	int fd;

	pthread_mutex_lock(&files->mutex);
	fd = get(files, type, name, ret_bytes);
	if (fd < 0 && fetch(files, store, type, name))
		fd = get(files, type, name, ret_bytes);
	pthread_mutex_unlock(&files->mutex);
	return fd;
}

void cache_files_drop(struct cache_files *files, enum store_type type, const char *name)
{
	char path[STORE_PATH_SIZE];

	store_format_path(type, name, path);
	(void)unlinkat(files->fd, path, 0);
}

/* Of one folder; also into those below it, as packs have them. */
static void sweep(int at, const char *folder, bool nested, store_keep_fn *keep, void *context)
{
	cleanup_closedir DIR *dir = NULL;
	int fd = openat(at, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct dirent *entry;

	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (nested && strlen(name) == 2 && *name != '.')
			sweep(dirfd(dir), name, false, keep, context);
		else if (!nested && store_name_is_valid(name) && !keep(name, context))
			(void)unlinkat(dirfd(dir), name, 0);
	}
}

void cache_files_sweep(
	struct cache_files *files, enum store_type type, store_keep_fn *keep, void *context)
{
	sweep(files->fd, store_type_name(type), type == STORE_PACK, keep, context);
}
