#include "store/front/cache_folders.h"

#include "../check_dir.h"

/* Names of caches, by when they were used. */
static const char *const ids[] = {
	"1111111111111111111111111111111111111111111111111111111111111111",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"2222222222222222222222222222222222222222222222222222222222222222",
};

static void use(const char *name, int64_t at_s)
{
	const struct timespec times[2] = {{.tv_sec = at_s}, {.tv_sec = at_s}};

	ck_assert_int_eq(utimensat(check_dir_fd, name, times, 0), 0);
}

/* Three caches, used 1000, 2000 and 3000 s after 1970, and what is none. */
static void make(void)
{
	for (int i = 0; i < COUNT(ids); i++) {
		cleanup_free char *index = str_printf("%s/index/file", ids[i]);
		cleanup_free char *pack = str_printf("%s/data/ab/file", ids[i]);

		check_dir_put(index, "12345");
		check_dir_put(pack, "1234567890");
		use(ids[i], 1000 * (i + 1));
	}
	check_dir_put("CACHEDIR.TAG", "x");
	check_dir_put("other/file", "x");
	check_dir_put("3333333333333333333333333333333333333333333333333333333333333333", "x");
	ck_assert_int_eq(
		symlinkat("other", check_dir_fd,
			"4444444444444444444444444444444444444444444444444444444444444444"),
		0);
	use("other", 1);
}

START_TEST(reads)
{
	cleanup_cache_folders struct cache_folders folders = {0};
	bool with_size = _i;
	struct err err = ERR_INIT;

	make();
	ck_assert_int_eq(cache_folders_read(check_dir, with_size, &folders, &err), 0);
	ck_assert_uint_eq(folders.count, COUNT(ids));
	for (int i = 0; i < COUNT(ids); i++) {
		ck_assert_str_eq(folders.items[i].id, ids[i]);
		ck_assert_int_eq(folders.items[i].used_us, 1000000000LL * (i + 1));
		ck_assert_uint_eq(folders.items[i].size_bytes, with_size ? 15 : 0);
	}
}
END_TEST

START_TEST(none)
{
	cleanup_free char *path = str_printf("%s/nowhere", check_dir);
	struct cache_folders folders = {0};
	struct err err = ERR_INIT;
	unsigned removed = 9;

	ck_assert_int_eq(cache_folders_read(path, true, &folders, &err), 0);
	ck_assert_uint_eq(folders.count, 0);
	ck_assert_int_eq(cache_folders_remove(path, INT64_MAX, NULL, &removed, &err), 0);
	ck_assert_uint_eq(removed, 0);
}
END_TEST

static const struct {
	int64_t before_us;
	const char *spared;
	unsigned removed;
	bool stays[3];
} removals[] = {
	{0, NULL, 0, {true, true, true}},
	{1000000000, NULL, 0, {true, true, true}},
	{1000000001, NULL, 1, {false, true, true}},
	{3000000000, NULL, 2, {false, false, true}},
	{INT64_MAX, NULL, 3, {false, false, false}},
	{INT64_MAX, "0000000000000000000000000000000000000000000000000000000000000000", 2,
		{false, true, false}},
};

START_TEST(removes)
{
	struct err err = ERR_INIT;
	unsigned removed = 9;

	make();
	check_dir_put(".nexus-old-left/data/ab/file", "x");
	check_dir_put("secret", "x");
	/* Links are removed, not what they point to. */
	ck_assert_int_eq(symlinkat("../other", check_dir_fd, ".nexus-old-left/link"), 0);
	ck_assert_int_eq(cache_folders_remove(check_dir, removals[_i].before_us,
				 removals[_i].spared, &removed, &err),
		0);
	ck_assert_uint_eq(removed, removals[_i].removed);
	for (int i = 0; i < COUNT(ids); i++)
		ck_assert(check_dir_has(ids[i]) == removals[_i].stays[i]);
	ck_assert(!check_dir_has(".nexus-old-left"));
	ck_assert(check_dir_has("other/file"));
	ck_assert(check_dir_has("secret"));
	ck_assert(check_dir_has("CACHEDIR.TAG"));
}
END_TEST

/* One for a run alone: gone with it, or with the next cleaning. */
START_TEST(for_one_run)
{
	cleanup_free char *first = NULL, *second = NULL, *below = str_printf("%s/a/b", check_dir);
	struct err err = ERR_INIT;
	unsigned removed = 0;

	ck_assert_int_eq(cache_folders_begin(below, &first, &err), 0);
	ck_assert_int_eq(cache_folders_begin(below, &second, &err), 0);
	ck_assert_str_ne(first, second);
	ck_assert_int_eq(access(first, W_OK), 0);
	cache_folders_end(first);
	ck_assert_int_ne(access(first, F_OK), 0);
	ck_assert_int_eq(access(second, F_OK), 0);
	ck_assert_int_eq(cache_folders_remove(below, 0, NULL, &removed, &err), 0);
	ck_assert_int_ne(access(second, F_OK), 0);
	check_dir_put("file", "x");
	free(first);
	first = NULL;
	free(below);
	below = str_printf("%s/file", check_dir);
	ck_assert_int_lt(cache_folders_begin(below, &first, &err), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cache_folders");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_loop_test(tcase, reads, 0, 2);
	tcase_add_test(tcase, none);
	tcase_add_test(tcase, for_one_run);
	tcase_add_loop_test(tcase, removes, 0, COUNT(removals));
	return unit_main("cache_folders", tcase);
}
