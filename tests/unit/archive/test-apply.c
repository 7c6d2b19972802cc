#include "archive/restore/apply.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "room.h"

#define LONG_NAME 255 /* bytes: what the kernel takes */

static int out = -1; /* the folder that is restored to */

/* Beside it stands what nothing may touch. */
static void setup(void)
{
	room_setup();
	room_mkdir("out");
	room_mkdir("outside");
	room_write("outside/victim", "good");
	ck_assert_int_eq(chmod(room_path("outside/victim"), 0640), 0);
	out = open(room_path("out"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(out, 0);
}

static struct stat stat_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(room_path(name), &st), 0);
	return st;
}

static void teardown(void)
{
	cleanup_free char *text = room_read("outside/victim");

	ck_assert_str_eq(text, "good");
	ck_assert_int_eq(stat_of("outside/victim").st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(stat_of("outside/victim").st_nlink, 1);
	ck_assert_uint_eq(stat_of("outside").st_nlink, 2);
	close(out);
	room_teardown();
}

static struct node node_of(enum node_type type, mode_t mode)
{
	return (struct node){
		.type = type,
		.mode = node_mode(mode),
		.uid = getuid(),
		.gid = getgid(),
		.link_target = "there",
		.accessed = {1500000000, 5},
		.modified = {1600000000, 999999999},
	};
}

/* --- What is in the way --- */

enum made {
	MADE_FOLDER,
	MADE_FILE,
	MADE_LINK,
	MADE_FIFO,
	MADE_COUNT
};

static const mode_t made_modes[] = {
	S_IFDIR | 0700,
	S_IFREG | 0600,
	S_IFLNK | 0777,
	S_IFIFO | 0600,
};

static int make(enum made made, const char *name, struct err *err)
{
	const struct node link = node_of(NODE_SYMLINK, S_IFLNK | 0777);
	const struct node fifo = node_of(NODE_FIFO, S_IFIFO | 0600);

	switch (made) {
	case MADE_FOLDER:
		return apply_folder(out, name, false, err);
	case MADE_FILE:
		return apply_file(out, name, err);
	case MADE_LINK:
		return apply_special(out, name, &link, err);
	case MADE_FIFO:
		return apply_special(out, name, &fifo, err);
	case MADE_COUNT:
		break;
	}
	ck_abort();
}

static void put_nothing(const char *path)
{
	(void)path;
}

static void put_file(const char *path)
{
	ck_assert_int_eq(link(room_path("other"), path), 0); /* another name must stay */
}

static void put_link_to_file(const char *path)
{
	ck_assert_int_eq(symlink(room_path("outside/victim"), path), 0);
}

static void put_link_to_folder(const char *path)
{
	ck_assert_int_eq(symlink(room_path("outside"), path), 0);
}

static void put_dangling_link(const char *path)
{
	ck_assert_int_eq(symlink(room_path("outside/new"), path), 0);
}

static void put_fifo(const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void put_folder(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0750), 0);
}

static void (*const ways[])(const char *path) = {put_nothing, put_file, put_link_to_file,
	put_link_to_folder, put_dangling_link, put_fifo, put_folder};

START_TEST(in_the_way)
{
	enum made made = (enum made)_i % MADE_COUNT;
	void (*way)(const char *path) = ways[_i / MADE_COUNT];
	bool refused = way == put_folder && made != MADE_FOLDER;
	mode_t mode = way == put_folder ? S_IFDIR | 0750 : made_modes[made];
	struct err err = ERR_INIT;
	cleanup_free char *other = NULL;
	int r;

	room_write("other", "other");
	way(room_path("out/x"));
	r = make(made, "x", &err);
	if (refused)
		ck_assert_int_eq(r, -EISDIR);
	else
		ck_assert_msg(r >= 0, "%s", err.text);
	ck_assert_uint_eq(stat_of("out/x").st_mode, mode);
	ck_assert(!room_exists("outside/new"));
	other = room_read("other");
	ck_assert_str_eq(other, "other");
	if (made == MADE_FILE && !refused) {
		ck_assert_int_eq(stat_of("out/x").st_size, 0);
		ck_assert_int_eq(fcntl(r, F_GETFD), FD_CLOEXEC);
		ck_assert_int_eq(pwrite(r, "new", 3, 0), 3);
	}
	if (made == MADE_FOLDER)
		ck_assert_int_eq(fcntl(r, F_GETFD), FD_CLOEXEC);
	if (made == MADE_FOLDER || (made == MADE_FILE && !refused))
		close(r);
}
END_TEST

