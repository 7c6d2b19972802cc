#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "archive/restore/restore.h"
#include "base/file.h"
#include "repo/tree.h"
#include "store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TREES_MAX 6
#define NODES_MAX 6
#define XATTRS_MAX 3
#define CONTENT_MAX 3
#define RUNS_MAX 500 /* before the repository is made anew: its index only grows */
#define BLOBS 2

/* --- The input --- */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t take(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static uint64_t take_u64(struct input *input)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | take(input);
	return number;
}

/* One of a table, or a text of the input itself, in memory that lives as long as the tree. */
static const char *take_text(
	struct input *input, const char *const *table, size_t count, struct str_list *texts)
{
	size_t number = take(input);
	char text[256];
	struct err err = ERR_INIT;

	if (number < count)
		return table[number];
	number = number - count < input->size ? number - count : input->size;
	memcpy(text, input->data, number);
	text[number] = '\0';
	input->data += number;
	input->size -= number;
	return str_list_add(texts, text, &err) < 0 ? "" : texts->items[texts->count - 1];
}

/* --- The hostile repository --- */

#define LONG "a name of sixty-four bytes, of which four are more than fit into" /* one folder */
static const char *const names[] = {"a", "b", "..", ".", "", "/", "../outside", "a/b", "../canary",
	"/tmp", "target", "c", "a\n", "\xff", LONG LONG LONG LONG LONG};
static const char *const targets[] = {"../outside", "../../outside", "..", ".", "/", "a", "b",
	"../canary", "../../canary", "", "../outside/kept"};
static const char *const xattrs[] = {"user.a", "system.posix_acl_access",
	"system.posix_acl_default", "security.capability", "trusted.a", "", "user.",
	"/proc/self/fd/0"};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct hostile {
	struct repository *repository;
	struct id blobs[BLOBS + 2]; /* two that are there, a tree's, and one that is nowhere */
	struct id trees[TREES_MAX];
	size_t tree_count;
};

static void take_xattrs(
	struct input *input, struct node_xattr *ret, struct node *node, struct str_list *texts)
{
	node->xattrs = ret;
	node->xattr_count = take(input) % (XATTRS_MAX + 1);
	for (size_t i = 0; i < node->xattr_count; i++) {
		ret[i].name = take_text(input, xattrs, COUNT(xattrs), texts);
		ret[i].size = take(input) % 64;
		ret[i].size = ret[i].size < input->size ? ret[i].size : input->size;
		ret[i].value = input->data;
		input->data += ret[i].size;
		input->size -= ret[i].size;
	}
}

/* Adds a node, or leaves it out where it can't even be written. */
static void add_node(struct hostile *hostile, struct input *input, struct buf *text, bool first)
{
	cleanup_str_list struct str_list texts = {0};
	struct node_xattr attributes[XATTRS_MAX];
	struct id content[CONTENT_MAX];
	uint8_t what = take(input), flags = take(input);
	size_t before = text->size;
	struct err err = ERR_INIT;
	struct node node = {
		.type = (enum node_type)(what & 7),
		.mode = (uint32_t)what << 24 | (flags & 1 ? 0777 : 0600),
		.uid = flags & 2 ? 12345 : 0,
		.links = flags & 4 ? 2 : 1,
		.inode = flags & 4 ? what >> 6 : 0,
		.content = content,
		.user = "",
		.group = "",
		/* None that does something when it is opened. */
		.device = makedev(1, flags & 8 ? 3 : 5),
	};

	node.name = take_text(input, names, COUNT(names), &texts);
	node.link_target = take_text(input, targets, COUNT(targets), &texts);
	node.content_count = take(input) % (CONTENT_MAX + 1);
	for (size_t i = 0; i < node.content_count; i++)
		content[i] = hostile->blobs[take(input) % (BLOBS + 2)];
	node.size = flags & 16 ? take_u64(input) : node.content_count * 4;
	if (flags & 32)
		node.modified.seconds = (int64_t)(take_u64(input) >> 16);
	node.has_subtree = node.type == NODE_DIR && hostile->tree_count;
	if (node.has_subtree)
		node.subtree = flags & 64    ? hostile->blobs[BLOBS + 1]
			       : flags & 128 ? hostile->blobs[0] /* no tree */
					     : hostile->trees[take(input) % hostile->tree_count];
	take_xattrs(input, attributes, &node, &texts);
	if (tree_add(text, &node, first, &err) < 0)
		text->size = before;
}

/* Trees in which later ones hold earlier ones: their ids are hashes, so a circle can't be. */
static void add_trees(struct hostile *hostile, struct input *input)
{
	size_t count = 1 + take(input) % TREES_MAX;

	for (hostile->tree_count = 0; hostile->tree_count < count; hostile->tree_count++) {
		cleanup_buf struct buf text = BUF_INIT(1u << 20);
		struct repository_added added;
		struct err err = ERR_INIT;
		size_t nodes = take(input) % (NODES_MAX + 1), start;

		if (tree_begin(&text, &err) < 0)
			abort();
		start = text.size;
		for (size_t i = 0; i < nodes; i++)
			add_node(hostile, input, &text, text.size == start);
		if (tree_end(&text, &err) < 0 ||
			repository_save_blob(hostile->repository,
				repository_codec(hostile->repository), BLOB_TREE, text.data,
				text.size, &hostile->trees[hostile->tree_count], &added, &err) < 0)
			abort();
	}
}

