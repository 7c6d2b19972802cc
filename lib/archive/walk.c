#include "archive/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define LINK_MAX_SIZE 65536u /* bytes of a link's target */
#define LIST_SIZE_MAX 65536u /* the kernel's own limits */
#define VALUE_SIZE_MAX 65536u

void walk_entry_done(struct walk_entry *entry)
{
	free(entry->name);
	free(entry->link_target);
	free(entry->xattrs);
	free(entry->content);
	*entry = (struct walk_entry){0};
}

/* --- Names of users and groups --- */

struct name {
	struct name *next; /* owned */
	uint32_t number;
	char text[]; /* NUL-terminated */
};

struct walk_names {
	struct name *users, *groups; /* owned; the latest found stands first */
};

int walk_names_new(struct walk_names **ret, struct err *err)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : err_oom(err);
}

static void free_list(struct name *name)
{
	for (struct name *next; name; name = next) {
		next = name->next;
		free(name);
	}
}

void walk_names_free(struct walk_names *names)
{
	if (!names)
		return;
	free_list(names->users);
	free_list(names->groups);
	free(names);
}

/* Moves a known number to the front: neighbours mostly have the same owner. */
static struct name *find_name(struct name **list, uint32_t number)
{
	for (struct name **at = list; *at; at = &(*at)->next) {
		struct name *found = *at;

		if (found->number != number)
			continue;
		*at = found->next;
		found->next = *list;
		*list = found;
		return found;
	}
	return NULL;
}

static const char *add_name(struct name **list, uint32_t number, const char *text)
{
	struct name *name = malloc(sizeof(*name) + strlen(text) + 1);

	if (!name)
		return "";
	name->number = number;
	memcpy(name->text, text, strlen(text) + 1);
	name->next = *list;
	*list = name;
	return name->text;
}

const char *walk_names_user(struct walk_names *names, uid_t uid)
{
	struct name *name = find_name(&names->users, uid);
	const struct passwd *user;

	if (name)
		return name->text;
	user = getpwuid(uid);
	return add_name(&names->users, uid, user ? user->pw_name : "");
}

const char *walk_names_group(struct walk_names *names, gid_t gid)
{
	struct name *name = find_name(&names->groups, gid);
	const struct group *group;

	if (name)
		return name->text;
	group = getgrgid(gid);
	return add_name(&names->groups, gid, group ? group->gr_name : "");
}

/* --- One entry --- */

static int read_link(int dir_fd, const char *name, char **ret, struct err *err)
{
	size_t size = 256;

	for (;;) {
		cleanup_free char *text = malloc(size);
		ssize_t n;

		if (!text)
			return err_oom(err);
		n = readlinkat(dir_fd, name, text, size);
		if (n < 0)
			return err_errno(err, errno, "read link");
		if ((size_t)n < size) {
			text[n] = '\0';
			*ret = TAKE(text);
			return 0;
		}
		if (size > LINK_MAX_SIZE)
			return err_set(err, ERR_SYSTEM, ENAMETOOLONG, "read link: too long");
		size *= 2;
	}
}

/* A path by which the calls for attributes, which know no folder descriptors, find a name in a
 * folder that is not the current one. Made by hand: it may be wanted for every single file. */
static bool format_path(int dir_fd, const char *name, char *ret, size_t size)
{
	static const char folder[] = "/proc/self/fd/";
	size_t length = strlen(name), at = sizeof(folder) - 1;
	char digits[16];
	unsigned count = 0;

	if (length + at + sizeof(digits) + 1 > size)
		return false;
	if (dir_fd == AT_FDCWD) {
		memcpy(ret, name, length + 1);
		return true;
	}
	memcpy(ret, folder, at);
	for (unsigned number = (unsigned)dir_fd; number || !count; number /= 10)
		digits[count++] = (char)('0' + number % 10);
	while (count)
		ret[at++] = digits[--count];
	ret[at++] = '/';
	memcpy(ret + at, name, length + 1);
	return true;
}

/* Appends one attribute: its value, then a NUL. The name stands in list already. */
static int read_value(
	const char *path, const char *name, struct buf *ret, size_t *ret_size, struct err *err)
{
	ssize_t n;
	int r = buf_reserve(ret, VALUE_SIZE_MAX + 1, err);

	if (r < 0)
		return r;
	n = lgetxattr(path, name, ret->data + ret->size, VALUE_SIZE_MAX);
	if (n < 0)
		return err_errno(err, errno, "read attribute %s", name);
	ret->size += (size_t)n;
	*ret_size = (size_t)n;
	return 0;
}

