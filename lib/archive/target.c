#include "archive/target.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

#define PATH_SIZE_MAX 65536u

char *target_clean_path(const char *path, const char *base)
{
	bool absolute = *path == '/' || base;
	cleanup_free char *joined =
		*path == '/' || !base ? strdup(path) : str_printf("%s/%s", base, path);
	char *result = joined ? malloc(strlen(joined) + 3) : NULL, *save = NULL;
	size_t size = 0, fixed = 0; /* fixed: leading ".." of a relative path */

	if (!result)
		return NULL;
	for (char *part = strtok_r(joined, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		size_t length = strlen(part);

		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0 && size > fixed) {
			while (size && result[size - 1] != '/')
				size--;
			size -= size > 0;
			continue;
		}
		if (strcmp(part, "..") == 0 && absolute)
			continue;
		if (size || absolute)
			result[size++] = '/';
		memcpy(result + size, part, length);
		size += length;
		if (strcmp(part, "..") == 0)
			fixed = size;
	}
	if (!size)
		result[size++] = absolute ? '/' : '.';
	result[size] = '\0';
	return result;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	for (size_t i = 0; i < target->count; i++)
		target_free(target->children[i]);
	free(target->children);
	free(target->name);
	free(target->path);
	free(target->absolute);
	free(target);
}

static struct target *target_make(const char *name, const char *path)
{
	struct target *target = calloc(1, sizeof(*target));
	cleanup_free char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	if (!target)
		return NULL;
	target->name = strdup(name);
	target->path = strdup(path);
	target->absolute = target_clean_path(path, here);
	if (target->name && target->path && target->absolute)
		return target;
	target_free(target);
	return NULL;
}

/* The child called name, or where it belongs. */
static bool find_child(const struct target *target, const char *name, size_t *ret)
{
	size_t i = 0;

	while (i < target->count && strcmp(target->children[i]->name, name) < 0)
		i++;
	*ret = i;
	return i < target->count && strcmp(target->children[i]->name, name) == 0;
}

static int add_child(struct target *target, size_t at, struct target *child, struct err *err)
{
	struct target **children;

	if (!child)
		return err_oom(err);
	children = realloc(target->children, (target->count + 1) * sizeof(*children));
	if (!children) {
		target_free(child);
		return err_oom(err);
	}
	memmove(children + at + 1, children + at, (target->count - at) * sizeof(*children));
	children[at] = child;
	target->children = children;
	target->count++;
	return 0;
}

/* Turns a folder on the way into a leaf: what was named below is part of it now. */
static void make_leaf(struct target *target)
{
	for (size_t i = 0; i < target->count; i++)
		target_free(target->children[i]);
	free(target->children);
	target->children = NULL;
	target->count = 0;
	target->leaf = true;
}

/* Adds a cleaned path below root. explicit_leaf: it was named. */
static int add_path(struct target *root, const char *path, bool explicit_leaf, struct err *err)
{
	cleanup_free char *copy = strdup(path);
	char *at = copy, *end;
	struct target *target = root;
	int r;

	if (!copy)
		return err_oom(err);
	for (;; at = end + 1) {
		cleanup_free char *here = NULL;
		char *name = at;
		size_t slot;

		while (*name == '/')
			name++;
		end = strchr(name, '/');
		here = strndup(path, end ? (size_t)(end - copy) : strlen(path));
		if (!here)
			return err_oom(err);
		if (end)
			*end = '\0';
		if (target->leaf)
			return 0;
		if (strcmp(name, "..") != 0) {
			if (!find_child(target, name, &slot)) {
				r = add_child(target, slot, target_make(name, here), err);
				if (r < 0)
					return r;
			}
			target = target->children[slot];
			if (strcmp(target->path, here) != 0)
				return err_set(err, ERR_CONFIG, EINVAL,
					"back up %s: %s would take the same place in the snapshot",
					path, target->path);
		}
		if (!end)
			break;
	}
	make_leaf(target);
	target->explicit_leaf = explicit_leaf;
	return 0;
}

/* "." and ".." are what is in them. */
static int add_entries(struct target *root, const char *path, struct err *err)
{
	cleanup_closedir DIR *dir = opendir(path);
	int r = 0;

	if (!dir)
		return err_errno(err, errno, "open folder %s", path);
	for (struct dirent *entry; r >= 0 && (entry = readdir(dir));) {
		cleanup_free char *child = NULL;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (strcmp(path, ".") == 0)
			child = strdup(entry->d_name);
		else
			child = str_printf(
				"%s/%s", strcmp(path, "/") == 0 ? "" : path, entry->d_name);
		r = child ? add_path(root, child, false, err) : err_oom(err);
	}
	return r;
}

static bool has_components(const char *path)
{
	while (*path) {
		while (*path == '/')
			path++;
		/* NOLINTNEXTLINE(clang-analyzer-core.*): the text ends with a NUL */
		if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || !path[2]))
			path += 2;
		else if (*path == '.' && !path[1])
			path++;
		else
			return *path != '\0';
	}
	return false;
}

int target_new(char *const *paths, size_t count, struct target **ret, struct err *err)
{
	cleanup_target struct target *root = target_make("", "/");
	int r = 0;

	if (!root)
		return err_oom(err);
	for (size_t i = 0; r >= 0 && i < count; i++) {
		cleanup_free char *clean = NULL;

		if (!*paths[i] || strlen(paths[i]) > PATH_SIZE_MAX)
			return err_set(
				err, ERR_CONFIG, EINVAL, "read paths: one is empty or too long");
		clean = target_clean_path(paths[i], NULL);
		if (!clean)
			return err_oom(err);
		if (has_components(clean))
			r = add_path(root, clean, true, err);
		else
			r = add_entries(root, clean, err);
	}
	if (r < 0)
		return r;
	*ret = TAKE(root);
	return 0;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int target_absolute(const struct str_list *paths, struct str_list *ret, struct err *err)
{
	cleanup_free char *here = getcwd(NULL, 0);
	int r = here ? 0 : err_errno(err, errno, "find the current folder");

	for (size_t i = 0; r >= 0 && i < paths->count; i++) {
		cleanup_free char *path = target_clean_path(paths->items[i], here);

		r = path ? str_list_add(ret, path, err) : err_oom(err);
	}
	if (r >= 0 && ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_texts);
	return r;
}
