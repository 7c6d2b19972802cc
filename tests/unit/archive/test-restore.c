#include "archive/restore/restore.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/resource.h>

#include "../unit.h"
#include "nodes.h"
#include "repo/tree.h"
#include "room.h"

#define DEPTH 2048 /* folders that are restored */

static struct node link_node(const char *name, const char *target)
{
	return (struct node){
		.name = name,
		.type = NODE_SYMLINK,
		.mode = 1u << 27 | 0777,
		.uid = getuid(),
		.gid = getgid(),
		.link_target = target,
	};
}

static struct progress progress; /* of the last restore */
static struct restore_counts counts;

static int restore_as(struct repository *repository, const struct id *tree,
	const struct restore_options *how, struct room_told *told)
{
	static const struct filter none;
	struct restore_options options = *how;
	struct err err = ERR_INIT;

	options.target = room_path("out");
	options.includes = options.includes ? options.includes : &none;
	options.excludes = options.excludes ? options.excludes : &none;
	options.progress = &progress;
	options.on_error = room_tell;
	options.context = told;
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	return restore_run(repository, tree, &options, &counts, &err);
}

static int restore(struct repository *repository, const struct id *tree, struct room_told *told)
{
	return restore_as(repository, tree, &(struct restore_options){0}, told);
}

static int restore_some(struct repository *repository, const struct id *tree,
	const struct filter *includes, const struct filter *excludes, struct room_told *told)
{
	const struct restore_options options = {.includes = includes, .excludes = excludes};

	return restore_as(repository, tree, &options, told);
}

/* Names that would lead out of the target. */
static const char *const bad_names[] = {
	"../outside",
	"..",
	".",
	"",
	"/tmp/nexus-outside",
	"a/../../outside",
	"d/outside",
};

START_TEST(names_that_lead_out)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "evil"), tree;
	const struct node nodes[] = {file_node(bad_names[_i], &data), file_node("good", &data)};
	struct room_told told = {0};
	cleanup_free char *text = NULL;

	tree = store_tree(repository, nodes, 2);
	room_mkdir("d");
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert(!room_exists("outside") && !room_exists("d/outside"));
	ck_assert_int_ne(access("/tmp/nexus-outside", F_OK), 0);
	text = room_read("out/good"); /* the rest is restored */
	ck_assert_str_eq(text, "evil");
}
END_TEST

/* A link first, then a folder or file of the same name that would be written through it. */
START_TEST(links_in_the_way)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "evil"), inner, tree;
	const struct node file = file_node("victim", &data);
	struct node nodes[4];
	struct room_told told = {0};
	cleanup_free char *text = NULL;

	room_mkdir("outside");
	room_write("outside/victim", "good");
	inner = store_tree(repository, &file, 1);
	nodes[0] = link_node("a", room_path("outside"));
	nodes[1] = dir_node("a", inner);
	nodes[2] = link_node("f", room_path("outside/victim"));
	nodes[3] = file_node("f", &data);
	tree = store_tree(repository, nodes, 4);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	text = room_read("outside/victim");
	ck_assert_str_eq(text, "good");
	ck_assert(room_exists("out/a/victim"));
}
END_TEST

/* The same, with the links put there before. */
START_TEST(links_in_the_target)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "evil"), inner, tree;
	const struct node file = file_node("victim", &data);
	struct node nodes[2];
	struct room_told told = {0};
	cleanup_free char *text = NULL, *restored = NULL;

	room_mkdir("outside");
	room_write("outside/victim", "good");
	room_mkdir("out");
	ck_assert_int_eq(symlink(room_path("outside"), room_path("out/a")), 0);
	ck_assert_int_eq(symlink(room_path("outside/victim"), room_path("out/f")), 0);
	inner = store_tree(repository, &file, 1);
	nodes[0] = dir_node("a", inner);
	nodes[1] = file_node("f", &data);
	tree = store_tree(repository, nodes, 2);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	text = room_read("outside/victim");
	ck_assert_str_eq(text, "good");
	restored = room_read("out/a/victim");
	ck_assert_str_eq(restored, "evil");
}
END_TEST

