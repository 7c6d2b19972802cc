#include "store/front/cache.h"

#include "../check_dir.h"
#include "../store/store-cases.h"
#include "store/faulty.h"
#include "store/memory.h"

/* SHA-256 of "abc" and of "". */
static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char repository[] = "0123";

/* A cache in front of a store that counts what it is asked for. */
static struct store *make(struct faulty_plan *plan)
{
	struct store *memory = NULL, *counting = NULL, *store = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(memory_store_new(&memory, &err), 0);
	ck_assert_int_eq(faulty_store_new(memory, plan, &counting, &err), 0);
	ck_assert_int_eq(cache_store_new(counting, &store, &err), 0);
	return store;
}

static struct store *make_used(struct faulty_plan *plan, enum store_type type)
{
	struct store *store = make(plan);
	struct err err = ERR_INIT;

	ck_assert_int_eq(cache_store_use(store, check_dir, repository, &err), 0);
	ck_assert_int_eq(store_save(store, type, abc, "abc", 3, &err), 0);
	plan->calls = 0;
	return store;
}

static void read_abc(struct store *store, enum store_type type, size_t offset)
{
	struct err err = ERR_INIT;
	char data[3];

	ck_assert_int_eq(store_read_often(store, type, abc, offset, data, 3 - offset, &err), 0);
	ck_assert_mem_eq(data, &"abc"[offset], 3 - offset);
}

START_TEST(contract)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make(&plan);
	struct err err = ERR_INIT;

	ck_assert_int_eq(cache_store_use(store, check_dir, repository, &err), 0);
	store_cases(store);
}
END_TEST

START_TEST(reads_once)
{
	static const enum store_type types[] = {STORE_INDEX, STORE_SNAPSHOT, STORE_PACK};
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, types[_i]);

	read_abc(store, types[_i], 0);
	ck_assert_uint_eq(plan.calls, 1);
	read_abc(store, types[_i], 0);
	read_abc(store, types[_i], 2);
	ck_assert_uint_eq(plan.calls, 1);
	ck_assert(check_dir_has("CACHEDIR.TAG"));
}
END_TEST

START_TEST(keeps_no_data_and_no_keys)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, STORE_PACK);
	struct err err = ERR_INIT;
	char data[3];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(store_read(store, STORE_PACK, abc, 0, data, 3, &err), 0);
	ck_assert_uint_eq(plan.calls, 2);
	ck_assert(!check_dir_has("0123/data"));
}
END_TEST

START_TEST(fetches_what_is_damaged_again)
{
	static const char *const damages[] = {"abd", "ab", "abcd", ""};
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, STORE_INDEX);
	cleanup_free char *path = str_printf("%s/0123/index/%s", check_dir, abc), *text = NULL;
	struct err err = ERR_INIT;

	check_dir_put(path + strlen(check_dir) + 1, damages[_i]);
	read_abc(store, STORE_INDEX, 0);
	ck_assert_uint_eq(plan.calls, 1);
	ck_assert_int_eq(file_read(AT_FDCWD, path, 10, &text, NULL, &err), 0);
	ck_assert_str_eq(text, "abc");
}
END_TEST

START_TEST(never_keeps_what_is_wrong)
{
	struct faulty_plan plan = {.short_reads = true};
	cleanup_store struct store *store = make_used(&plan, STORE_INDEX);
	cleanup_free char *path = str_printf("0123/index/%s", abc);
	struct err err = ERR_INIT;
	char data[3];

	ck_assert_int_eq(store_read(store, STORE_INDEX, abc, 0, data, 3, &err), 0);
	ck_assert_mem_ne(data, "abc", 3); /* the caller hashes it and sees */
	ck_assert(!check_dir_has(path));
}
END_TEST

START_TEST(may_vanish_any_time)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, STORE_INDEX);
	const char *const argv[] = {"rm", "-rf", check_dir, NULL};

	read_abc(store, STORE_INDEX, 0);
	ck_assert_int_eq(store_cases_run(argv), 0);
	read_abc(store, STORE_INDEX, 0);
}
END_TEST

static int ignore(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)name;
	(void)size;
	(void)context;
	(void)err;
	return 0;
}

START_TEST(forgets_what_is_gone)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, STORE_INDEX);
	cleanup_free char *kept = str_printf("0123/index/%s", abc);
	cleanup_free char *gone = str_printf("0123/index/%s", store_cases_name);
	struct err err = ERR_INIT;

	read_abc(store, STORE_INDEX, 0);
	check_dir_put(gone, "x");
	ck_assert_int_eq(store_list(store, STORE_INDEX, ignore, NULL, &err), 0);
	ck_assert(check_dir_has(kept));
	ck_assert(!check_dir_has(gone));
	ck_assert_int_eq(store_remove(store, STORE_INDEX, abc, &err), 0);
	ck_assert(!check_dir_has(kept));
}
END_TEST

static bool keep_abc(const char *name, void *context)
{
	return context == abc && strcmp(name, abc) == 0;
}

static bool keep_none(const char *name, void *context)
{
	(void)name;
	(void)context;
	return false;
}

/* Packs that others removed go; what is no pack's name, and other types, stay. */
START_TEST(keeps_what_it_is_told)
{
	struct faulty_plan plan = {0};
	cleanup_store struct store *store = make_used(&plan, STORE_PACK);
	cleanup_free char *kept = str_printf("0123/data/ba/%s", abc);
	cleanup_free char *gone =
		str_printf("0123/data/%.2s/%s", store_cases_name, store_cases_name);
	cleanup_free char *index = str_printf("0123/index/%s", store_cases_name);

	read_abc(store, STORE_PACK, 0);
	check_dir_put(gone, "x");
	check_dir_put(index, "x");
	check_dir_put("0123/data/ba/other", "x");
	store_keep(store, STORE_PACK, keep_abc, (void *)(uintptr_t)abc);
	ck_assert(check_dir_has(kept));
	ck_assert(!check_dir_has(gone));
	store_keep(store, STORE_PACK, keep_none, NULL);
	ck_assert(!check_dir_has(kept));
	ck_assert(check_dir_has("0123/data/ba/other"));
	ck_assert(check_dir_has(index));
	read_abc(store, STORE_PACK, 0);
}
END_TEST

/* Half-fetched files of killed processes go after a day. */
START_TEST(removes_what_was_left)
{
	static const struct timespec day_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct faulty_plan plan = {0};
	cleanup_free char *path = str_printf("%s/0123/.nexus-old", check_dir);
	struct store *store = make_used(&plan, STORE_INDEX);

	check_dir_put("0123/.nexus-old", "x");
	check_dir_put("0123/.nexus-new", "x");
	ck_assert_int_eq(utimensat(AT_FDCWD, path, day_ago, 0), 0);
	store_close(store);
	store = make_used(&plan, STORE_INDEX);
	ck_assert(!check_dir_has("0123/.nexus-old"));
	ck_assert(check_dir_has("0123/.nexus-new"));
	store_close(store);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("cache");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, contract);
	tcase_add_loop_test(tcase, reads_once, 0, 3);
	tcase_add_test(tcase, keeps_no_data_and_no_keys);
	tcase_add_loop_test(tcase, fetches_what_is_damaged_again, 0, 4);
	tcase_add_test(tcase, never_keeps_what_is_wrong);
	tcase_add_test(tcase, may_vanish_any_time);
	tcase_add_test(tcase, forgets_what_is_gone);
	tcase_add_test(tcase, keeps_what_it_is_told);
	tcase_add_test(tcase, removes_what_was_left);
	return unit_main("cache", tcase);
}
