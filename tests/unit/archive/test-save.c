#include "archive/save.h"

#include <errno.h>

#include "../unit.h"
#include "archive/restore/restore.h"
#include "archive/select.h"
#include "repo/tree.h"
#include "room.h"

/* Backs up folder src; 0 or negative. */
static int save(struct repository *repository, const char *exclude, const struct snapshot *parent,
	struct room_told *told, struct snapshot *ret)
{
	cleanup_str_list struct str_list paths = {0};
	cleanup_filter struct filter excludes = {0};
	struct progress progress;
	struct save_options options = {
		.paths = &paths,
		.excludes = &excludes,
		.hostname = "box",
		.program_version = "test",
		.parent = parent,
		.progress = &progress,
		.on_error = room_tell,
		.context = told,
	};
	struct err err = ERR_INIT;

	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src"), &err), 0);
	if (exclude)
		ck_assert_int_eq(filter_add(&excludes, exclude, &err), 0);
	return save_run(repository, NULL, &options, ret, &err);
}

static int restore(struct repository *repository, const struct snapshot *snapshot,
	const char *target, struct room_told *told)
{
	static const struct filter none;
	struct progress progress;
	struct restore_counts counts;
	const struct restore_options options = {
		.target = room_path(target),
		.includes = &none,
		.excludes = &none,
		.verify = true,
		.progress = &progress,
		.on_error = room_tell,
		.context = told,
	};
	struct err err = ERR_INIT;
	struct id tree;

	progress_start(&progress, &clock_system);
	ck_assert_int_eq(
		select_folder(repository, &snapshot->tree, room_path("src"), &tree, &err), 0);
	return restore_run(repository, &tree, &options, &counts, &err);
}

START_TEST(there_and_back)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot first = {0}, second = {0}, third = {0};
	struct room_told told = {0};
	cleanup_free char *text = NULL;
	struct stat before, after;
	struct err err = ERR_INIT;
	struct id one, two;

	room_mkdir("src");
	room_mkdir("src/d");
	room_write("src/a", "first");
	room_write("src/d/b", "second");
	room_write("src/empty", "");
	ck_assert_int_eq(symlink("a", room_path("src/l")), 0);
	ck_assert_int_eq(link(room_path("src/a"), room_path("src/d/hard")), 0);
	ck_assert_int_eq(chmod(room_path("src/a"), 04711), 0);
	ck_assert_int_eq(save(repository, NULL, NULL, &told, &first), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_uint_eq(first.summary.files_new, 4);
	ck_assert_uint_eq(first.summary.data_blobs, 2);
	ck_assert_uint_eq(first.summary.total_bytes_processed, 5 + 5 + 6);
	ck_assert_int_eq(restore(repository, &first, "out", &told), 0);
	ck_assert_uint_eq(told.count, 0);
	text = room_read("out/d/b");
	ck_assert_str_eq(text, "second");
	ck_assert_int_eq(stat(room_path("src/a"), &before), 0);
	ck_assert_int_eq(stat(room_path("out/d/hard"), &after), 0);
	ck_assert_uint_eq(after.st_mode, before.st_mode);
	ck_assert_uint_eq(after.st_nlink, 2);
	ck_assert_int_eq(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	/* Unchanged: the same tree, nothing new. */
	ck_assert_int_eq(save(repository, NULL, &first, &told, &second), 0);
	ck_assert_int_eq(select_folder(repository, &first.tree, room_path("src"), &one, &err), 0);
	ck_assert_int_eq(select_folder(repository, &second.tree, room_path("src"), &two, &err), 0);
	ck_assert(id_equal(&one, &two));
	ck_assert_uint_eq(second.summary.files_unmodified, 4);
	ck_assert_uint_eq(second.summary.total_files_processed, 4);
	ck_assert_uint_eq(second.summary.total_bytes_processed, 5 + 5 + 6);
	ck_assert_uint_eq(second.summary.data_blobs, 0);
	/* One changed, one gone, one left out. */
	room_write("src/a", "changed");
	ck_assert_int_eq(unlink(room_path("src/empty")), 0);
	ck_assert_int_eq(save(repository, "b", &first, &told, &third), 0);
	ck_assert_uint_eq(third.summary.files_changed, 2); /* the other link lost one: its ctime */
	ck_assert_uint_eq(third.summary.files_unmodified, 0);
	ck_assert_uint_eq(third.summary.total_files_processed, 2);
	ck_assert_uint_eq(third.summary.data_blobs, 1);
	ck_assert_int_eq(restore(repository, &third, "out2", &told), 0);
	ck_assert(!room_exists("out2/d/b") && !room_exists("out2/empty"));
	ck_assert(room_exists("out2/d/hard"));
}
END_TEST

/* --- What the snapshot before may differ in --- */

static void other_size(struct node *node)
{
	node->size++;
}

static void other_inode(struct node *node)
{
	node->inode++;
}

static void other_modified(struct node *node)
{
	node->modified.seconds--;
}

static void other_modified_part(struct node *node)
{
	node->modified.nanoseconds ^= 1;
}

static void other_changed(struct node *node)
{
	node->changed.seconds--;
}

static void other_changed_part(struct node *node)
{
	node->changed.nanoseconds ^= 1;
}

static void other_type(struct node *node)
{
	node->type = NODE_FIFO;
	node->content_count = 0;
	node->content = NULL;
}

static const struct id lost = {{7}};

static void other_content(struct node *node)
{
	node->content = &lost;
}

static void other_rest(struct node *node)
{
	node->mode = 0111;
	node->uid++;
}

static const struct {
	void (*change)(struct node *node);
	uint64_t files_new, files_changed, files_unmodified;
} befores[] = {
	{NULL, 0, 0, 1}, {other_rest, 0, 0, 1}, /* the content is the same */
	{other_size, 0, 1, 0}, {other_inode, 0, 1, 0}, {other_modified, 0, 1, 0},
	{other_modified_part, 0, 1, 0}, {other_changed, 0, 1, 0}, {other_changed_part, 0, 1, 0},
	{other_type, 1, 0, 0}, {other_content, 0, 1, 0}, /* a blob that the repository lost */
};

/* A folder with one thing in it, stored; the folders above stand in path. */
static struct id store_tree(struct repository *repository, const struct node *node)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 20);
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(tree_begin(&text, &err), 0);
	ck_assert_int_eq(tree_add(&text, node, true, &err), 0);
	ck_assert_int_eq(tree_end(&text, &err), 0);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
				 text.data, text.size, &id, &added, &err),
		0);
	return id;
}