/* A file, a link in its place, and then a second name of the file: the mode of that one must not
 * reach what the link points to. */
START_TEST(second_name_of_a_link)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "evil"), tree;
	struct node nodes[] = {
		file_node("f", &data), link_node("f", "../victim"), file_node("g", &data)};
	struct room_told told = {0};
	struct stat st;

	room_write("victim", "good");
	ck_assert_int_eq(chmod(room_path("victim"), 0640), 0);
	nodes[0].links = nodes[2].links = 2;
	nodes[0].inode = nodes[2].inode = 5;
	nodes[2].mode = 0777;
	tree = store_tree(repository, nodes, 3);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_int_eq(lstat(room_path("victim"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(told.count, 1);
}
END_TEST

/* --- Choosing --- */

static const struct {
	const char *include, *exclude;
	const char *restored; /* of "d/x d/y.tmp f": those that are there then */
	uint64_t files, bytes;
} choices[] = {
	{NULL, NULL, "d/x d/y.tmp f", 3, 12},
	{"/d", NULL, "d/x d/y.tmp", 2, 8},
	{"/d/x", NULL, "d/x", 1, 4},
	{"x", NULL, "d/x", 1, 4},
	{"/none", NULL, "", 0, 0},
	{NULL, "*.tmp", "d/x f", 2, 8},
	{NULL, "/d", "f", 1, 4},
	{"/d", "*.tmp", "d/x", 1, 4},
	{"/f", "/f", "", 0, 0},
};

START_TEST(choose)
{
	static const char *const paths[] = {"d/x", "d/y.tmp", "f"};
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_filter struct filter includes = {0}, excludes = {0};
	struct id data = store_data(repository, "data"), tree;
	const struct node inner[] = {file_node("x", &data), file_node("y.tmp", &data)};
	struct room_told told = {0};
	struct err err = ERR_INIT;
	struct node nodes[2];
	char found[64] = "", path[64];

	if (choices[_i].include)
		ck_assert_int_eq(filter_add(&includes, choices[_i].include, &err), 0);
	if (choices[_i].exclude)
		ck_assert_int_eq(filter_add(&excludes, choices[_i].exclude, &err), 0);
	nodes[0] = dir_node("d", store_tree(repository, inner, 2));
	nodes[1] = file_node("f", &data);
	tree = store_tree(repository, nodes, 2);
	ck_assert_int_eq(restore_some(repository, &tree, &includes, &excludes, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	for (int i = 0; i < COUNT(paths); i++) {
		snprintf(path, sizeof(path), "out/%s", paths[i]);
		if (room_exists(path))
			snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%s",
				*found ? " " : "", paths[i]);
	}
	ck_assert_str_eq(found, choices[_i].restored);
	ck_assert_int_eq(room_exists("out/d"), strchr(found, 'd') != NULL); /* no empty folders */
	ck_assert_uint_eq(progress.files_total, choices[_i].files);
	ck_assert_uint_eq(progress.bytes_total, choices[_i].bytes);
	ck_assert_uint_eq(progress.files_done, choices[_i].files);
	ck_assert_uint_eq(progress.bytes_done, choices[_i].bytes);
	ck_assert(progress.total_known);
}
END_TEST

/* --- Content --- */

#define BLOCK 4096 /* bytes: zeros of this size become holes */

/* Where something stands in three blocks and a bit of zeros; -1: nowhere. */
static const int marks[] = {-1, 0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 3 * BLOCK - 1,
	3 * BLOCK, 3 * BLOCK + 4};

/* Holes are made of zeros only, whatever stood in the blob before, in one blob or two. */
START_TEST(zeros)
{
	static uint8_t bytes[3 * BLOCK + 5];
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct repository_added added;
	struct room_told told = {0};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	struct id ids[2], tree;
	struct node node = file_node("f", ids);
	size_t size;

	memset(bytes, 0xff, sizeof(bytes));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository),
					 BLOB_DATA, bytes, sizeof(bytes), &ids[i], &added, &err),
			0);
		memset(bytes, 0, sizeof(bytes));
		if (marks[_i] >= 0)
			bytes[marks[_i]] = 'x';
	}
	node.content_count = 2;
	node.size = 2 * sizeof(bytes);
	tree = store_tree(repository, &node, 1);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_msg(!told.count, "%s", told.last);
	ck_assert_int_ge(file_read(AT_FDCWD, room_path("out/f"), 1 << 20, &text, &size, &err), 0);
	ck_assert_uint_eq(size, 2 * sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		ck_assert_int_eq((uint8_t)text[i], 0xff);
	ck_assert_mem_eq(text + sizeof(bytes), bytes, sizeof(bytes));
}
END_TEST

