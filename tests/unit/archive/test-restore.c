#include "archive/restore/restore.h"

#include <errno.h>

#include "../unit.h"
#include "nodes.h"
#include "repo/tree.h"
#include "room.h"

/* Stores a tree of the given nodes. */
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

static struct restore_counts counts;

static int restore_as(struct repository *repository, const struct id *tree,
	const struct restore_options *how, struct room_told *told)
{
	static const struct filter none;
	struct progress progress;
	struct restore_options options = *how;
	struct err err = ERR_INIT;

	options.target = room_path("out");
	options.includes = options.includes ? options.includes : &none;
	options.excludes = &none;
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

int main(void)
{
	TCase *tcase = tcase_create("restore");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, names_that_lead_out, 0, COUNT(bad_names));
	tcase_add_test(tcase, links_in_the_way);
	tcase_add_test(tcase, links_in_the_target);
	tcase_add_test(tcase, damage);
	tcase_add_test(tcase, a_folder_is_never_replaced);
	tcase_add_test(tcase, existing_files);
	tcase_add_test(tcase, names_outside);
	tcase_add_test(tcase, deleting);
	return unit_main("restore", tcase);
}
