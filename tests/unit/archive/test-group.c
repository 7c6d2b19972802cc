#include "archive/group.h"

#include <errno.h>

#include "../unit.h"

static const struct {
	const char *text;
	int result;
	struct group_by by;
} words[] = {
	{"", 0, {0}},
	{"host", 0, {.host = true}},
	{"host,paths", 0, {.host = true, .paths = true}},
	{"tags,paths,host", 0, {true, true, true}},
	{"path,tag", 0, {.paths = true, .tags = true}},
	{"days", -EINVAL, {0}},
	{"host,x", -EINVAL, {0}},
};

START_TEST(parse)
{
	struct group_by by = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(group_by_parse(words[_i].text, &by, &err), words[_i].result);
	ck_assert_int_eq(by.host, words[_i].by.host);
	ck_assert_int_eq(by.paths, words[_i].by.paths);
	ck_assert_int_eq(by.tags, words[_i].by.tags);
}
END_TEST

static void fill(struct snapshot *snapshot, const char *host, const char *one, const char *two)
{
	struct err err = ERR_INIT;

	*snapshot = (struct snapshot){.hostname = strdup(host)};
	ck_assert_int_eq(str_list_add(&snapshot->paths, one, &err), 0);
	ck_assert_int_eq(str_list_add(&snapshot->paths, two, &err), 0);
}

START_TEST(same)
{
	static const struct group_by all = {true, true, true}, paths = {.paths = true}, none = {0};
	cleanup_snapshot struct snapshot a, b, c;
	struct err err = ERR_INIT;

	fill(&a, "h", "/a", "/b");
	fill(&b, "h", "/b", "/a");
	fill(&c, "i", "/a", "/c");
	ck_assert(group_same(&a, &b, &all)); /* in another order */
	ck_assert(!group_same(&a, &c, &all));
	ck_assert(!group_same(&a, &c, &paths));
	ck_assert(group_same(&a, &c, &none));
	ck_assert_int_eq(group_compare(&a, &c, &paths) < 0, group_compare(&c, &a, &paths) > 0);
	ck_assert_int_eq(str_list_add(&b.tags, "t", &err), 0);
	ck_assert(!group_same(&a, &b, &all));
	ck_assert(group_same(&a, &b, &paths));
	ck_assert(group_holds(&a, "h", &b.paths, &a.tags, &all));
	ck_assert(!group_holds(&a, NULL, &b.paths, &a.tags, &all));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("group");

	tcase_add_loop_test(tcase, parse, 0, COUNT(words));
	tcase_add_test(tcase, same);
	return unit_main("group", tcase);
}
