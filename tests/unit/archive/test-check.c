#include "archive/check.h"

#include "../unit.h"
#include "archive/save.h"
#include "room.h"

static void save(struct repository *repository)
{
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	static const struct filter none;
	struct progress progress;
	const struct save_options options = {
		.paths = &paths, .excludes = &none, .progress = &progress};
	struct err err = ERR_INIT;

	room_mkdir("src");
	room_write("src/a", "the content of a");
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(str_list_add(&paths, room_path("src"), &err), 0);
	ck_assert_int_eq(save_run(repository, NULL, &options, &snapshot, &err), 0);
}

static void keep(struct store *store)
{
	(void)store;
}

/* Opens the store anew, as a check does; it stays the caller's. */
static int check(struct store *store, bool read_data, struct room_told *told)
{
	const struct store_ops *real = store->ops;
	struct store_ops kept = *real;
	struct repository *repository = NULL;
	struct progress progress;
	const struct check_options options = {
		.read_data = read_data,
		.progress = &progress,
		.on_error = room_tell,
		.context = told,
	};
	struct err err = ERR_INIT;
	int r;

	progress_start(&progress, &clock_system);
	kept.close = keep;
	store->ops = &kept;
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	r = check_run(repository, &options, &err);
	repository_close(repository);
	store->ops = real;
	return r;
}

static int first_name(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)size;
	(void)err;
	snprintf(context, STORE_NAME_SIZE, "%s", name);
	return 0;
}

static const struct {
	enum store_type type;
	bool remove; /* or one bit turned */
	uint64_t offset;
	bool read_data;
	bool seen;
} cases[] = {
	{STORE_PACK, true, 0, false, true},
	{STORE_PACK, false, 20, false, false}, /* only reading shows it */
	{STORE_PACK, false, 20, true, true},
	{STORE_SNAPSHOT, false, 20, false, true},
	{STORE_INDEX, true, 0, false, true},
	{STORE_INDEX, false, 20, false, true},
};

START_TEST(damage_is_seen)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct room_told told = {0};
	char name[STORE_NAME_SIZE] = "";
	struct err err = ERR_INIT;
	int r;

	save(repository);
	ck_assert_int_eq(check(store, true, &told), 0);
	ck_assert_int_eq(store_list(store, cases[_i].type, first_name, name, &err), 0);
	ck_assert(store_name_is_valid(name));
	if (cases[_i].remove)
		ck_assert_int_eq(store_remove(store, cases[_i].type, name, &err), 0);
	else
		ck_assert_int_eq(
			memory_store_damage(store, cases[_i].type, name, cases[_i].offset, &err),
			0);
	r = check(store, cases[_i].read_data, &told);
	ck_assert_int_ge(r, 0);
	ck_assert_int_eq(r > 0, cases[_i].seen);
	ck_assert_int_eq(told.count > 0, cases[_i].seen);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("check");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, damage_is_seen, 0, COUNT(cases));
	return unit_main("check", tcase);
}
