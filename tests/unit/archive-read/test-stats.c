#include "archive/read/stats.h"

#include <errno.h>

#include "../archive/nodes.h"
#include "../unit.h"

static const struct {
	const char *word;
	int result;
	enum stats_mode mode;
	uint64_t bytes, files, blobs;
} cases[] = {
	{"restore-size", 0, STATS_RESTORE_SIZE, 4 * 3, 5, 0}, /* two names of one, twice a copy */
	{"files-by-contents", 0, STATS_FILES_BY_CONTENTS, 8, 3, 0}, /* the folder is "no content" */
	{"blobs-per-file", 0, STATS_BLOBS_PER_FILE, 8, 2, 2},
	{"raw-data", 0, STATS_RAW_DATA, 0, 0, 4},
	{"all", -EINVAL, STATS_RESTORE_SIZE, 0, 0, 0},
};

START_TEST(modes)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id one = store_data(repository, "one1"), two = store_data(repository, "two2"), tree;
	const struct node inner = file_node("copy", &one);
	struct node nodes[4];
	cleanup_stats struct stats stats = {0};
	enum stats_mode mode = STATS_RESTORE_SIZE;
	struct err err = ERR_INIT;

	ck_assert_int_eq(stats_mode_parse(cases[_i].word, &mode, &err), cases[_i].result);
	if (cases[_i].result)
		return;
	nodes[0] = dir_node("d", store_tree(repository, &inner, 1));
	nodes[1] = file_node("e", &one);
	nodes[2] = file_node("link1", &two);
	nodes[3] = file_node("link2", &two);
	nodes[2].links = nodes[3].links = 2;
	nodes[2].inode = nodes[3].inode = 8;
	tree = store_tree(repository, nodes, 4);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(stats_init(&stats, repository, mode, &err), 0);
	ck_assert_int_eq(stats_add(&stats, &tree, &err), 0);
	stats_finish(&stats);
	ck_assert_uint_eq(stats.files, cases[_i].files);
	ck_assert_uint_eq(stats.blobs, cases[_i].blobs);
	if (mode != STATS_RAW_DATA)
		ck_assert_uint_eq(stats.bytes, cases[_i].bytes);
	else
		ck_assert_uint_gt(stats.plain_bytes, 8);
	ck_assert_uint_eq(stats.snapshots, 1);
}
END_TEST

/* The same folder several times, in one snapshot and in another: as if each were gone through. */
START_TEST(shared_folders)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id one = store_data(repository, "one1"), tree;
	struct node nodes[2] = {file_node("a", &one), file_node("b", &one)};
	cleanup_stats struct stats stats = {0};
	struct err err = ERR_INIT;

	nodes[1].links = 2;
	nodes[1].inode = 8;
	tree = store_tree(repository, nodes, 2);
	for (unsigned i = 0; i < 40; i++) {
		nodes[0] = dir_node("a", tree);
		nodes[1] = dir_node("b", tree);
		tree = store_tree(repository, nodes, 2);
	}
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(stats_init(&stats, repository, STATS_RESTORE_SIZE, &err), 0);
	for (unsigned i = 1; i <= 3; i++) {
		ck_assert_int_eq(stats_add(&stats, &tree, &err), 0);
		/* Twice 2^40 files, and the folders above them: 2 + 4 + ... + 2^40. */
		ck_assert_uint_eq(stats.files, i * ((2ull << 40) + (2ull << 40) - 2));
		/* A single one everywhere, and once for each snapshot the linked one. */
		ck_assert_uint_eq(stats.bytes, i * ((4ull << 40) + 4));
	}
}
END_TEST

/* A folder whose linked file is only known from another place of the same snapshot: in a snapshot
 * without that place the file counts. */
START_TEST(links_below_what_is_known)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id one = store_data(repository, "one1"), inner, outer, both, alone;
	struct node file = file_node("a", &one), nodes[2];
	cleanup_stats struct stats stats = {0};
	struct err err = ERR_INIT;

	file.links = 2;
	file.inode = 8;
	inner = store_tree(repository, &file, 1);
	nodes[0] = dir_node("x", inner);
	outer = store_tree(repository, nodes, 1);
	nodes[0] = dir_node("a", inner);
	nodes[1] = dir_node("b", outer);
	both = store_tree(repository, nodes, 2);
	alone = store_tree(repository, nodes + 1, 1);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(stats_init(&stats, repository, STATS_RESTORE_SIZE, &err), 0);
	ck_assert_int_eq(stats_add(&stats, &both, &err), 0);
	ck_assert_uint_eq(stats.bytes, 4);
	ck_assert_int_eq(stats_add(&stats, &alone, &err), 0);
	ck_assert_uint_eq(stats.bytes, 8);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("stats");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, modes, 0, COUNT(cases));
	tcase_add_test(tcase, shared_folders);
	tcase_add_test(tcase, links_below_what_is_known);
	return unit_main("stats", tcase);
}