static struct node node_at(const char *path, const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return (struct node){
		.name = name,
		.type = node_type_of(st.st_mode),
		.mode = node_mode(st.st_mode),
		.modified = {st.st_mtim.tv_sec, (uint32_t)st.st_mtim.tv_nsec},
		.changed = {st.st_ctim.tv_sec, (uint32_t)st.st_ctim.tv_nsec},
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
	};
}

/* A file is read again when anything that tells of its content differs from the snapshot before,
 * and not otherwise: that one says "before", the file "really". */
START_TEST(read_again)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot parent = {0}, snapshot = {0};
	struct repository_added added;
	struct room_told told = {0};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	struct node node;
	struct id content;

	room_mkdir("src");
	room_write("src/a", "really");
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "before", 6, &content, &added, &err),
		0);
	node = node_at(room_path("src/a"), "a");
	node.content = &content;
	node.content_count = 1;
	if (befores[_i].change)
		befores[_i].change(&node);
	parent.tree = store_tree(repository, &node);
	for (int i = 0; i < 3; i++) { /* /tmp/FOLDER/src */
		node = i == 0   ? node_at(room_path("src"), "src")
		       : i == 1 ? node_at(room_folder, room_folder + strlen("/tmp/"))
				: node_at("/tmp", "tmp");
		node.subtree = parent.tree;
		node.has_subtree = true;
		parent.tree = store_tree(repository, &node);
	}
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(save(repository, NULL, &parent, &told, &snapshot), 0);
	ck_assert_msg(!told.count, "%s", told.last);
	ck_assert_uint_eq(snapshot.summary.files_new, befores[_i].files_new);
	ck_assert_uint_eq(snapshot.summary.files_changed, befores[_i].files_changed);
	ck_assert_uint_eq(snapshot.summary.files_unmodified, befores[_i].files_unmodified);
	ck_assert_uint_eq(snapshot.summary.total_bytes_processed, 6);
	ck_assert_int_eq(restore(repository, &snapshot, "out", &told), 0);
	text = room_read("out/a");
	ck_assert_str_eq(text, befores[_i].files_unmodified ? "before" : "really");
}
END_TEST

/* --- */

