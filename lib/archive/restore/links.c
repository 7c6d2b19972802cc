#include "archive/restore/links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first name of a file with several. */
struct link {
	struct link *next; /* owned */
	uint64_t inode, device_id; /* in the snapshot */
	dev_t device;
	ino_t number; /* these two: on disk */
	char path[]; /* from the target, NUL-terminated */
};

void links_done(struct links *links)
{
	for (size_t i = 0; i < LINKS_SLOTS; i++)
		for (struct link *link = links->slots[i], *next; link; link = next) {
			next = link->next;
			free(link);
		}
}

static size_t slot_of(const struct node *node)
{
	uint64_t mixed = (node->inode ^ node->device_id << 17) * 0x9e3779b97f4a7c15ull;

	return mixed >> 52;
}

const struct link *links_find(const struct links *links, const struct node *node)
{
	const struct link *link = links->slots[slot_of(node)];

	while (link && (link->inode != node->inode || link->device_id != node->device_id))
		link = link->next;
	return link;
}

int links_add(
	struct links *links, const struct node *node, const char *path, int fd, struct err *err)
{
	struct link **slot = &links->slots[slot_of(node)];
	size_t size = strlen(path) + 1;
	struct link *link = malloc(sizeof(*link) + size);
	struct stat st = {0};

	if (!link)
		return err_oom(err);
	if (fd >= 0 && fstat(fd, &st) < 0) {
		free(link);
		return err_errno(err, errno, "look at it");
	}
	link->inode = node->inode;
	link->device_id = node->device_id;
	link->device = st.st_dev;
	link->number = st.st_ino;
	memcpy(link->path, path, size);
	link->next = *slot;
	*slot = link;
	return 0;
}

/* Whether name is the file that the first name was given to. Its number alone does not tell: it
 * is given again when that file is gone. */
static bool is_linked(int dir_fd, const char *name, const struct link *link)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       st.st_dev == link->device && st.st_ino == link->number;
}

int links_make(const struct link *link, int root_fd, int dir_fd, const char *name, struct err *err)
{
	if (is_linked(dir_fd, name, link))
		return 0;
	if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, "replace it");
	if (linkat(root_fd, link->path, dir_fd, name, 0) < 0)
		return err_errno(err, errno, "link it to %s", link->path);
	if (is_linked(dir_fd, name, link))
		return 0;
	(void)unlinkat(dir_fd, name, 0);
	return err_set(
		err, ERR_SYSTEM, ESTALE, "link it to %s: that is another file now", link->path);
}
