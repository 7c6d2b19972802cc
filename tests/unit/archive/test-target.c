#include "archive/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"

static const struct {
	const char *path, *base, *clean;
} paths[] = {
	{"/a//b/./c/", NULL, "/a/b/c"},
	{"/a/../b", NULL, "/b"},
	{"/../..", NULL, "/"},
	{"/../../a", NULL, "/a"},
	{"a/../..", NULL, ".."},
	{"../../a/../b", NULL, "../../b"},
	{".", NULL, "."},
	{"a", "/home", "/home/a"},
	{"../a", "/home/u", "/home/a"},
	{"/abs", "/home", "/abs"},
	{".", "/home", "/home"},
	{"..a/.b", NULL, "..a/.b"},
};

START_TEST(clean)
{
	cleanup_free char *text = target_clean_path(paths[_i].path, paths[_i].base);

	ck_assert_str_eq(text, paths[_i].clean);
}
END_TEST

static const struct target *child(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->count; i++)
		if (strcmp(target->children[i]->name, name) == 0)
			return target->children[i];
	ck_abort_msg("no child %s", name);
}

START_TEST(tree)
{
	static char *const given[] = {"/b/x", "/a", "/b/c/y", "/a/deeper", "rel/z", "../up"};
	cleanup_target struct target *root = NULL;
	const struct target *b;
	struct err err = ERR_INIT;

	ck_assert_int_eq(target_new(given, 6, &root, &err), 0);
	ck_assert_uint_eq(root->count, 4);
	ck_assert_str_eq(root->children[0]->name, "a"); /* sorted */
	ck_assert(child(root, "a")->leaf && child(root, "a")->explicit_leaf);
	ck_assert_uint_eq(child(root, "a")->count, 0); /* what is below it adds nothing */
	b = child(root, "b");
	ck_assert(!b->leaf);
	ck_assert_str_eq(b->path, "/b");
	ck_assert_str_eq(child(child(b, "c"), "y")->path, "/b/c/y");
	ck_assert_str_eq(child(child(root, "rel"), "z")->path, "rel/z");
	ck_assert_str_eq(child(root, "up")->path, "../up");
	ck_assert_int_eq(child(root, "up")->absolute[0], '/');
}
END_TEST

START_TEST(swallow)
{
	static char *const given[] = {"/a/b/c", "/a/b", "/a/b/d"};
	cleanup_target struct target *root = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(target_new(given, 3, &root, &err), 0);
	ck_assert(child(child(root, "a"), "b")->leaf);
	ck_assert_uint_eq(child(child(root, "a"), "b")->count, 0);
}
END_TEST

START_TEST(collide)
{
	static char *const given[] = {"/a/b", "a/b"};
	cleanup_target struct target *root = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(target_new(given, 2, &root, &err), -EINVAL);
	ck_assert_ptr_null(root);
}
END_TEST

/* "." and ".." are what is in them: excludes apply to that. */
START_TEST(entries)
{
	char folder[] = "/tmp/nexus-test-target-XXXXXX";
	static char *const given[][1] = {{"."}, {".."}};
	cleanup_target struct target *root = NULL;
	cleanup_free char *here = getcwd(NULL, 0);
	struct err err = ERR_INIT;
	int r;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	for (const char *const *name = (const char *const[]){"b", "a", ".c", NULL}; *name; name++)
		ck_assert_int_eq(mkdir(*name, 0700), 0);
	if (_i)
		ck_assert_int_eq(chdir("a"), 0);
	r = target_new(given[_i], 1, &root, &err);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(rmdir("a") + rmdir("b") + rmdir(".c"), 0);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(root->count, 3);
	ck_assert_str_eq(root->children[0]->name, ".c");
	ck_assert_str_eq(root->children[1]->name, "a");
	ck_assert_str_eq(root->children[1]->path, _i ? "../a" : "a");
	ck_assert(root->children[1]->leaf && !root->children[1]->explicit_leaf);
}
END_TEST

START_TEST(refuse)
{
	cleanup_free char *longest = calloc(1, 65538);
	char *const empty[] = {"/a", ""}, *const too_long[] = {longest};
	struct target *root = NULL;
	struct err err = ERR_INIT;

	memset(longest, 'a', 65537);
	ck_assert_int_eq(target_new(empty, 2, &root, &err), -EINVAL);
	ck_assert_int_eq(target_new(too_long, 1, &root, &err), -EINVAL);
	ck_assert_ptr_null(root);
	longest[65536] = '\0';
	ck_assert_int_eq(target_new(too_long, 1, &root, &err), 0);
	target_free(root);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("target");

	tcase_add_loop_test(tcase, clean, 0, COUNT(paths));
	tcase_add_test(tcase, tree);
	tcase_add_test(tcase, swallow);
	tcase_add_test(tcase, collide);
	tcase_add_loop_test(tcase, entries, 0, 2);
	tcase_add_test(tcase, refuse);
	return unit_main("target", tcase);
}
