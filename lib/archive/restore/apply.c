#include "archive/restore/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LIST_SIZE_MAX 65536u

/* Removes what is in the way; a folder is not. */
static int clear_place(int dir_fd, const char *name, struct err *err)
{
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno == EPERM ? EISDIR : errno, "replace it");
	return 0;
}

int apply_open(int dir_fd, const char *name, int flags, struct stat *ret_st)
{
	cleanup_close int fd = -1;

	if (fstatat(dir_fd, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(ret_st->st_mode))
		return -EMLINK;
	fd = openat(dir_fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, ret_st) < 0)
		return -errno;
	return S_ISREG(ret_st->st_mode) ? TAKE_FD(fd) : -EMLINK;
}

int apply_existing(int dir_fd, const char *name, struct stat *ret_st)
{
	cleanup_close int fd = apply_open(dir_fd, name, O_RDWR, ret_st);

	if (fd < 0)
		return fd;
	return ret_st->st_nlink == 1 ? TAKE_FD(fd) : -EMLINK;
}

int apply_folder(int dir_fd, const char *name, bool dry_run, struct err *err)
{
	struct stat st;
	int fd, r;

	if (dry_run) {
		fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -ENOENT : fd;
	}
	if (mkdirat(dir_fd, name, 0700) < 0) {
		if (errno != EEXIST)
			return err_errno(err, errno, "make folder");
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_errno(err, errno, "look at it");
		if (!S_ISDIR(st.st_mode)) {
			r = clear_place(dir_fd, name, err);
			if (r < 0)
				return r;
			if (mkdirat(dir_fd, name, 0700) < 0)
				return err_errno(err, errno, "make folder");
		}
	}
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_errno(err, errno, "open folder") : fd;
}

int apply_file(int dir_fd, const char *name, struct err *err)
{
	int fd, r = clear_place(dir_fd, name, err);

	if (r < 0)
		return r;
	fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? err_errno(err, errno, "create it") : fd;
}

int apply_special(int dir_fd, const char *name, const struct node *node, struct err *err)
{
	mode_t kind = 0;
	int r;

	switch (node->type) {
	case NODE_SOCKET:
		return 1;
	case NODE_SYMLINK:
		break;
	case NODE_FIFO:
		kind = S_IFIFO;
		break;
	case NODE_BLOCK:
		kind = S_IFBLK;
		break;
	case NODE_CHAR:
		kind = S_IFCHR;
		break;
	case NODE_OTHER:
	case NODE_FILE:
	case NODE_DIR:
		return err_set(err, ERR_CORRUPT, EBADMSG, "restore it: its type is unknown");
	}
	r = clear_place(dir_fd, name, err);
	if (r < 0)
		return r;
	if (!kind)
		return symlinkat(node->link_target, dir_fd, name) < 0
			       ? err_errno(err, errno, "make link")
			       : 0;
	if (mknodat(dir_fd, name, kind | 0600, node->type == NODE_FIFO ? 0 : (dev_t)node->device) <
		0)
		return err_errno(err, errno, "make it");
	return 0;
}

static bool node_has_xattr(const struct node *node, const char *name)
{
	for (size_t i = 0; i < node->xattr_count; i++)
		if (strcmp(node->xattrs[i].name, name) == 0)
			return true;
	return false;
}

static bool wants_xattr(const struct apply_rules *rules, const char *name)
{
	if (rules && rules->xattr_includes)
		return filter_match(rules->xattr_includes, name, NULL);
	return !rules || !rules->xattr_excludes || !filter_match(rules->xattr_excludes, name, NULL);
}

/* Attributes that came from elsewhere (an access list inherited from the folder) go. */
static void drop_other_xattrs(
	const char *path, const struct node *node, const struct apply_rules *rules)
{
	cleanup_free char *list = NULL;
	ssize_t n = llistxattr(path, NULL, 0);

	if (n <= 0)
		return;
	list = malloc(LIST_SIZE_MAX);
	n = list ? llistxattr(path, list, LIST_SIZE_MAX) : 0;
	for (const char *at = list; n > 0 && at < list + n; at += strlen(at) + 1)
		if (!node_has_xattr(node, at) && wants_xattr(rules, at))
			(void)lremovexattr(path, at);
}

static int apply_xattrs(int dir_fd, const char *name, const struct node *node,
	const struct apply_rules *rules, struct err *err)
{
	char path[512];
	int r = 0;

	/* The calls for attributes know no folder descriptors. */
	if (snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name) >= (int)sizeof(path))
		return err_set(err, ERR_SYSTEM, ENAMETOOLONG, "set attributes: name too long");
	drop_other_xattrs(path, node, rules);
	for (size_t i = 0; i < node->xattr_count; i++) {
		const struct node_xattr *xattr = &node->xattrs[i];

		if (wants_xattr(rules, xattr->name) &&
			lsetxattr(path, xattr->name, xattr->value, xattr->size, 0) < 0 && r >= 0)
			r = err_errno(err, errno, "set attribute %s", xattr->name);
	}
	return r;
}

/* Keeps the first failure. */
static void note(int *result, int failed, struct err *err, const char *what)
{
	if (failed >= 0 || *result < 0)
		return;
	*result = err_errno(err, errno, "%s", what);
}

int apply_metadata(int dir_fd, const char *name, const struct node *node,
	const struct apply_rules *rules, struct err *err)
{
	const struct timespec times[2] = {
		{node->accessed.seconds, node->accessed.nanoseconds},
		{node->modified.seconds, node->modified.nanoseconds},
	};
	struct err xattr_err = ERR_INIT;
	uid_t user = node->uid;
	gid_t group = node->gid;
	int r = 0, x;

	if (rules && rules->owners)
		owners_find(rules->owners, node, &user, &group);
	/* Owner first: changing it drops setuid bits and capabilities. */
	if (fchownat(dir_fd, name, user, group, AT_SYMLINK_NOFOLLOW) < 0 &&
		(geteuid() == 0 || errno != EPERM))
		note(&r, -1, err, "set owner");
	x = apply_xattrs(dir_fd, name, node, rules, &xattr_err);
	note(&r, utimensat(dir_fd, name, times, AT_SYMLINK_NOFOLLOW), err, "set times");
	/* Mode last: it may take away the permission to look at ".". */
	if (node->type != NODE_SYMLINK)
		note(&r, fchmodat(dir_fd, name, node_permissions(node->mode), AT_SYMLINK_NOFOLLOW),
			err, "set mode");
	if (x < 0 && r >= 0) {
		*err = xattr_err;
		r = x;
	}
	return r;
}
