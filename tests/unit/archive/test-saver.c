#include "archive/saver.h"

#include <sys/xattr.h>

#include "../unit.h"
#include "archive/save.h"
#include "archive/select.h"
#include "room.h"

/* A backup that has a parent must give the very tree that one without gives: whatever was taken
 * over, to the byte what would have been written anew. */

static void save(struct repository *repository, const char *const *paths, const char *exclude,
	const struct snapshot *parent, struct snapshot *ret)
{
	cleanup_str_list struct str_list list = {0};
	cleanup_filter struct filter excludes = {0};
	struct room_told told = {0};
	struct progress progress;
	struct err err = ERR_INIT;
	const struct save_options options = {
		.paths = &list,
		.excludes = &excludes,
		.hostname = "box",
		.parent = parent,
		.cuts = {.page = CUTTER_PAGE_MIN},
		.progress = &progress,
		.on_error = room_tell,
		.context = &told,
	};

	progress_start(&progress, &clock_system);
	for (; *paths; paths++)
		ck_assert_int_eq(str_list_add(&list, *paths, &err), 0);
	if (exclude)
		ck_assert_int_eq(filter_add(&excludes, exclude, &err), 0);
	ck_assert_msg(save_run(repository, NULL, &options, ret, &err) == 0, "%s", err.text);
	ck_assert_msg(!told.count, "%s", told.last);
}

/* /tmp, which stands above, changes all the time. */
static struct id tree_of(struct repository *repository, const struct snapshot *snapshot)
{
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(select_folder(repository, &snapshot->tree, room_folder, &id, &err), 0);
	return id;
}

static bool same_trees(
	struct repository *repository, const struct snapshot *a, const struct snapshot *b)
{
	const struct id x = tree_of(repository, a), y = tree_of(repository, b);

	return id_equal(&x, &y);
}

static uint64_t state;

static unsigned draw(unsigned limit)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33) % limit;
}

/* One of a few folders, which may be missing. */
static const char *draw_folder(void)
{
	static const char *const folders[] = {"src", "src/d", "src/d/e", "src/z"};

	return folders[draw(COUNT(folders))];
}

static const char *draw_path(char ret[static 64])
{
	static const char *const names[] = {
		"a", "b", "c\"d", "\xff", "\xc3\xa9", "tab\t", "x&y", "zz"};

	snprintf(ret, 64, "%s/%s", draw_folder(), names[draw(COUNT(names))]);
	return room_path(ret);
}

static void write_file(const char *path)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0644);

	for (unsigned i = draw(4); fd >= 0 && i; i--)
		dprintf(fd, "%u", draw(50));
}

/* Failures are fine: then something else happens to the folder. */
static void mutate(void)
{
	char one[64], two[64];
	const char *path = draw_path(one), *other = draw_path(two);
	int r = 0;

	switch (draw(13)) {
	case 0:
	case 1:
	case 2:
		write_file(path);
		break;
	case 3:
		r = unlink(path);
		break;
	case 4:
		r = chmod(path, 0600 + draw(0200));
		break;
	case 5:
		r = rename(path, other);
		break;
	case 6:
		r = link(path, other);
		break;
	case 7:
		r = symlink("to \"somewhere\"", path);
		break;
	case 8:
		r = mkfifo(path, 0600);
		break;
	case 9:
		r = mkdir(room_path(draw_folder()), 0700 + draw(0100));
		break;
	case 10:
		r = lsetxattr(path, "user.one", "value", draw(6), 0);
		break;
	case 11:
		r = lremovexattr(path, "user.one");
		break;
	case 12:
		r = utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
		break;
	}
	(void)r;
}

START_TEST(tree_is_the_same)
{
	cleanup_free char *source = strdup(room_path("src"));
	const char *const paths[] = {source, NULL};
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct snapshot parent = {0};

	state = (uint64_t)_i;
	room_mkdir("src");
	for (int round = 0; round < 60; round++) {
		const char *exclude = draw(4) ? NULL : "b";
		cleanup_snapshot struct snapshot anew = {0}, once = {0};
		struct snapshot again = {0};

		for (unsigned i = round ? draw(4) : 40; i; i--)
			mutate();
		save(repository, paths, exclude, round ? &parent : NULL, &again);
		save(repository, paths, exclude, NULL, &anew);
		ck_assert(same_trees(repository, &again, &anew));
		ck_assert_uint_eq(
			again.summary.total_bytes_processed, anew.summary.total_bytes_processed);
		ck_assert_uint_eq(again.summary.total_files_processed, anew.summary.files_new);
		/* And once more, now that nothing changed at all. */
		save(repository, paths, exclude, &again, &once);
		ck_assert(same_trees(repository, &once, &anew));
		ck_assert_uint_eq(once.summary.files_unmodified, anew.summary.files_new);
		ck_assert_uint_eq(once.summary.dirs_unmodified, anew.summary.dirs_new);
		ck_assert_uint_le(once.summary.tree_blobs, 1); /* the root */
		snapshot_done(&parent);
		parent = again;
	}
	snapshot_done(&parent);
}
END_TEST