static void open_repository(struct hostile *hostile)
{
	static const char *const texts[BLOBS] = {"one\n", "\0\0\0\0"};
	struct repository_added added;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	struct id id;

	repository_close(hostile->repository);
	if (memory_store_new(&store, &err) < 0 ||
		repository_init(store, "p", 0, NULL, &id, &err) < 0 ||
		repository_open(store, "p", NULL, &hostile->repository, &err) < 0)
		abort();
	for (size_t i = 0; i < BLOBS; i++)
		if (repository_save_blob(hostile->repository, repository_codec(hostile->repository),
			    BLOB_DATA, texts[i], 4, &hostile->blobs[i], &added, &err) < 0)
			abort();
	if (repository_save_blob(hostile->repository, repository_codec(hostile->repository),
		    BLOB_TREE, "{\"nodes\":[]}\n", 13, &hostile->blobs[BLOBS], &added, &err) < 0)
		abort();
	memset(&hostile->blobs[BLOBS + 1], 0xee, sizeof(struct id));
}

/* --- The disk: a target, and what nobody may touch --- */

static const char *const outside[] = {"canary", "outside", "outside/kept"};

static void wipe(int dir_fd, const char *name)
{
	int fd;
	DIR *dir;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return;
	if (fchmodat(dir_fd, name, 0700, 0) < 0)
		abort();
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			wipe(fd, entry->d_name);
	if (dir)
		closedir(dir);
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0)
		abort();
}

static void make_outside(int dir_fd)
{
	struct err err = ERR_INIT;

	wipe(dir_fd, "outside");
	if (mkdirat(dir_fd, "outside", 0755) < 0 ||
		file_replace(dir_fd, "canary", "one\n", 4, 0644, &err) < 0 ||
		file_replace(dir_fd, "outside/kept", "kept\n", 5, 0644, &err) < 0)
		abort();
}

static unsigned entries(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	unsigned count = 0;

	if (!dir)
		abort();
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void look(int dir_fd, struct stat *ret)
{
	for (size_t i = 0; i < COUNT(outside); i++)
		if (fstatat(dir_fd, outside[i], &ret[i], AT_SYMLINK_NOFOLLOW) < 0)
			abort();
}

/* Nothing was made, changed, removed or given another name outside of the target; even a time
 * that was set and set back would show as another change time. */
static void check_outside(int dir_fd, const struct stat *before)
{
	struct stat now[COUNT(outside)];

	look(dir_fd, now);
	for (size_t i = 0; i < COUNT(outside); i++)
		if (now[i].st_ino != before[i].st_ino || now[i].st_mode != before[i].st_mode ||
			now[i].st_nlink != before[i].st_nlink ||
			now[i].st_uid != before[i].st_uid || now[i].st_size != before[i].st_size ||
			now[i].st_ctim.tv_sec != before[i].st_ctim.tv_sec ||
			now[i].st_ctim.tv_nsec != before[i].st_ctim.tv_nsec)
			abort();
	if (entries(dir_fd, ".") > 3 || entries(dir_fd, "outside") != 1)
		abort();
}

static char work[64];

static void remove_work(void)
{
	wipe(AT_FDCWD, work);
}

static int work_folder(void)
{
	int fd;

	snprintf(work, sizeof(work), "/tmp/nexus-fuzz-XXXXXX");
	if (!mkdtemp(work) || atexit(remove_work) != 0)
		abort();
	fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		abort();
	return fd;
}

/* --- Both --- */

static void restore(struct hostile *hostile, const char *path, uint8_t flags, size_t tree)
{
	static struct filter some, none;
	struct progress progress;
	struct restore_counts counts;
	struct err err = ERR_INIT;
	const struct restore_options options = {
		.target = path,
		.includes = flags & 128 ? &some : &none,
		.excludes = &none,
		.overwrite = (enum restore_overwrite)(flags & 3),
		.delete_others = flags & 4,
		.verify = flags & 8,
		.dry_run = flags & 64,
		.progress = &progress,
	};

	if (filter_is_empty(&some) &&
		(filter_add(&some, "a", &err) < 0 || filter_add(&some, "/b/c", &err) < 0))
		abort();
	progress_start(&progress, &clock_system);
	if (restore_run(hostile->repository, &hostile->trees[tree], &options, &counts, &err) < 0 &&
		!err.code)
		abort();
}

/* Trees and nodes by the input; the last of them is restored, then the one before over it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct hostile hostile;
	static char path[80];
	static struct stat before[COUNT(outside)];
	static int dir_fd = -1;
	static unsigned runs;
	struct input input = {data, size};
	uint8_t flags = take(&input);

	if (runs++ % RUNS_MAX == 0)
		open_repository(&hostile);
	if (dir_fd < 0) {
		dir_fd = work_folder();
		snprintf(path, sizeof(path), "%s/target", work);
		make_outside(dir_fd);
		look(dir_fd, before);
	}
	add_trees(&hostile, &input);
	/* Somebody else's link may stand in the target already. */
	if (mkdir(path, 0700) < 0)
		abort();
	if (flags & 16) {
		cleanup_free char *link = str_printf("%s/a", path);

		if (!link || symlink(flags & 32 ? "../canary" : "../outside", link) < 0)
			abort();
	}
	restore(&hostile, path, flags, hostile.tree_count - 1);
	check_outside(dir_fd, before);
	/* A dry run makes nothing within it either. */
	if ((flags & 64) && entries(dir_fd, "target") != (flags & 16 ? 1 : 0))
		abort();
	if (hostile.tree_count > 1)
		restore(&hostile, path, flags, hostile.tree_count - 2);
	check_outside(dir_fd, before);
	wipe(dir_fd, "target");
	return 0;
}