START_TEST(folder_keeps_what_is_in_it)
{
	struct err err = ERR_INIT;
	int fd;

	room_mkdir("out/d");
	room_write("out/d/kept", "kept");
	fd = apply_folder(out, "d", false, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(faccessat(fd, "kept", F_OK, 0), 0);
	close(fd);
}
END_TEST

/* --- Kinds and names --- */

static const struct {
	enum node_type type;
	int expected;
	mode_t kind; /* 0: nothing is made */
} kinds[] = {
	{NODE_SYMLINK, 0, S_IFLNK},
	{NODE_FIFO, 0, S_IFIFO},
	{NODE_BLOCK, 0, S_IFBLK},
	{NODE_CHAR, 0, S_IFCHR},
	{NODE_SOCKET, 1, 0},
	{NODE_OTHER, -EBADMSG, 0},
	{NODE_FILE, -EBADMSG, 0},
	{NODE_DIR, -EBADMSG, 0},
};

/* What can't be made does not remove what stands there either. */
START_TEST(special)
{
	struct node node = node_of(kinds[_i].type, 0600);
	struct err err = ERR_INIT;
	struct stat st;
	int r;

	node.device = makedev(1, 3);
	room_write("out/x", "old");
	r = apply_special(out, "x", &node, &err);
	if (r == -EPERM && (node.type == NODE_BLOCK || node.type == NODE_CHAR))
		return; /* without privileges */
	ck_assert_int_eq(r, kinds[_i].expected);
	st = stat_of("out/x");
	ck_assert_uint_eq(st.st_mode & S_IFMT, kinds[_i].kind ? kinds[_i].kind : S_IFREG);
	if (S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode))
		ck_assert_uint_eq(st.st_rdev, node.device);
	if (r == -EBADMSG)
		ck_assert_int_eq(err.kind, ERR_CORRUPT);
}
END_TEST

static const char *const odd_names[] = {
	"new\nline", "tab\tquote\"'\\", "\xff\xfe not UTF-8", "-rf", "...", " ", "\x01", NULL};

START_TEST(names)
{
	char longest[LONG_NAME + 1], longer[LONG_NAME + 2];
	const char *name = odd_names[_i] ? odd_names[_i] : longest;
	struct err err = ERR_INIT;

	memset(longest, 'n', LONG_NAME);
	longest[LONG_NAME] = '\0';
	memset(longer, 'n', LONG_NAME + 1);
	longer[LONG_NAME + 1] = '\0';
	for (enum made made = 0; made < MADE_COUNT; made++) {
		struct node node = node_of(NODE_SYMLINK, S_IFLNK | 0777);
		int r = make(made, name, &err);

		ck_assert_msg(r >= 0, "%s", err.text);
		if (made == MADE_FOLDER || made == MADE_FILE)
			close(r);
		node.type = made == MADE_LINK ? NODE_SYMLINK : NODE_FILE;
		r = apply_metadata(out, name, &node, NULL, &err);
		ck_assert_msg(r == 0, "%s", err.text);
		ck_assert_int_eq(unlinkat(out, name, made == MADE_FOLDER ? AT_REMOVEDIR : 0), 0);
	}
	for (enum made made = 0; made < MADE_COUNT; made++)
		ck_assert_int_eq(make(made, longer, &err), -ENAMETOOLONG);
}
END_TEST

