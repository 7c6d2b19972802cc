/* Stores that answer late, wrong, half, twice, or not at all: what backup, restore, check and
 * prune make of it, and that nothing is lost. */
#include <errno.h>

#include "../archive/lasting.h"
#include "../archive/room.h"
#include "../unit.h"
#include "archive/check.h"
#include "archive/restore/restore.h"
#include "archive/save.h"
#include "archive/select.h"
#include "archive/upkeep/prune.h"

static const struct filter none;
static struct room_told told;
static struct progress progress;
static struct id saved; /* the tree of src that the first backup stored */

static int back_up(struct repository *repository, struct err *err)
{
	cleanup_str_list struct str_list paths = {0};
	cleanup_snapshot struct snapshot snapshot = {0};
	const struct save_options options = {.paths = &paths,
		.excludes = &none,
		.hostname = "box",
		.program_version = "test",
		.progress = &progress,
		.on_error = room_tell,
		.context = &told};
	int r = str_list_add(&paths, room_path("src"), err);

	if (r >= 0)
		r = save_run(repository, NULL, &options, &snapshot, err);
	if (r >= 0 && id_is_zero(&saved))
		r = select_folder(repository, &snapshot.tree, room_path("src"), &saved, err);
	return r;
}

static int restore(struct repository *repository, struct err *err)
{
	struct restore_counts counts;
	const struct restore_options options = {.target = room_path("out"),
		.includes = &none,
		.excludes = &none,
		.progress = &progress,
		.on_error = room_tell,
		.context = &told};
	int r = restore_run(repository, &saved, &options, &counts, err);

	return r < 0 ? r : -(int)told.count;
}

static int check(struct repository *repository, struct err *err)
{
	const struct check_options options = {
		.read_data = true, .progress = &progress, .on_error = room_tell, .context = &told};
	int r = check_run(repository, &options, err);

	return r < 0 ? r : -r;
}

static int prune(struct repository *repository, struct err *err)
{
	struct prune_options options;

	prune_options_init(&options);
	options.limits.unused_percent = 0;
	options.progress = &progress;
	return prune_run(repository, &options, err);
}

typedef int operation(struct repository *repository, struct err *err);
static operation *const operations[] = {back_up, restore, check, prune};

/* By operation: may it say that all went well? And what is stored, is it whole after it? */
static const struct {
	struct faulty_plan plan;
	bool well[COUNT(operations)], whole[COUNT(operations)];
} faults[] = {
	{{.late_us = 1000}, {true, true, true, true}, {true, true, true, true}},
	{{.twice = true}, {true, true, true, true}, {true, true, true, true}},
	{{.short_reads = true}, {true, false, false, false}, {true, true, true, true}},
	/* Half a pack, and the store said yes: nobody can know before a check. */
	{{.half = true}, {true, true, true, true}, {false, true, true, true}},
	{{.lost_answer = true, .code = ETIMEDOUT}, {false, true, true, true},
		{true, true, true, true}},
	{{.fail_at = 1, .code = ETIMEDOUT}, {false, false, false, false}, {true, true, true, true}},
};

START_TEST(fault)
{
	int o = _i % COUNT(operations), f = _i / COUNT(operations), r;
	struct repository *repository;
	struct lasting lasting;
	struct faulty_plan plan = {0};
	struct err err = ERR_INIT;

	saved = (struct id){0};
	told = (struct room_told){0};
	progress_start(&progress, &clock_system);
	room_mkdir("src");
	room_write("src/a", "first");
	lasting_make(&lasting);
	ck_assert_int_eq(repository_open(lasting.store, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(back_up(repository, &err), 0);
	repository_close(repository);
	room_write("src/b", "second");
	plan = (struct faulty_plan){0};
	if (operations[o] == back_up || operations[o] == restore)
		ck_assert_int_eq(lasting_open(&lasting, &plan, &repository, &err), 0);
	else {
		struct store *store;

		ck_assert_int_eq(faulty_store_new(lasting.store, &plan, &store, &err), 0);
		ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	}
	plan = faults[f].plan;
	r = operations[o](repository, &err);
	repository_close(repository);
	ck_assert_msg((r >= 0) == faults[f].well[o], "fault %d, operation %d: %d %s %s", f, o, r,
		err.text, told.last);
	memset(&told, 0, sizeof(told));
	ck_assert_int_eq(repository_open(lasting.store, "p", NULL, &repository, &err), 0);
	r = check(repository, &err);
	ck_assert_msg((r >= 0) == faults[f].whole[o], "fault %d, operation %d: check: %d %s", f, o,
		r, told.last);
	repository_close(repository);
	lasting_drop(&lasting);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("faults");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, fault, 0, COUNT(faults) * COUNT(operations));
	return unit_main("archive/upkeep/faults", tcase);
}