START_TEST(hard_links)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "data"), tree;
	struct node nodes[4] = {file_node("a", &data), file_node("b", &data), file_node("c", &data),
		file_node("d", &data)};
	struct room_told told = {0};
	struct stat st[4];

	for (int i = 0; i < 4; i++) {
		nodes[i].links = i == 3 ? 1 : 2;
		nodes[i].inode = 5;
		nodes[i].device_id = i == 2 ? 8 : 7; /* c: the same number elsewhere */
	}
	tree = store_tree(repository, nodes, 4);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	for (int i = 0; i < 4; i++) {
		const char path[] = {'o', 'u', 't', '/', (char)('a' + i), '\0'};

		ck_assert_int_eq(stat(room_path(path), &st[i]), 0);
	}
	ck_assert_uint_eq(st[0].st_ino, st[1].st_ino);
	ck_assert_uint_ne(st[0].st_ino, st[2].st_ino);
	ck_assert_uint_ne(st[0].st_ino, st[3].st_ino);
	ck_assert_uint_eq(progress.bytes_done, 16);
	ck_assert_uint_eq(progress.files_done, 4);
}
END_TEST

START_TEST(damage)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "good"), missing = {{7}}, lost = {{8}}, tree;
	struct node nodes[] = {
		file_node("a", &data),
		file_node("b", &missing),
		dir_node("c", lost),
		file_node("d", &data),
		file_node("e", &data),
	};
	struct room_told told = {0};

	nodes[3].size = 5; /* its entry lies */
	tree = store_tree(repository, nodes, 5);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 3);
	ck_assert(room_exists("out/a") && room_exists("out/e"));
}
END_TEST

START_TEST(a_folder_is_never_replaced)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "data"), tree;
	const struct node node = file_node("a", &data);
	struct room_told told = {0};

	tree = store_tree(repository, &node, 1);
	room_mkdir("out");
	room_mkdir("out/a");
	room_write("out/a/kept", "kept");
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert(room_exists("out/a/kept"));
}
END_TEST

/* A file that is there: mended in place, or left as it is. */
START_TEST(existing_files)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "good"), tree;
	struct node node = file_node("a", &data);
	struct room_told told = {0};
	cleanup_free char *text = NULL, *kept = NULL, *newer = NULL;
	struct stat before, after;

	node.modified = (struct node_time){1000, 5};
	tree = store_tree(repository, &node, 1);
	room_mkdir("out");
	room_write("out/a", "bad and longer");
	ck_assert_int_eq(stat(room_path("out/a"), &before), 0);
	ck_assert_int_eq(restore_as(repository, &tree,
				 &(struct restore_options){.overwrite = RESTORE_NEVER}, &told),
		0);
	kept = room_read("out/a");
	ck_assert_str_eq(kept, "bad and longer");
	ck_assert_uint_eq(counts.skipped, 1);
	ck_assert_int_eq(restore_as(repository, &tree,
				 &(struct restore_options){.overwrite = RESTORE_IF_NEWER}, &told),
		0);
	newer = room_read("out/a");
	ck_assert_str_eq(newer, "bad and longer");
	ck_assert_int_eq(
		restore_as(repository, &tree, &(struct restore_options){.dry_run = true}, &told),
		0);
	ck_assert_uint_eq(counts.restored, 1);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	text = room_read("out/a");
	ck_assert_str_eq(text, "good");
	ck_assert_int_eq(stat(room_path("out/a"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino); /* in place */
	ck_assert_int_eq(after.st_mtim.tv_nsec, 5);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(counts.restored, 0);
	ck_assert_uint_eq(counts.skipped, 1);
	ck_assert_uint_eq(counts.skipped_bytes, 4);
	ck_assert_uint_eq(told.count, 0);
}
END_TEST

/* Folders within folders, down to the last that is restored and one more: the stack that a process
 * has must do. */
START_TEST(deep)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id tree = store_tree(repository, NULL, 0);
	struct room_told told = {0};
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
#ifdef __SANITIZE_ADDRESS__
	limit = (struct rlimit){64u << 20, 64u << 20}; /* its frames are several times as large */
#else
	limit = (struct rlimit){8u << 20, 8u << 20};
#endif
	ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
	for (unsigned i = 0; i <= DEPTH; i++) {
		const struct node node = dir_node("d", tree);

		tree = store_tree(repository, &node, 1);
	}
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_uint_eq(counts.restored, DEPTH);
	ck_assert_ptr_nonnull(strstr(told.last, "too deep"));
}
END_TEST

