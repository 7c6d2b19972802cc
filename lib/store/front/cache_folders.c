#include "store/front/cache_folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define DEPTH_MAX 8 /* a cache has three */
#define GOING ".nexus-old-" /* before the name of one that is being removed */

void cache_folders_done(struct cache_folders *folders)
{
	free(folders->items);
	*folders = (struct cache_folders){0};
}

static DIR *open_below(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	return dir;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static uint64_t sum_sizes(int at, const char *name, unsigned depth)
{
	cleanup_closedir DIR *dir = depth < DEPTH_MAX ? open_below(at, name) : NULL;
	struct dirent *entry;
	uint64_t bytes = 0;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (is_dots(entry->d_name) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			bytes += sum_sizes(dirfd(dir), entry->d_name, depth + 1);
		else
			bytes += (uint64_t)st.st_size;
	}
	return bytes;
}

/* Adds one that is a cache's; others are passed over. */
static int add(
	struct cache_folders *folders, int at, const char *name, bool with_size, struct err *err)
{
	struct cache_folder *items = folders->items;
	struct stat st;

	if (!store_name_is_valid(name) || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode))
		return 0;
	if (folders->count == CACHE_FOLDERS_MAX)
		return err_set(err, ERR_SPACE, EFBIG, "more than %u folders", CACHE_FOLDERS_MAX);
	/* Grown by 64 at a time. */
	if (folders->count % 64 == 0) {
		items = reallocarray(items, folders->count + 64, sizeof(*items));
		if (!items)
			return err_oom(err);
		folders->items = items;
	}
	items += folders->count++;
	*items = (struct cache_folder){
		.used_us = st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000,
		.size_bytes = with_size ? sum_sizes(at, name, 0) : 0,
	};
	memcpy(items->id, name, STORE_NAME_SIZE);
	return 0;
}

static int compare_use(const void *a, const void *b)
{
	const struct cache_folder *first = a, *second = b;

	if (first->used_us != second->used_us)
		return first->used_us < second->used_us ? -1 : 1;
	return strcmp(first->id, second->id);
}

int cache_folders_read(
	const char *folder, bool with_size, struct cache_folders *ret, struct err *err)
{
	cleanup_cache_folders struct cache_folders folders = {0};
	cleanup_closedir DIR *dir = opendir(folder);
	struct dirent *entry;
	int r = 0;

	if (!dir && errno != ENOENT)
		return err_errno(err, errno, "read cache %s", folder);
	while (r >= 0 && dir && (entry = readdir(dir)))
		r = add(&folders, dirfd(dir), entry->d_name, with_size, err);
	if (r < 0)
		return err_wrap(err, "read cache %s", folder);
	if (folders.count)
		qsort(folders.items, folders.count, sizeof(*folders.items), compare_use);
	*ret = folders;
	folders = (struct cache_folders){0};
	return 0;
}

/* Everything below and the folder itself; who else removes of it does not matter. */
static int remove_tree(int at, const char *name, unsigned depth, struct err *err)
{
	cleanup_closedir DIR *dir = depth < DEPTH_MAX ? open_below(at, name) : NULL;
	struct dirent *entry;
	int r = 0;

	while (r >= 0 && dir && (entry = readdir(dir))) {
		if (is_dots(entry->d_name) || unlinkat(dirfd(dir), entry->d_name, 0) == 0 ||
			errno == ENOENT)
			continue;
		if (errno != EISDIR)
			return err_errno(err, errno, "remove %s", entry->d_name);
		r = remove_tree(dirfd(dir), entry->d_name, depth + 1, err);
	}
	if (r >= 0 && unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = err_errno(err, errno, "remove %s", name);
	return r;
}

static int remove_left(const char *folder, DIR *dir, struct err *err)
{
	struct dirent *entry;
	int r = 0;

	while (r >= 0 && (entry = readdir(dir)))
		if (str_after(entry->d_name, GOING))
			r = remove_tree(dirfd(dir), entry->d_name, 0, err);
	return r < 0 ? err_wrap(err, "clean cache %s", folder) : 0;
}

int cache_folders_remove(const char *folder, int64_t before_us, const char *spared,
	unsigned *ret_removed, struct err *err)
{
	cleanup_cache_folders struct cache_folders folders = {0};
	cleanup_closedir DIR *dir = opendir(folder);
	int r = cache_folders_read(folder, false, &folders, err);

	*ret_removed = 0;
	for (size_t i = 0; r >= 0 && dir && i < folders.count; i++) {
		const char *id = folders.items[i].id;
		char going[sizeof(GOING) + STORE_NAME_SIZE];

		if (folders.items[i].used_us >= before_us || (spared && strcmp(id, spared) == 0))
			continue;
		/* Out of the way first: who uses it at this moment finds an empty cache. */
		snprintf(going, sizeof(going), "%s%s", GOING, id);
		if (renameat(dirfd(dir), id, dirfd(dir), going) == 0)
			++*ret_removed;
		else if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			r = err_errno(err, errno, "clean cache %s: move %s", folder, id);
	}
	return r < 0 || !dir ? r : remove_left(folder, dir, err);
}

int cache_folders_begin(const char *folder, char **ret, struct err *err)
{
	cleanup_free char *path = str_printf("%s/%s%s", folder, GOING, "XXXXXX");
	int r = path ? file_make_dirs(folder, 0700, err) : err_oom(err);

	if (r < 0)
		return r;
	if (!mkdtemp(path))
		return err_errno(err, errno, "make folder below %s", folder);
	*ret = TAKE(path);
	return 0;
}

void cache_folders_end(const char *path)
{
	struct err ignored = ERR_INIT;

	(void)!remove_tree(AT_FDCWD, path, 0, &ignored);
}