/* A tree that is longer than what is held of its text. */
START_TEST(many_files)
{
	cleanup_free char *source = strdup(room_path("src"));
	const char *const paths[] = {source, NULL};
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot first = {0}, same = {0}, other = {0}, anew = {0};

	room_mkdir("src");
	for (int i = 0; i < 5000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "src/%04d-%040d", i, i);
		write_file(room_path(name));
	}
	save(repository, paths, NULL, NULL, &first);
	save(repository, paths, NULL, &first, &same);
	ck_assert(same_trees(repository, &same, &first));
	ck_assert_uint_eq(same.summary.files_unmodified, 5000);
	room_write("src/2500-", "new");
	save(repository, paths, NULL, &first, &other);
	save(repository, paths, NULL, NULL, &anew);
	ck_assert(same_trees(repository, &other, &anew));
	ck_assert_uint_eq(other.summary.files_unmodified, 5000);
	ck_assert_uint_eq(other.summary.files_new, 1);
}
END_TEST

/* Copies trees, without any content, from one repository to another. */
static void copy_trees(struct repository *from, struct repository *to, const struct id *tree)
{
	cleanup_buf struct buf text = BUF_INIT(1 << 20);
	cleanup_tree_reader struct tree_reader reader = {0};
	struct repository_added added;
	struct err err = ERR_INIT;
	struct node node;
	struct id id;

	ck_assert_int_eq(
		repository_load_blob(from, repository_codec(from), BLOB_TREE, tree, &text, &err),
		0);
	ck_assert_int_eq(repository_save_blob(to, repository_codec(to), BLOB_TREE, text.data,
				 text.size, &id, &added, &err),
		0);
	ck_assert_int_eq(tree_reader_init(&reader, text.data, text.size, &err), 0);
	while (tree_reader_next(&reader, &node, &err) == 1)
		if (node.has_subtree)
			copy_trees(from, to, &node.subtree);
}

/* Nothing changed, but the repository lost what is in the file. */
START_TEST(lost_content)
{
	cleanup_free char *source = strdup(room_path("src"));
	const char *const paths[] = {source, NULL};
	struct store *store, *other_store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_repository struct repository *other = room_repository(&other_store);
	cleanup_snapshot struct snapshot parent = {0}, snapshot = {0};
	struct err err = ERR_INIT;

	room_mkdir("src");
	room_write("src/a", "content");
	save(repository, paths, NULL, NULL, &parent);
	copy_trees(repository, other, &parent.tree);
	ck_assert_int_eq(repository_flush(other, repository_codec(other), &err), 0);
	save(other, paths, NULL, &parent, &snapshot);
	ck_assert(same_trees(other, &snapshot, &parent));
	ck_assert_uint_eq(snapshot.summary.files_changed, 1);
	ck_assert_uint_eq(snapshot.summary.data_blobs, 1);
}
END_TEST

/* A disk image of little content and many pages. */
static void write_image(const char *name, off_t size, unsigned number)
{
	int fd = open(room_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(pwrite(fd, "LUKS\xba\xbe\0\2", 8, 0), 8);
	ck_assert_int_eq(pwrite(fd, &number, sizeof(number), size - 70000), sizeof(number));
	close(fd);
}

/* Lists of ids that are put aside come back as they were: the first is as many as a folder may
 * hold, the others come behind it; then all of them from the parent. Without a folder for them
 * they stay in memory. */
START_TEST(long_lists)
{
	cleanup_free char *source = strdup(room_path("src"));
	const char *const paths[] = {source, NULL};
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot in_memory = {0}, aside = {0}, again = {0};

	room_mkdir("src");
	write_image("src/a", (off_t)16384 * CUTTER_PAGE_MIN, 1);
	write_image("src/b", 3 << 20, 2);
	write_image("src/c", 2 << 20, 3);
	room_write("src/d", "short");
	ck_assert_int_eq(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	save(repository, paths, NULL, NULL, &in_memory);
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
	save(repository, paths, NULL, NULL, &aside);
	ck_assert(same_trees(repository, &aside, &in_memory));
	room_write("src/d", "changed");
	save(repository, paths, NULL, &aside, &again);
	ck_assert_uint_eq(again.summary.files_unmodified, 3);
	ck_assert_int_eq(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
	snapshot_done(&in_memory);
	save(repository, paths, NULL, &aside, &in_memory);
	ck_assert_int_eq(unsetenv("TMPDIR"), 0);
	ck_assert(same_trees(repository, &again, &in_memory));
	ck_assert(!same_trees(repository, &again, &aside));
}
END_TEST

/* Paths lead from the current folder, before the walk, in it and after it. */
START_TEST(current_folder)
{
	static const char *const paths[] = {"one", "two/a", "three", NULL};
	cleanup_free char *here = getcwd(NULL, 0), *after = NULL;
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_snapshot struct snapshot snapshot = {0};

	room_mkdir("src");
	room_mkdir("src/one");
	room_mkdir("src/one/two");
	room_write("src/one/two/a", "not this one");
	room_mkdir("src/two");
	room_write("src/two/a", "two");
	room_write("src/three", "three");
	ck_assert_int_eq(chdir(room_path("src")), 0);
	save(repository, paths, NULL, NULL, &snapshot);
	after = getcwd(NULL, 0);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_pstr_eq(after, room_path("src"));
	ck_assert_uint_eq(snapshot.summary.files_new, 3);
	ck_assert_uint_eq(snapshot.summary.total_bytes_processed, 12 + 3 + 5);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("saver");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, tree_is_the_same, 0, 8);
	tcase_add_test(tcase, many_files);
	tcase_add_test(tcase, lost_content);
	tcase_add_test(tcase, long_lists);
	tcase_add_test(tcase, current_folder);
	return unit_main("saver", tcase);
}