/* A folder that was removed meanwhile, and one that is none. */
START_TEST(faults)
{
	const struct node node = node_of(NODE_FILE, 0600);
	struct err err = ERR_INIT;

	ck_assert_int_eq(rmdir(room_path("out")), 0);
	for (int i = 0; i < 2; i++) {
		for (enum made made = 0; made < MADE_COUNT; made++) {
			err = ERR_INIT;
			ck_assert_int_eq(make(made, "x", &err), i ? -EBADF : -ENOENT);
			ck_assert_str_ne(err.text, "");
		}
		err = ERR_INIT;
		ck_assert_int_eq(apply_metadata(out, "x", &node, NULL, &err), i ? -EBADF : -ENOENT);
		ck_assert_str_ne(err.text, "");
		close(out);
		out = -1;
	}
}
END_TEST

/* --- Metadata --- */

static const mode_t modes[] = {0, 0777, 0644, 0600, 0111, 04755, 02755, 01777, 07777};

START_TEST(mode)
{
	struct node node = node_of(NODE_FILE, S_IFREG | modes[_i]);
	struct err err = ERR_INIT;
	int fd;

	room_write("out/f", "");
	ck_assert_int_eq(apply_metadata(out, "f", &node, NULL, &err), 0);
	ck_assert_uint_eq(stat_of("out/f").st_mode, S_IFREG | modes[_i]);
	fd = apply_folder(out, "d", false, &err);
	node.type = NODE_DIR;
	ck_assert_int_eq(apply_metadata(fd, ".", &node, NULL, &err), 0);
	close(fd);
	ck_assert_uint_eq(stat_of("out/d").st_mode, S_IFDIR | modes[_i]);
}
END_TEST

static const struct node_time moments[] = {
	{0, 0}, {0, 1}, {1600000000, 999999999}, {-1, 999999999}, /* just before 1970 */
	{-2000000000, 0}, {INT64_C(4294967296) + 7, 123456789}, /* more than 32 bits */
};

START_TEST(times)
{
	struct node node = node_of(NODE_FILE, S_IFREG | 0644);
	struct err err = ERR_INIT;
	struct stat st;

	node.modified = moments[_i];
	room_write("out/f", "");
	ck_assert_int_eq(apply_metadata(out, "f", &node, NULL, &err), 0);
	st = stat_of("out/f");
	ck_assert_int_eq(st.st_mtim.tv_sec, moments[_i].seconds);
	ck_assert_int_eq(st.st_mtim.tv_nsec, moments[_i].nanoseconds);
	ck_assert_int_eq(st.st_atim.tv_sec, 1500000000);
	ck_assert_int_eq(st.st_atim.tv_nsec, 5);
}
END_TEST

