#include "archive/upkeep/prune.h"

#include <errno.h>

#include "../archive/room.h"
#include "../unit.h"
#include "archive/check.h"
#include "archive/repair/rebuild.h"
#include "crypto/secret.h"
#include "repo/tree.h"
#include "store/faulty.h"

#define ROUNDS 4
#define BLOBS 8
#define BLOB_BYTES 3000

/* The store outlives the repositories that are opened on it. */
static struct store_ops lasting_ops;

static void keep(struct store *store)
{
	(void)store;
}

static void save_snapshot(struct repository *repository, const struct id *content, int64_t time)
{
	cleanup_buf struct buf tree = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct node node = {.name = "file",
		.type = NODE_FILE,
		.user = "",
		.group = "",
		.link_target = "",
		.size = BLOBS * BLOB_BYTES,
		.content = content,
		.content_count = BLOBS};
	struct snapshot snapshot = {.time = {time, 0}};
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(tree_begin(&tree, &err), 0);
	ck_assert_int_eq(tree_add(&tree, &node, true, &err), 0);
	ck_assert_int_eq(tree_end(&tree, &err), 0);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
				 tree.data, tree.size, &snapshot.tree, &added, &err),
		0);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	ck_assert_int_eq(snapshot_format(&snapshot, &text, &err), 0);
	ck_assert_int_eq(repository_save_file(repository, repository_codec(repository),
				 STORE_SNAPSHOT, text.data, text.size, &id, &err),
		0);
}

/* Snapshots that share half of their blobs with the one before: every pack is partly used when
 * the first ones are gone. */
static void fill(struct repository *repository)
{
	struct id content[BLOBS];
	struct err err = ERR_INIT;

	for (int round = 0; round < ROUNDS; round++) {
		for (int i = round ? BLOBS / 2 : 0; i < BLOBS; i++) {
			struct repository_added added;
			uint8_t data[BLOB_BYTES];

			if (round)
				content[i - BLOBS / 2] = content[i];
			ck_assert_int_eq(secret_random(data, sizeof(data), &err), 0);
			ck_assert_int_eq(
				repository_save_blob(repository, repository_codec(repository),
					BLOB_DATA, data, sizeof(data), &content[i], &added, &err),
				0);
		}
		save_snapshot(repository, content, round);
	}
}

static struct store *make(const struct store_ops **ret_ops)
{
	struct store *store;
	struct repository *repository = room_repository(&store);

	*ret_ops = store->ops;
	lasting_ops = *store->ops;
	lasting_ops.close = keep;
	store->ops = &lasting_ops;
	fill(repository);
	repository_close(repository);
	return store;
}

static int check(struct store *store)
{
	cleanup_repository struct repository *repository = NULL;
	struct room_told told = {0};
	struct progress progress;
	const struct check_options options = {
		.read_data = true, .progress = &progress, .on_error = room_tell, .context = &told};
	struct err err = ERR_INIT;
	int r;

	progress_start(&progress, &clock_system);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	r = check_run(repository, &options, &err);
	if (r)
		fprintf(stderr, "check: %s %s\n", told.last, err.text);
	return r;
}

struct seen {
	struct plan_totals totals;
	size_t unindexed;
};

static void on_plan(
	void *context, const struct plan_totals *totals, size_t unindexed_packs, uint64_t bytes)
{
	(void)bytes;
	*(struct seen *)context = (struct seen){*totals, unindexed_packs};
}

static int prune(struct store *store, struct seen *seen, struct err *err)
{
	cleanup_repository struct repository *repository = NULL;
	struct prune_options options;
	struct progress progress;

	prune_options_init(&options);
	progress_start(&progress, &clock_system);
	options.limits.unused_percent = 0;
	options.progress = &progress;
	options.on_plan = on_plan;
	options.context = seen;
	if (repository_open(store, "p", NULL, &repository, err) < 0)
		return -err->code;
	return prune_run(repository, &options, err);
}

struct forgetting {
	struct store *store;
	int left;
};

static int forget_one(const char *name, uint64_t size, void *context, struct err *err)
{
	struct forgetting *forgetting = context;

	(void)size;
	return forgetting->left-- > 0 ? store_remove(forgetting->store, STORE_SNAPSHOT, name, err)
				      : 0;
}