/* Moves the attributes into one block: the array, then names and values. */
static int pack_xattrs(struct walk_entry *entry, const struct node_xattr *xattrs, size_t count,
	const struct buf *bytes, const char *list, size_t list_size, struct err *err)
{
	size_t head = count * sizeof(*xattrs);
	uint8_t *block = malloc(head + list_size + bytes->size + 1);
	char *names;

	if (!block)
		return err_oom(err);
	names = (char *)block + head;
	memcpy(names, list, list_size);
	if (bytes->size)
		memcpy(names + list_size, bytes->data, bytes->size);
	entry->xattrs = (struct node_xattr *)(void *)block;
	for (size_t i = 0; i < count; i++)
		entry->xattrs[i] = (struct node_xattr){
			.name = names + (xattrs[i].name - list),
			.value = (uint8_t *)names + list_size + (uintptr_t)xattrs[i].value,
			.size = xattrs[i].size,
		};
	entry->xattr_count = count;
	return 0;
}

/* Only when there are some, which is rare, is anything allocated. */
static int read_xattrs(const char *path, struct walk_entry *entry, struct err *err)
{
	cleanup_buf struct buf bytes = BUF_INIT(16u << 20), found = BUF_INIT(1u << 20);
	cleanup_free char *list = NULL;
	ssize_t n = llistxattr(path, NULL, 0);
	int r = 0;

	if (n == 0 || (n < 0 && (errno == ENOTSUP || errno == ENODATA)))
		return 0;
	if (n < 0)
		return err_errno(err, errno, "list attributes");
	list = malloc(LIST_SIZE_MAX);
	if (!list)
		return err_oom(err);
	n = llistxattr(path, list, LIST_SIZE_MAX);
	if (n < 0)
		return err_errno(err, errno, "list attributes");
	for (const char *at = list; r >= 0 && at < list + n; at += strlen(at) + 1) {
		struct node_xattr xattr = {
			.name = at, .value = (const uint8_t *)(uintptr_t)bytes.size};

		if (read_value(path, at, &bytes, &xattr.size, err) >= 0)
			r = buf_add(&found, &xattr, sizeof(xattr), err);
	}
	if (r < 0)
		return r;
	r = pack_xattrs(entry, (const struct node_xattr *)(const void *)found.data,
		found.size / sizeof(struct node_xattr), &bytes, list, (size_t)n, err);
	return r < 0 ? r : -err->code;
}

/* Reads the attributes of name in a folder that is not the current one. */
static int find_xattrs(int dir_fd, const char *name, struct walk_entry *entry, struct err *err)
{
	char path[PATH_MAX + 64];

	if (!format_path(dir_fd, name, path, sizeof(path)))
		return err_set(err, ERR_SYSTEM, ENAMETOOLONG, "list attributes: name too long");
	return read_xattrs(path, entry, err);
}

int walk_entry_read(int dir_fd, const char *name, bool here, struct walk_names *names,
	struct walk_entry *entry, struct err *ret_incomplete, struct err *err)
{
	int r = 0;

