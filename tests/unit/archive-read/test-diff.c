#include "archive/read/diff.h"

#include <errno.h>

#include "../archive/nodes.h"
#include "../unit.h"

static char told[1024];

static void change(void *context, const char *marks, const char *path)
{
	size_t used = strlen(told);

	(void)context;
	snprintf(told + used, sizeof(told) - used, "%s%s ", marks, path);
}

/* Each kind of change once, and each blob counted on the one side that it is on. */
START_TEST(changes)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct id one = store_data(repository, "one1"), two = store_data(repository, "two2");
	struct id gone = store_data(repository, "gone"), below = store_data(repository, "same");
	struct node old_nodes[6], new_nodes[6], inner = file_node("in", &below);
	struct diff_options options = {.change = change};
	struct diff_stats stats = {0};
	struct err err = ERR_INIT;
	struct id a, b, same = store_tree(repository, &inner, 1), other;

	inner = file_node("in", &gone);
	other = store_tree(repository, &inner, 1);
	old_nodes[0] = file_node("bitrot", &one);
	old_nodes[1] = file_node("changed", &one);
	old_nodes[2] = dir_node("gone", other);
	old_nodes[3] = file_node("meta", &one);
	old_nodes[4] = dir_node("same", same);
	old_nodes[5] = file_node("type", &one);
	memcpy(new_nodes, old_nodes, sizeof(new_nodes));
	new_nodes[0].content = &two;
	new_nodes[1].content = &below; /* not new: below "same" it was there before */
	new_nodes[1].modified.seconds = 9;
	new_nodes[2] = file_node("fresh", &two);
	new_nodes[3].mode = 0640;
	new_nodes[5] = dir_node("type", same);
	a = store_tree(repository, old_nodes, 6);
	b = store_tree(repository, new_nodes, 6);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(diff_run(repository, &a, &b, &options, &stats, &err), 0);
	ck_assert_str_eq(told, "M?/bitrot M/changed +/fresh -/gone/ -/gone/in T/type/ ");
	ck_assert_uint_eq(stats.changed_files, 2);
	ck_assert_uint_eq(stats.added.files, 1);
	ck_assert_uint_eq(stats.added.data_blobs, 1); /* two */
	ck_assert_uint_eq(stats.added.tree_blobs, 1); /* the root */
	ck_assert_uint_eq(stats.removed.files, 1);
	ck_assert_uint_eq(stats.removed.dirs, 1);
	ck_assert_uint_eq(stats.removed.data_blobs, 1); /* gone */
	ck_assert_uint_eq(stats.removed.tree_blobs, 2);
	options.metadata = true;
	told[0] = '\0';
	ck_assert_int_eq(diff_run(repository, &a, &b, &options, &stats, &err), 0);
	ck_assert_str_eq(told, "M?/bitrot M/changed +/fresh -/gone/ -/gone/in U/meta TU/type/ ");
	told[0] = '\0';
	ck_assert_int_eq(diff_run(repository, &a, &a, &options, &stats, &err), 0);
	ck_assert_str_eq(told, "");
	ck_assert_uint_eq(stats.added.bytes + stats.removed.bytes, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("diff");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, changes);
	return unit_main("diff", tcase);
}