/* To open a device may do something, as a watchdog's resets the machine: what stands in the way of
 * a file is looked at, replaced, and not opened. A fifo is seen to be opened as a device is. */
START_TEST(only_files_are_opened)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "good");
	struct node node = file_node("a", &data);
	cleanup_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct inotify_event event;
	struct room_told told = {0};
	struct id tree;

	node.links = (uint64_t)_i + 1;
	node.inode = 7;
	tree = store_tree(repository, &node, 1);
	room_mkdir("out");
	ck_assert_int_eq(mkfifo(room_path("out/a"), 0600), 0);
	ck_assert_int_ge(inotify_add_watch(watch, room_path("out/a"), IN_OPEN), 0);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	while (read(watch, &event, sizeof(event)) == sizeof(event))
		ck_assert_msg(!(event.mask & IN_OPEN), "the fifo was opened");
	{
		cleanup_free char *text = room_read("out/a");

		ck_assert_str_eq(text, "good");
	}
}
END_TEST

/* A file in the target that has a name outside, too: neither its bytes nor its mode may change. */
START_TEST(names_outside)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "evil"), tree;
	struct node nodes[3] = {
		file_node("a", &data), file_node("b", &data), file_node("c", &data)};
	struct room_told told = {0};
	cleanup_free char *text = NULL, *second = NULL;
	struct stat st;

	nodes[1].links = nodes[2].links = 2;
	nodes[1].inode = nodes[2].inode = 77;
	tree = store_tree(repository, nodes, 3);
	room_mkdir("out");
	room_write("victim", "good");
	room_write("victim2", "evil");
	ck_assert_int_eq(chmod(room_path("victim2"), 0604), 0);
	ck_assert_int_eq(link(room_path("victim"), room_path("out/a")), 0);
	ck_assert_int_eq(link(room_path("victim2"), room_path("out/b")), 0);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 0);
	text = room_read("victim");
	ck_assert_str_eq(text, "good");
	ck_assert_int_eq(stat(room_path("victim2"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0604);
	second = room_read("out/c");
	ck_assert_str_eq(second, "evil");
	ck_assert_int_eq(stat(room_path("out/c"), &st), 0);
	ck_assert_uint_eq(st.st_nlink, 2);
}
END_TEST

/* What the snapshot has not goes, but never through a link, and not what is not chosen. */
START_TEST(deleting)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "data"), missing = {{9}}, tree;
	struct node nodes[2] = {file_node("z", &data), file_node("a", &data)}; /* out of order */
	const struct node lost = dir_node("lost", missing);
	const struct restore_options deletes = {.delete_others = true};
	cleanup_filter struct filter only = {0};
	struct room_told told = {0};
	struct err err = ERR_INIT;

	tree = store_tree(repository, nodes, 2);
	room_mkdir("outside");
	room_write("outside/kept", "kept");
	room_mkdir("out");
	room_mkdir("out/more");
	room_mkdir("out/more/deep");
	room_write("out/more/deep/file", "x");
	room_write("out/a", "data");
	ck_assert_int_eq(symlink(room_path("outside"), room_path("out/link")), 0);
	ck_assert_int_eq(symlink(room_path("outside"), room_path("out/more/link")), 0);
	ck_assert_int_eq(filter_add(&only, "/a", &err), 0);
	ck_assert_int_eq(
		restore_as(repository, &tree,
			&(struct restore_options){.delete_others = true, .includes = &only}, &told),
		0);
	ck_assert_uint_eq(counts.deleted, 0);
	ck_assert_int_eq(
		restore_as(repository, &tree,
			&(struct restore_options){.delete_others = true, .dry_run = true}, &told),
		0);
	ck_assert_uint_eq(counts.deleted, 2);
	ck_assert(room_exists("out/more/deep/file"));
	ck_assert_int_eq(restore_as(repository, &tree, &deletes, &told), 0);
	ck_assert_uint_eq(counts.deleted, 2);
	ck_assert(!room_exists("out/more") && !room_exists("out/link"));
	ck_assert(room_exists("outside/kept") && room_exists("out/a") && room_exists("out/z"));
	/* A tree that can't be read says nothing about what is foreign. */
	room_mkdir("out/lost");
	room_write("out/lost/kept", "kept");
	tree = store_tree(repository, &lost, 1);
	ck_assert_int_eq(restore_as(repository, &tree, &deletes, &told), 0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert(room_exists("out/lost/kept"));
}
END_TEST