	*ret_incomplete = ERR_INIT;
	if (fstatat(dir_fd, name, &entry->st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, errno, "look at it");
	entry->name = strdup(name);
	if (!entry->name)
		return err_oom(err);
	if (S_ISLNK(entry->st.st_mode))
		r = read_link(dir_fd, name, &entry->link_target, err);
	if (r < 0)
		return r;
	entry->user = walk_names_user(names, entry->st.st_uid);
	entry->group = walk_names_group(names, entry->st.st_gid);
	r = here ? read_xattrs(name, entry, ret_incomplete)
		 : find_xattrs(dir_fd, name, entry, ret_incomplete);
	(void)r; /* told in ret_incomplete */
	return 0;
}

struct node_time walk_time(const struct timespec *ts)
{
	return (struct node_time){ts->tv_sec, (uint32_t)ts->tv_nsec};
}

void walk_entry_node(const struct walk_entry *entry, struct node *ret)
{
	const struct stat *st = &entry->st;

	*ret = (struct node){
		.name = entry->name,
		.type = node_type_of(st->st_mode),
		.mode = node_mode(st->st_mode),
		.modified = walk_time(&st->st_mtim),
		.accessed = walk_time(&st->st_mtim), /* as restic without --with-atime */
		.changed = walk_time(&st->st_ctim),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.user = entry->user,
		.group = entry->group,
		.inode = st->st_ino,
		.device_id = st->st_dev,
		.link_target = entry->link_target,
		.xattrs = entry->xattrs,
		.xattr_count = entry->xattr_count,
		.content = entry->content,
		.content_count = entry->content_count,
		.subtree = entry->subtree,
		.has_subtree = entry->has_subtree,
	};
	if (ret->type == NODE_FILE)
		ret->size = (uint64_t)st->st_size;
	if (ret->type == NODE_FILE || ret->type == NODE_SYMLINK || ret->type == NODE_BLOCK ||
		ret->type == NODE_CHAR)
		ret->links = st->st_nlink;
	if (ret->type == NODE_BLOCK || ret->type == NODE_CHAR)
		ret->device = st->st_rdev;
}

/* --- Folders --- */

int walk_open(int dir_fd, const char *name, int flags)
{
	int fd;

	flags |= O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	fd = openat(dir_fd, name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = openat(dir_fd, name, flags);
	return fd < 0 ? -errno : fd;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int walk_list(int fd, struct str_list *ret, struct err *err)
{
	cleanup_closedir DIR *dir = NULL;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (copy < 0)
		return err_errno(err, errno, "open folder");
	dir = fdopendir(copy);
	if (!dir) {
		close(copy);
		return err_errno(err, errno, "open folder");
	}
	while (r >= 0) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry && errno)
			return err_errno(err, errno, "read folder");
		if (!entry)
			break;
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = str_list_add(ret, entry->d_name, err);
	}
	if (r >= 0 && ret->count > 1)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
	return r;
}

struct counting {
	const struct filter *excludes;
	const struct reject *reject; /* or NULL */
	struct progress *progress;
	const bool *stop;
	struct buf path; /* text without NUL in its size */
};

static void count_folder(struct counting *counting, int fd);

/* Adds what stands at name in the folder fd. */
static void count_one(struct counting *counting, int fd, const char *name)
{
	struct err err = ERR_INIT;
	struct stat st;

	if (filter_match(counting->excludes, (const char *)counting->path.data, NULL) ||
		fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (counting->reject && reject_size(counting->reject, &st))
		return;
	if (S_ISREG(st.st_mode)) {
		progress_add(&counting->progress->files_total, 1);
		progress_add(&counting->progress->bytes_total, (uint64_t)st.st_size);
	} else if (S_ISDIR(st.st_mode)) {
		cleanup_close int child = walk_open(fd, name, O_DIRECTORY);

		if (child >= 0 && buf_add_byte(&counting->path, '/', &err) >= 0) {
			count_folder(counting, child);
			counting->path.data[--counting->path.size] = '\0';
		}
	}
}

static void count_folder(struct counting *counting, int fd)
{
	cleanup_closedir DIR *dir = NULL;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t size = counting->path.size;
	uint32_t tags = counting->reject ? reject_tags(counting->reject, fd) : 0;
	struct err err = ERR_INIT;

	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir && copy >= 0)
		close(copy);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (__atomic_load_n(counting->stop, __ATOMIC_RELAXED))
			return;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			(tags && reject_name(counting->reject, tags, entry->d_name)))
			continue;
		if (buf_add_text(&counting->path, entry->d_name, &err) >= 0)
			count_one(counting, fd, entry->d_name);
		counting->path.size = size;
		counting->path.data[size] = '\0';
	}
}

static void count_target(struct counting *counting, const struct target *target)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < target->count; i++)
		count_target(counting, target->children[i]);
	if (!target->leaf)
		return;
	buf_clear(&counting->path);
	if (buf_add_text(&counting->path, target->absolute, &err) >= 0)
		count_one(counting, AT_FDCWD, target->path);
}

void walk_count(const struct target *target, const struct filter *excludes,
	const struct reject *reject, struct progress *progress, const bool *stop)
{
	struct counting counting = {excludes, reject, progress, stop, BUF_INIT(1u << 20)};

	count_target(&counting, target);
	if (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		progress_know_total(progress);
	buf_done(&counting.path);
}
