#include "archive/filter.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "../unit.h"

/* Patterns, a path, whether it matches, whether something below could. */
static const struct {
	const char *patterns[3];
	const char *path;
	bool match, below;
} cases[] = {
	{{"*.tmp"}, "/a/b.tmp", true, true},
	{{"*.tmp"}, "/a/b.tmp/c", true, true}, /* a folder above matches */
	{{"*.tmp"}, "/a/b.txt", false, true},
	{{"/a/b"}, "/a/b", true, true},
	{{"/a/b"}, "/a/b/c", true, true},
	{{"/a/b"}, "/x/a/b", false, false},
	{{"a/b"}, "/x/a/b/c", true, true},
	{{"b/c"}, "/a/b", false, true}, /* c may come */
	{{"/a/b/c"}, "/a", false, true},
	{{"/a/b/c"}, "/a/x", false, false},
	{{"/home/*/cache"}, "/home/u/cache", true, true},
	{{"/home/*/cache"}, "/home/u/v/cache", false, false},
	{{"/a/**/z"}, "/a/z", true, true},
	{{"/a/**/z"}, "/a/b/c/z", true, true},
	{{"/a/**/z"}, "/a/b/c", false, true},
	{{"[ab]?"}, "/ax", true, true},
	{{"*"}, "/.hidden", true, true},
	{{"*.txt", "!keep.txt"}, "/a/keep.txt", false, true},
	{{"*.txt", "!keep.txt"}, "/a/other.txt", true, true},
	{{"!keep.txt", "*.txt"}, "/a/keep.txt", true, true}, /* the last one decides */
	{{NULL}, "/a", false, false},
};

START_TEST(match)
{
	cleanup_filter struct filter filter = {0};
	struct err err = ERR_INIT;
	bool below;

	for (int i = 0; cases[_i].patterns[i]; i++)
		ck_assert_int_eq(filter_add(&filter, cases[_i].patterns[i], &err), 0);
	ck_assert_int_eq(filter_match(&filter, cases[_i].path, &below), cases[_i].match);
	ck_assert_int_eq(below, cases[_i].below);
}
END_TEST

START_TEST(file)
{
	static const char text[] = "# a comment\n\n  *.tmp  "
				   "\n/var/cache\n$NEXUS_TEST/${NEXUS_TEST}x$$\n$NOT_SET_AT_ALL\n";
	cleanup_filter struct filter filter = {0};
	char path[] = "/tmp/nexus-test-filter-XXXXXX";
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
	ck_assert_int_eq(setenv("NEXUS_TEST", "v", 1), 0);
	ck_assert_int_eq(filter_add_file(&filter, path, false, &err), 0);
	ck_assert_int_eq(filter_add_file(&filter, path, true, &err), 0);
	unlink(path);
	ck_assert_uint_eq(filter.patterns.count, 3);
	ck_assert_uint_eq(filter.folded.count, 3);
	ck_assert_str_eq(filter.patterns.items[2], "v/vx$");
	ck_assert(filter_match(&filter, "/x.TMP", NULL));
	ck_assert(filter_match(&filter, "/x.tmp", NULL));
	ck_assert_int_eq(filter_add_file(&filter, path, false, &err), -ENOENT);
	ck_assert_int_eq(filter_add(&filter, "", &err), -EINVAL);
	ck_assert_int_eq(filter_add(&filter, "!", &err), -EINVAL);
}
END_TEST

/* Each as restic 0.19.1 takes or refuses it. */
START_TEST(broken_patterns)
{
	static const char *const broken[] = {"[", "a\\", "[]", "[]a]", "[a-]", "[-a]", "[^]",
		"a/[b/c]", "a\\/b", "[a", "![", "[--a]", "[a--]", "[^-a]", "[a\\"};
	static const char *const whole[] = {
		"[z-a]", "[^a]", "x[a-b]y", "[\\]]", "[a-\\]]", "[!-a]", "a\\b", "]", "[a]]"};
	cleanup_filter struct filter filter = {0};
	struct err err;

	for (size_t i = 0; i < COUNT(broken); i++)
		ck_assert_msg(filter_add(&filter, broken[i], &err) == -EINVAL, "%s", broken[i]);
	for (size_t i = 0; i < COUNT(whole); i++)
		ck_assert_msg(filter_add(&filter, whole[i], &err) == 0, "%s", whole[i]);
	ck_assert_uint_eq(filter.patterns.count, COUNT(whole));
}
END_TEST

/* Great and small letters, also beyond ASCII, whatever the locale; broken bytes stay. */
START_TEST(folded)
{
	cleanup_filter struct filter filter = {0};
	struct err err = ERR_INIT;
	bool below;

	ck_assert(filter_is_empty(&filter));
	ck_assert_int_eq(filter_add_folded(&filter, "/Gro\xc3\x9f/\xc3\x84*", &err), 0);
	ck_assert_int_eq(filter_add_folded(&filter, "X\xff", &err), 0);
	ck_assert(!filter_is_empty(&filter));
	ck_assert(filter_match(&filter, "/GRO\xc3\x9f/\xc3\xa4hre", NULL));
	ck_assert(filter_match(&filter, "/a/x\xff", NULL));
	ck_assert(!filter_match(&filter, "/a/x\xfe", NULL));
	ck_assert(!filter_match(&filter, "/groX/\xc3\xa4", NULL));
	ck_assert(!filter_match(&filter, "/gro\xc3\x9f", &below) && below);
}
END_TEST

/* The way to what one pattern chooses is open, whatever the next one says of it. */
START_TEST(way_of_several)
{
	cleanup_filter struct filter filter = {0};
	struct err err = ERR_INIT;
	bool below;

	ck_assert_int_eq(filter_add(&filter, "/a/b/c", &err), 0);
	ck_assert_int_eq(filter_add(&filter, "/x", &err), 0);
	ck_assert(!filter_match(&filter, "/a", &below));
	ck_assert(below);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("filter");

	tcase_add_loop_test(tcase, match, 0, COUNT(cases));
	tcase_add_test(tcase, file);
	tcase_add_test(tcase, folded);
	tcase_add_test(tcase, broken_patterns);
	tcase_add_test(tcase, way_of_several);
	return unit_main("filter", tcase);
}
