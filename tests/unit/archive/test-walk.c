#include "archive/walk.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "room.h"

static int folder = -1;
static struct walk_names *names;

static void setup(void)
{
	struct err err = ERR_INIT;

	room_setup();
	folder = open(room_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(folder, 0);
	ck_assert_int_eq(walk_names_new(&names, &err), 0);
}

static void teardown(void)
{
	walk_names_free(names);
	close(folder);
	room_teardown();
}

/* Reads an entry that must be readable as a whole. */
static struct walk_entry entry_of(int dir_fd, const char *name)
{
	struct err err = ERR_INIT, incomplete = ERR_INIT;
	struct walk_entry entry = {0};

	ck_assert_msg(walk_entry_read(dir_fd, name, false, names, &entry, &incomplete, &err) == 0,
		"%s", err.text);
	ck_assert_int_eq(incomplete.kind, ERR_NONE);
	return entry;
}

/* --- Entries --- */

static void put_file(const char *path)
{
	(void)path;
	room_write("x", "seven b");
	ck_assert_int_eq(link(path, room_path("y")), 0);
}

static void put_folder(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void put_link(const char *path)
{
	ck_assert_int_eq(symlink("to nowhere", path), 0);
}

static void put_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0700), 0);
}

static void put_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static const struct {
	void (*put)(const char *path);
	enum node_type type;
	uint64_t size, links;
	const char *link_target;
} kinds[] = {
	{put_file, NODE_FILE, 7, 2, NULL},
	{put_folder, NODE_DIR, 0, 0, NULL},
	{put_link, NODE_SYMLINK, 0, 1, "to nowhere"},
	{put_fifo, NODE_FIFO, 0, 0, NULL},
	{put_socket, NODE_SOCKET, 0, 0, NULL},
};

START_TEST(kind)
{
	const struct timespec when[2] = {{1500000000, 1}, {1600000000, 999999999}};
	struct walk_entry entry;
	struct node node;
	struct stat st;

	kinds[_i].put(room_path("x"));
	if (kinds[_i].type != NODE_SYMLINK)
		ck_assert_int_eq(chmod(room_path("x"), 04710), 0);
	ck_assert_int_eq(utimensat(folder, "x", when, AT_SYMLINK_NOFOLLOW), 0);
	ck_assert_int_eq(lstat(room_path("x"), &st), 0);
	entry = entry_of(folder, "x");
	walk_entry_node(&entry, &node);
	ck_assert_str_eq(node.name, "x");
	ck_assert_int_eq(node.type, kinds[_i].type);
	ck_assert_uint_eq(node.mode, node_mode(st.st_mode));
	ck_assert_int_eq(node.modified.seconds, 1600000000);
	ck_assert_uint_eq(node.modified.nanoseconds, 999999999);
	ck_assert_int_eq(node.accessed.seconds, 1600000000); /* as restic: the same */
	ck_assert_uint_eq(node.accessed.nanoseconds, 999999999);
	ck_assert_int_eq(node.changed.seconds, st.st_ctim.tv_sec);
	ck_assert_int_eq(node.changed.nanoseconds, st.st_ctim.tv_nsec);
	ck_assert_uint_eq(node.inode, st.st_ino);
	ck_assert_uint_eq(node.device_id, st.st_dev);
	ck_assert_uint_eq(node.uid, getuid());
	ck_assert_uint_eq(node.gid, st.st_gid);
	ck_assert_str_eq(node.user, walk_names_user(names, st.st_uid));
	ck_assert_str_eq(node.group, walk_names_group(names, st.st_gid));
	ck_assert_uint_eq(node.size, kinds[_i].size);
	ck_assert_uint_eq(node.links, kinds[_i].links);
	ck_assert_uint_eq(node.device, 0);
	ck_assert_uint_eq(node.xattr_count, 0);
	ck_assert_pstr_eq(node.link_target, kinds[_i].link_target);
	walk_entry_done(&entry);
	ck_assert_ptr_null(entry.name);
}
END_TEST

/* Of the device that every machine has; and of the current folder, by AT_FDCWD. */
START_TEST(device)
{
	struct walk_entry entry = entry_of(AT_FDCWD, "/dev/null");
	struct node node;

	walk_entry_node(&entry, &node);
	ck_assert_int_eq(node.type, NODE_CHAR);
	ck_assert_uint_eq(node.device, makedev(1, 3));
	ck_assert_uint_eq(node.links, 1);
	ck_assert_uint_eq(node.size, 0);
	walk_entry_done(&entry);
}
END_TEST

