#include "archive/restore/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/cleanup.h"

#define DEPTH_MAX 2048 /* folders */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int remove_thing(int dir_fd, const char *name, unsigned depth, struct err *err)
{
	cleanup_str_list struct str_list names = {0};
	cleanup_close int fd = -1;
	int r = 0;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_errno(err, errno, "remove %s", name);
	if (depth >= DEPTH_MAX)
		return err_set(err, ERR_SYSTEM, ELOOP, "remove %s: folders are too deep", name);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, errno, "remove %s", name);
	r = walk_list(fd, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		r = remove_thing(fd, names.items[i], depth + 1, err);
	if (r >= 0 && unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		return err_errno(err, errno, "remove %s", name);
	return r;
}

static int prune_one(int fd, const char *name, const struct prune_options *options,
	uint64_t *deleted, struct err *err)
{
	size_t size = options->path->size;
	int r = buf_add_byte(options->path, '/', err);

	if (r >= 0)
		r = buf_add_text(options->path, name, err);
	if (r >= 0 && options->wants(options->context, (const char *)options->path->data)) {
		r = options->dry_run ? 0 : remove_thing(fd, name, 0, err);
		*deleted += r >= 0;
	}
	options->path->size = size;
	if (options->path->data)
		options->path->data[size] = '\0';
	return r;
}

int prune_folder(int fd, const struct prune_options *options, uint64_t *deleted, struct err *err)
{
	cleanup_str_list struct str_list found = {0}, stay = {0};
	int r = walk_list(fd, &found, err);

	/* A tree that was made to harm may have them in another order. */
	for (size_t i = 0; r >= 0 && i < options->names->count; i++)
		r = str_list_add(&stay, options->names->items[i], err);
	if (stay.count > 1)
		qsort(stay.items, stay.count, sizeof(*stay.items), compare_names);
	for (size_t i = 0; r >= 0 && i < found.count; i++)
		if (!stay.count || !bsearch(&found.items[i], stay.items, stay.count,
					   sizeof(*stay.items), compare_names))
			r = prune_one(fd, found.items[i], options, deleted, err);
	return r;
}