/* A dry run goes below folders that are not there, and nothing of it is a failure. */
START_TEST(dry_run_of_folders)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id data = store_data(repository, "good"), tree;
	const struct node file = file_node("f", &data);
	struct room_told told = {0};

	tree = store_tree(repository, &file, 1);
	for (unsigned i = 0; i < 3; i++) {
		const struct node node = dir_node("d", tree);

		tree = store_tree(repository, &node, 1);
	}
	if (_i)
		room_mkdir("out");
	ck_assert_int_eq(
		restore_as(repository, &tree, &(struct restore_options){.dry_run = true}, &told),
		0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(counts.restored, 4);
	ck_assert(room_exists("out") == _i && !room_exists("out/d"));
}
END_TEST

/* Trees of a MiB in each other: what is open at a time has an end. */
START_TEST(large_and_deep)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id tree = store_tree(repository, NULL, 0);
	struct room_told told = {0};
	char *spaces = malloc(1000u << 10);

	ck_assert_ptr_nonnull(spaces);
	memset(spaces, 'x', (1000u << 10) - 1);
	spaces[(1000u << 10) - 1] = 0;
	for (unsigned i = 0; i < 160; i++) {
		struct node node = dir_node("d", tree);

		node.user = spaces; /* in the text, and once more read from it */
		tree = store_tree(repository, &node, 1);
	}
	free(spaces);
	ck_assert_int_eq(restore(repository, &tree, &told), 0);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_ptr_nonnull(strstr(told.last, "too large and too deep"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("restore");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, names_that_lead_out, 0, COUNT(bad_names));
	tcase_add_test(tcase, links_in_the_way);
	tcase_add_test(tcase, links_in_the_target);
	tcase_add_test(tcase, second_name_of_a_link);
	tcase_add_loop_test(tcase, choose, 0, COUNT(choices));
	tcase_add_loop_test(tcase, zeros, 0, COUNT(marks));
	tcase_add_test(tcase, hard_links);
	tcase_add_test(tcase, damage);
	tcase_add_test(tcase, a_folder_is_never_replaced);
	tcase_add_test(tcase, existing_files);
	tcase_add_test(tcase, deep);
	tcase_add_loop_test(tcase, only_files_are_opened, 0, 2);
	tcase_add_test(tcase, names_outside);
	tcase_add_test(tcase, deleting);
	tcase_add_loop_test(tcase, dry_run_of_folders, 0, 2);
	tcase_add_test(tcase, large_and_deep);
	return unit_main("restore", tcase);
}