START_TEST(what_was_stored)
{
	struct walk_entry entry = entry_of(folder, ".");
	struct node node;

	entry.content = malloc(2 * sizeof(*entry.content));
	entry.content_count = 2;
	entry.subtree = (struct id){{9}};
	entry.has_subtree = true;
	walk_entry_node(&entry, &node);
	ck_assert_str_eq(node.name, ".");
	ck_assert_ptr_eq(node.content, entry.content);
	ck_assert_uint_eq(node.content_count, 2);
	ck_assert(node.has_subtree);
	ck_assert_uint_eq(node.subtree.bytes[0], 9);
	walk_entry_done(&entry);
}
END_TEST

/* Around the sizes of the buffer, up to the longest that the kernel makes. */
static const size_t link_sizes[] = {1, 255, 256, 257, 511, 512, 4095};

START_TEST(link_size)
{
	char target[4096];
	struct walk_entry entry;

	memset(target, 't', link_sizes[_i]);
	target[link_sizes[_i]] = '\0';
	ck_assert_int_eq(symlinkat(target, folder, "l"), 0);
	entry = entry_of(folder, "l");
	ck_assert_str_eq(entry.link_target, target);
	walk_entry_done(&entry);
}
END_TEST

static const struct {
	const char *name;
	int expected;
} absent[] = {{"none", -ENOENT}, {"file/below", -ENOTDIR}, {"", -ENOENT}};

START_TEST(not_there)
{
	struct err err = ERR_INIT, incomplete = ERR_INIT;
	struct walk_entry entry = {0};

	room_write("file", "");
	ck_assert_int_eq(
		walk_entry_read(folder, absent[_i].name, false, names, &entry, &incomplete, &err),
		absent[_i].expected);
	ck_assert_str_ne(err.text, "");
	walk_entry_done(&entry);
}
END_TEST

/* --- Attributes --- */

static uint8_t long_value[1000];

static const struct node_xattr attributes[] = {
	{"user.text", (const uint8_t *)"text", 4},
	{"user.binary", (const uint8_t *)"\0\xff\0", 3},
	{"user.empty", (const uint8_t *)"", 0},
	{"user.long", long_value, sizeof(long_value)},
	{"user.x", (const uint8_t *)"x", 1},
};

/* As many of them as the turn says, in the order in which the kernel names them. */
START_TEST(xattrs)
{
	struct walk_entry entry;
	char list[1024];
	const char *at = list;

	memset(long_value, 0xa5, sizeof(long_value));
	room_write("x", "");
	for (int i = 0; i < _i; i++)
		if (setxattr(room_path("x"), attributes[i].name, attributes[i].value,
			    attributes[i].size, 0) < 0)
			return; /* a file system without them */
	ck_assert_int_ge(listxattr(room_path("x"), list, sizeof(list)), 0);
	entry = entry_of(folder, "x");
	ck_assert_int_eq((int)entry.xattr_count, _i);
	for (int i = 0; i < _i; i++, at += strlen(at) + 1) {
		const struct node_xattr *found = &entry.xattrs[i], *wanted = attributes;

		ck_assert_str_eq(found->name, at);
		while (strcmp(wanted->name, at) != 0)
			wanted++;
		ck_assert_uint_eq(found->size, wanted->size);
		ck_assert_int_eq(memcmp(found->value, wanted->value, wanted->size), 0);
	}
	walk_entry_done(&entry);
	entry = entry_of(AT_FDCWD, room_path("x")); /* by its path too */
	ck_assert_int_eq((int)entry.xattr_count, _i);
	walk_entry_done(&entry);
	ck_assert_int_eq(symlinkat("x", folder, "l"), 0);
	entry = entry_of(folder, "l"); /* not those of what a link points to */
	ck_assert_uint_eq(entry.xattr_count, 0);
	walk_entry_done(&entry);
}
END_TEST

/* --- Names of owners --- */

START_TEST(owners)
{
	const char *root = walk_names_user(names, 0), *wheel = walk_names_group(names, 0);
	const char *none = walk_names_user(names, 3999999999u);

	ck_assert_str_eq(root, "root");
	ck_assert_str_eq(wheel, "root");
	ck_assert_str_eq(none, "");
	ck_assert_str_eq(walk_names_group(names, 3999999999u), "");
	for (int i = 0; i < 3; i++) { /* found again, whichever came last */
		ck_assert_ptr_eq(walk_names_user(names, 0), root);
		ck_assert_ptr_eq(walk_names_user(names, 3999999999u), none);
		ck_assert_ptr_ne(walk_names_user(names, (uid_t)(4000000000u + (unsigned)i)), none);
		ck_assert_ptr_eq(walk_names_group(names, 0), wheel);
	}
	walk_names_free(NULL);
}
END_TEST

/* --- Folders --- */

