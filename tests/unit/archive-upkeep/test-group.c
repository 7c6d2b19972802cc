#include "archive/upkeep/group.h"

#include <errno.h>

#include "../unit.h"

static const struct {
	const char *text;
	int result;
	unsigned by;
} texts[] = {
	{"host,paths", 0, GROUP_BY_HOST | GROUP_BY_PATHS},
	{"", 0, 0},
	{"tags", 0, GROUP_BY_TAGS},
	{"paths,tags,host", 0, GROUP_BY_HOST | GROUP_BY_PATHS | GROUP_BY_TAGS},
	{"user", -EINVAL, 0},
	{"host;paths", -EINVAL, 0},
};

START_TEST(parse)
{
	struct err err = ERR_INIT;
	unsigned by = 0;

	ck_assert_int_eq(group_by_parse(texts[_i].text, &by, &err), texts[_i].result);
	ck_assert_uint_eq(by, texts[_i].by);
}
END_TEST

/* Host a with the paths x and y in both orders, host b, and a path that runs two together. */
static void fill(struct snapshot *snapshots)
{
	static const char *const paths[][2] = {{"x", "y"}, {"y", "x"}, {"x", "y"}, {"xy", NULL}};
	static char a[] = "a", b[] = "b";
	struct err err = ERR_INIT;

	for (int i = 0; i < 4; i++) {
		snapshots[i] = (struct snapshot){.time = {i, 0}, .hostname = i == 2 ? b : a};
		for (int k = 0; k < 2 && paths[i][k]; k++)
			ck_assert_int_eq(str_list_add(&snapshots[i].paths, paths[i][k], &err), 0);
	}
}

static const struct {
	unsigned by;
	size_t count, first; /* groups, and members of the first */
} splits[] = {
	{0, 1, 4},
	{GROUP_BY_HOST, 2, 3},
	{GROUP_BY_PATHS, 2, 3},
	{GROUP_BY_HOST | GROUP_BY_PATHS, 3, 2},
	{GROUP_BY_TAGS, 1, 4},
};

START_TEST(split)
{
	cleanup_group_list struct group_list groups = {0};
	struct snapshot snapshots[4];
	const struct snapshot *list[4];
	struct err err = ERR_INIT;

	fill(snapshots);
	for (int i = 0; i < 4; i++)
		list[i] = &snapshots[i];
	ck_assert_int_eq(group_split(list, 4, splits[_i].by, &groups, &err), 0);
	ck_assert_uint_eq(groups.count, splits[_i].count);
	ck_assert_uint_eq(groups.groups[0].count, splits[_i].first);
	for (size_t i = 1; i < groups.groups[0].count; i++)
		ck_assert_int_gt(groups.groups[0].items[i - 1]->time.seconds,
			groups.groups[0].items[i]->time.seconds);
	for (int i = 0; i < 4; i++)
		str_list_done(&snapshots[i].paths);
}
END_TEST

/* Where the paths end and the tags begin is a difference, and of the same time the lower id is
 * first, so that the order is always the same. */
START_TEST(ends_and_ties)
{
	static char a[] = "a", b[] = "b";
	static char *both[] = {a, b};
	cleanup_group_list struct group_list apart = {0}, together = {0};
	const struct snapshot snapshots[] = {
		{.id = {{2}}, .paths = {.items = both, .count = 2}},
		{.id = {{1}},
			.paths = {.items = both, .count = 1},
			.tags = {.items = both + 1, .count = 1}},
	};
	const struct snapshot *list[] = {&snapshots[0], &snapshots[1]};
	struct err err = ERR_INIT;

	ck_assert_int_eq(group_split(list, 2, GROUP_BY_PATHS | GROUP_BY_TAGS, &apart, &err), 0);
	ck_assert_uint_eq(apart.count, 2);
	ck_assert_int_eq(group_split(list, 2, 0, &together, &err), 0);
	ck_assert_uint_eq(together.count, 1);
	ck_assert_ptr_eq(together.groups[0].items[0], &snapshots[1]);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("group");

	tcase_add_loop_test(tcase, parse, 0, COUNT(texts));
	tcase_add_loop_test(tcase, split, 0, COUNT(splits));
	tcase_add_test(tcase, ends_and_ties);
	return unit_main("group", tcase);
}