static void forget(struct store *store, int count)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < count; i++) {
		struct forgetting forgetting = {store, 1};

		ck_assert_int_ge(
			store_list(store, STORE_SNAPSHOT, forget_one, &forgetting, &err), 0);
	}
}

/* Every call to the store fails once, later ones too: nothing that is needed is ever lost, and
 * in the end all that is not needed is gone. */
START_TEST(every_call_fails)
{
	const struct store_ops *ops;
	struct store *store = make(&ops);
	struct seen seen = {0};
	unsigned fail_at = 5;
	int r = -1;

	forget(store, 2);
	for (; r < 0 && fail_at < 500; fail_at++) {
		struct faulty_plan plan = {.fail_at = fail_at, .code = ENOSPC};
		struct store *faulty;
		struct err err = ERR_INIT;

		ck_assert_int_eq(faulty_store_new(store, &plan, &faulty, &err), 0);
		r = prune(faulty, &seen, &err); /* which closes it */
		ck_assert_msg(check(store) == 0, "after a failure at call %u", fail_at);
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_gt(fail_at, 15);
	memset(&seen, 0, sizeof(seen));
	ck_assert_int_eq(prune(store, &seen, &(struct err){0}), 0);
	ck_assert_uint_eq(seen.totals.unused_blobs, 0);
	ck_assert_uint_eq(seen.unindexed, 0);
	ck_assert_uint_gt(seen.totals.used_blobs, 2);
	ck_assert_int_eq(check(store), 0);
	store->ops = ops;
	store_close(store);
}
END_TEST

static int first_name(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)size;
	(void)err;
	snprintf(context, STORE_NAME_SIZE, "%s", name);
	return 0;
}

static int count_one(const char *name, uint64_t size, void *context, struct err *err)
{
	(void)name;
	(void)size;
	(void)err;
	(*(unsigned *)context)++;
	return 0;
}

static const enum store_type needed[] = {STORE_PACK, STORE_INDEX};

/* Something that a snapshot needs is gone: nothing is removed. */
START_TEST(missing_is_refused)
{
	const struct store_ops *ops;
	struct store *store = make(&ops);
	char name[STORE_NAME_SIZE] = "";
	unsigned before = 0, after = 0;
	struct err err = ERR_INIT;
	struct seen seen = {0};

	ck_assert_int_ge(store_list(store, needed[_i], first_name, name, &err), 0);
	ck_assert_int_eq(store_remove(store, needed[_i], name, &err), 0);
	ck_assert_int_eq(store_list(store, STORE_PACK, count_one, &before, &err), 0);
	ck_assert_int_lt(prune(store, &seen, &err), 0);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "nothing is removed"));
	ck_assert_int_eq(store_list(store, STORE_PACK, count_one, &after, &err), 0);
	ck_assert_uint_eq(before, after);
	store->ops = ops;
	store_close(store);
}
END_TEST

/* Without any index all is found again by the packs' own lists. */
START_TEST(index_is_rebuilt)
{
	const struct store_ops *ops;
	struct store *store = make(&ops);
	cleanup_repository struct repository *repository = NULL;
	struct progress progress;
	const struct rebuild_options options = {.progress = &progress};
	struct rebuild_result result;
	char name[STORE_NAME_SIZE] = "";
	struct err err = ERR_INIT;

	for (unsigned left = 1; left;) {
		ck_assert_int_ge(store_list(store, STORE_INDEX, first_name, name, &err), 0);
		ck_assert_int_eq(store_remove(store, STORE_INDEX, name, &err), 0);
		left = 0;
		ck_assert_int_eq(store_list(store, STORE_INDEX, count_one, &left, &err), 0);
	}
	ck_assert_int_gt(check(store), 0);
	progress_start(&progress, &clock_system);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(rebuild_run(repository, &options, &result, &err), 0);
	ck_assert_uint_gt(result.read, ROUNDS);
	ck_assert_uint_eq(result.unreadable, 0);
	repository_close(TAKE(repository));
	ck_assert_int_eq(check(store), 0);
	store->ops = ops;
	store_close(store);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("prune");

	tcase_set_timeout(tcase, 280);
	tcase_add_test(tcase, every_call_fails);
	tcase_add_loop_test(tcase, missing_is_refused, 0, COUNT(needed));
	tcase_add_test(tcase, index_is_rebuilt);
	return unit_main("prune", tcase);
}