START_TEST(list)
{
	static const char *const sorted[] = {
		"\x01", " ", "-rf", "...", ".hidden", "A", "a", "a\nb", "a.b", "aa", "\xff"};
	static const int order[] = {4, 10, 0, 8, 2, 6, 1, 9, 3, 7, 5};
	cleanup_str_list struct str_list found = {0}, again = {0};
	struct err err = ERR_INIT;

	for (int i = 0; i < COUNT(order); i++)
		close(openat(folder, sorted[order[i]], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ck_assert_int_eq(walk_list(folder, &found, &err), 0);
	ck_assert_uint_eq(found.count, COUNT(sorted));
	for (int i = 0; i < COUNT(sorted); i++)
		ck_assert_str_eq(found.items[i], sorted[i]);
	ck_assert_int_eq(walk_list(folder, &again, &err), 0); /* fd was not moved */
	ck_assert_uint_eq(again.count, COUNT(sorted));
}
END_TEST

START_TEST(list_faults)
{
	cleanup_str_list struct str_list found = {0};
	cleanup_close int file = -1;
	struct err err = ERR_INIT;

	ck_assert_int_eq(walk_list(folder, &found, &err), 0); /* empty */
	ck_assert_uint_eq(found.count, 0);
	room_write("file", "");
	file = openat(folder, "file", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(walk_list(file, &found, &err), -ENOTDIR);
	ck_assert_int_eq(walk_list(-1, &found, &err), -EBADF);
}
END_TEST

static const struct {
	const char *name;
	int flags, expected; /* 0: a descriptor */
} opened[] = {
	{"file", 0, 0},
	{"fifo", 0, 0}, /* does not wait for a writer */
	{"folder", O_DIRECTORY, 0},
	{"link-to-file", 0, -ELOOP},
	{"link-to-folder", O_DIRECTORY, -ENOTDIR},
	{"file", O_DIRECTORY, -ENOTDIR},
	{"none", 0, -ENOENT},
};

START_TEST(open_one)
{
	cleanup_close int fd = -1;

	room_write("file", "content");
	room_mkdir("folder");
	ck_assert_int_eq(mkfifo(room_path("fifo"), 0600), 0);
	ck_assert_int_eq(symlinkat("file", folder, "link-to-file"), 0);
	ck_assert_int_eq(symlinkat("folder", folder, "link-to-folder"), 0);
	fd = walk_open(folder, opened[_i].name, opened[_i].flags);
	if (opened[_i].expected) {
		ck_assert_int_eq(fd, opened[_i].expected);
		return;
	}
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NOATIME), O_RDONLY | O_NOATIME);
}
END_TEST

/* --- Counting --- */

static const struct {
	const char *exclude; /* a name */
	bool stop;
	uint64_t files, bytes;
} counts[] = {
	{NULL, false, 4, 14},
	{"*.tmp", false, 3, 10},
	{"deep", false, 2, 8}, /* a folder with all that is in it */
	{"a", false, 3, 10},
	{NULL, true, 0, 0},
};

START_TEST(count)
{
	char *paths[] = {NULL, NULL};
	cleanup_target struct target *target = NULL;
	cleanup_filter struct filter excludes = {0};
	struct progress progress;
	struct err err = ERR_INIT;

	room_mkdir("in");
	room_mkdir("in/deep");
	room_mkdir("in/deep/er");
	room_write("in/a", "4444");
	room_write("in/b.tmp", "4444");
	room_write("in/deep/c", "55555");
	room_write("in/deep/er/d", "1");
	ck_assert_int_eq(symlink("/dev", room_path("in/link")), 0);
	ck_assert_int_eq(mkfifo(room_path("in/fifo"), 0600), 0);
	paths[0] = str_printf("%s/in", room_folder);
	paths[1] = str_printf("%s/none", room_folder);
	ck_assert_int_eq(target_new(paths, 2, &target, &err), 0);
	free(paths[0]);
	free(paths[1]);
	if (counts[_i].exclude)
		ck_assert_int_eq(filter_add(&excludes, counts[_i].exclude, &err), 0);
	progress_start(&progress, &clock_system);
	walk_count(target, &excludes, NULL, &progress, &counts[_i].stop);
	ck_assert_uint_eq(progress.files_total, counts[_i].files);
	ck_assert_uint_eq(progress.bytes_total, counts[_i].bytes);
	ck_assert_int_eq(progress.total_known, !counts[_i].stop);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("walk");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, kind, 0, COUNT(kinds));
	tcase_add_test(tcase, device);
	tcase_add_test(tcase, what_was_stored);
	tcase_add_loop_test(tcase, link_size, 0, COUNT(link_sizes));
	tcase_add_loop_test(tcase, not_there, 0, COUNT(absent));
	tcase_add_loop_test(tcase, xattrs, 0, COUNT(attributes) + 1);
	tcase_add_test(tcase, owners);
	tcase_add_test(tcase, list);
	tcase_add_test(tcase, list_faults);
	tcase_add_loop_test(tcase, open_one, 0, COUNT(opened));
	tcase_add_loop_test(tcase, count, 0, COUNT(counts));
	return unit_main("walk", tcase);
}