/* A link's own times are set; what it points to keeps its times and mode. */
START_TEST(link_itself)
{
	const struct node node = node_of(NODE_SYMLINK, S_IFLNK | 0777);
	struct stat before = stat_of("outside/victim"), after;
	struct err err = ERR_INIT;

	put_link_to_file(room_path("out/l"));
	ck_assert_int_eq(apply_metadata(out, "l", &node, NULL, &err), 0);
	ck_assert_int_eq(stat_of("out/l").st_mtim.tv_sec, 1600000000);
	after = stat_of("outside/victim");
	ck_assert_int_eq(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}
END_TEST

/* A link where the tree says file or folder: nothing goes through it. */
START_TEST(link_instead)
{
	const struct node node =
		node_of(_i ? NODE_DIR : NODE_FILE, (_i ? S_IFDIR : S_IFREG) | 07777);
	struct stat before = stat_of("outside"), after;
	struct err err = ERR_INIT;

	if (_i)
		put_link_to_folder(room_path("out/l"));
	else
		put_link_to_file(room_path("out/l")); /* looked at when the test ends */
	ck_assert_int_lt(apply_metadata(out, "l", &node, NULL, &err), 0);
	after = stat_of("outside");
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}
END_TEST

/* Changing the owner would drop the setuid bit: the mode comes after it. */
START_TEST(owner)
{
	struct node node = node_of(NODE_FILE, S_IFREG | 06755);
	struct err err = ERR_INIT;
	struct stat st;

	node.uid = 54321;
	node.gid = 12345;
	room_write("out/f", "");
	ck_assert_int_eq(apply_metadata(out, "f", &node, NULL, &err), 0);
	st = stat_of("out/f");
	ck_assert_uint_eq(st.st_uid, geteuid() ? geteuid() : 54321);
	ck_assert_uint_eq(st.st_gid, geteuid() ? getegid() : 12345);
	ck_assert_uint_eq(st.st_mode & 04777, 04755);
}
END_TEST

/* --- Attributes --- */

static bool has_attributes(void)
{
	room_write("probe", "");
	return setxattr(room_path("probe"), "user.probe", "", 0, 0) == 0;
}

static ssize_t attribute(const char *name, char *ret, size_t size)
{
	return lgetxattr(room_path("out/f"), name, ret, size);
}

START_TEST(attributes)
{
	static const struct node_xattr wanted[] = {
		{"user.text", (const uint8_t *)"text", 4},
		{"user.binary", (const uint8_t *)"\0\xff\0", 3},
		{"user.empty", NULL, 0},
		{"user.replaced", (const uint8_t *)"new", 3},
	};
	struct node node = node_of(NODE_FILE, S_IFREG | 0640);
	struct err err = ERR_INIT;
	char value[16];

	if (!has_attributes())
		return;
	room_write("out/f", "");
	ck_assert_int_eq(setxattr(room_path("out/f"), "user.other", "x", 1, 0), 0);
	ck_assert_int_eq(setxattr(room_path("out/f"), "user.replaced", "long", 4, 0), 0);
	node.xattrs = wanted;
	node.xattr_count = COUNT(wanted);
	ck_assert_int_eq(apply_metadata(out, "f", &node, NULL, &err), 0);
	for (int i = 0; i < COUNT(wanted); i++) {
		ck_assert_int_eq(
			attribute(wanted[i].name, value, sizeof(value)), (ssize_t)wanted[i].size);
		if (wanted[i].size)
			ck_assert_mem_eq(value, wanted[i].value, wanted[i].size);
	}
	ck_assert_int_eq(attribute("user.other", value, sizeof(value)), -1);
	ck_assert_int_eq(errno, ENODATA);
}
END_TEST

/* One that can't be set is told, the first of them, and all the rest is still done. */
START_TEST(attribute_refused)
{
	static const struct node_xattr wanted[] = {
		{"unheard.of", (const uint8_t *)"a", 1},
		{"unheard.too", (const uint8_t *)"a", 1},
		{"user.good", (const uint8_t *)"good", 4},
	};
	struct node node = node_of(NODE_FILE, S_IFREG | 0604);
	struct err err = ERR_INIT;
	char value[16];

	if (!has_attributes())
		return;
	room_write("out/f", "");
	node.xattrs = wanted;
	node.xattr_count = COUNT(wanted);
	ck_assert_int_eq(apply_metadata(out, "f", &node, NULL, &err), -EOPNOTSUPP);
	ck_assert_ptr_nonnull(strstr(err.text, "set attribute unheard.of"));
	ck_assert_int_eq(attribute("user.good", value, sizeof(value)), 4);
	ck_assert_uint_eq(stat_of("out/f").st_mode, S_IFREG | 0604);
	ck_assert_int_eq(stat_of("out/f").st_mtim.tv_sec, 1600000000);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("apply");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, in_the_way, 0, COUNT(ways) * MADE_COUNT);
	tcase_add_test(tcase, folder_keeps_what_is_in_it);
	tcase_add_loop_test(tcase, special, 0, COUNT(kinds));
	tcase_add_loop_test(tcase, names, 0, COUNT(odd_names));
	tcase_add_test(tcase, faults);
	tcase_add_loop_test(tcase, mode, 0, COUNT(modes));
	tcase_add_loop_test(tcase, times, 0, COUNT(moments));
	tcase_add_test(tcase, link_itself);
	tcase_add_loop_test(tcase, link_instead, 0, 2);
	tcase_add_test(tcase, owner);
	tcase_add_test(tcase, attributes);
	tcase_add_test(tcase, attribute_refused);
	return unit_main("apply", tcase);
}