/* One file by its path, while the current folder has another one of that name, or none. */
START_TEST(one_file)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	cleanup_free char *text = NULL, *here = getcwd(NULL, 0);
	static const struct filter none;
	struct room_told told = {0};
	struct progress progress;
	const struct save_options options = {
		.paths = &paths, .excludes = &none, .progress = &progress};
	struct err err = ERR_INIT;
	int r;

	room_mkdir("src");
	room_mkdir("cwd");
	room_write("src/a", "named");
	if (_i)
		room_write("cwd/a", "another");
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src/a"), &err), 0);
	ck_assert_int_eq(chdir(room_path("cwd")), 0);
	r = save_run(repository, NULL, &options, &snapshot, &err);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(snapshot.summary.files_new, 1);
	ck_assert_int_eq(restore(repository, &snapshot, "out", &told), 0);
	text = room_read("out/a");
	ck_assert_pstr_eq(text, "named");
}
END_TEST

#define MANY 1000 /* more than there may be file systems */

/* As many paths as a list of files may have, all on one file system. */
START_TEST(many_paths)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	static const struct filter none;
	struct progress progress;
	const struct save_options options = {
		.paths = &paths, .excludes = &none, .one_file_system = true, .progress = &progress};
	struct err err = ERR_INIT;

	room_mkdir("src");
	for (unsigned i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "src/%u", i);
		room_write(name, name);
		ck_assert_int_eq(str_list_add(&paths, room_path(name), &err), 0);
	}
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), 0);
	ck_assert_uint_eq(snapshot.summary.files_new, MANY);
}
END_TEST

/* What is named through a link is there as if the link were a folder. */
START_TEST(through_a_link)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	static const struct filter none;
	struct progress progress;
	struct room_told told = {0};
	const struct save_options options = {
		.paths = &paths,
		.excludes = &none,
		.progress = &progress,
		.on_error = room_tell,
		.context = &told,
	};
	struct err err = ERR_INIT;
	struct id tree;

	room_mkdir("real");
	room_write("real/a", "a");
	ck_assert_int_eq(symlink("real", room_path("src")), 0);
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src/a"), &err), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), 0);
	ck_assert_msg(!told.count, "%s", told.last);
	ck_assert_uint_eq(snapshot.summary.files_new, 1);
	ck_assert_int_eq(
		select_folder(repository, &snapshot.tree, room_path("src"), &tree, &err), 0);
	/* And one that leads nowhere is told before anything is stored. */
	ck_assert_int_eq(unlink(room_path("src")), 0);
	ck_assert_int_eq(symlink("gone", room_path("src")), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), -ENOENT);
}
END_TEST

START_TEST(large_and_sparse)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot snapshot = {0};
	struct room_told told = {0};
	struct stat st;
	int fd;

	room_mkdir("src");
	fd = open(room_path("src/sparse"), O_WRONLY | O_CREAT, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 50 << 20), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, 20 << 20), 1);
	close(fd);
	ck_assert_int_eq(save(repository, NULL, NULL, &told, &snapshot), 0);
	ck_assert_uint_eq(snapshot.summary.total_bytes_processed, 50u << 20);
	ck_assert_uint_le(snapshot.summary.data_blobs, 4);
	ck_assert_int_eq(restore(repository, &snapshot, "out", &told), 0);
	ck_assert_uint_eq(told.count, 0);
	ck_assert_int_eq(stat(room_path("out/sparse"), &st), 0);
	ck_assert_int_eq(st.st_size, 50 << 20);
	ck_assert_int_lt(st.st_blocks, 100);
}
END_TEST

START_TEST(stopped)
{
	static const volatile bool stop = true;
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_str_list struct str_list paths = {0};
	cleanup_select struct select_list list = {0};
	static const struct filter none;
	struct progress progress;
	struct save_options options = {
		.paths = &paths, .excludes = &none, .stop = &stop, .progress = &progress};
	struct snapshot snapshot;
	struct err err = ERR_INIT;

	room_mkdir("src");
	room_write("src/a", "a");
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src"), &err), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), -ECANCELED);
	ck_assert_int_eq(select_load(repository, &list, &err), 0);
	ck_assert_uint_eq(list.count, 0);
	/* A path that is not there. */
	options.stop = NULL;
	ck_assert_int_eq(str_list_add(&paths, "/nowhere/at/all", &err), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("save");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_test(tcase, there_and_back);
	tcase_add_loop_test(tcase, read_again, 0, COUNT(befores));
	tcase_add_loop_test(tcase, one_file, 0, 2);
	tcase_add_test(tcase, many_paths);
	tcase_add_test(tcase, through_a_link);
	tcase_add_test(tcase, large_and_sparse);
	tcase_add_test(tcase, stopped);
	return unit_main("save", tcase);
}
