#include "repo/repository.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "store/faulty.h"
#include "store/memory.h"

/* A store that outlives the repositories opened on it. */
static struct store *shared;
static struct faulty_plan plan;

static void keep(struct store *store)
{
	(void)store;
}

static const struct store_ops *own_ops;
static struct store_ops ops;

static struct store *make(void)
{
	struct store *inner = NULL;
	struct err err = ERR_INIT;
	struct id id;

	plan = (struct faulty_plan){0};
	ck_assert_int_eq(memory_store_new(&inner, &err), 0);
	ck_assert_int_eq(faulty_store_new(inner, &plan, &shared, &err), 0);
	own_ops = shared->ops;
	ops = *own_ops;
	ops.close = keep;
	shared->ops = &ops;
	ck_assert_int_eq(repository_init(shared, "p", 0, NULL, &id, &err), 0);
	return shared;
}

static void drop(void)
{
	shared->ops = own_ops;
	store_close(shared);
}

static struct repository *open_it(void)
{
	struct repository *repository = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(repository_open(shared, "p", NULL, &repository, &err), 0);
	ck_assert_int_eq(repository_load_index(repository, NULL, &err), 0);
	return repository;
}

static bool full;

static int begin_unless_full(
	struct store *store, enum store_type type, struct store_upload **ret, struct err *err)
{
	if (full && type == STORE_CONFIG)
		return err_set(err, ERR_SPACE, ENOSPC, "begin: full");
	return own_ops->begin(store, type, ret, err);
}

static int commit_without_answer(struct store_upload *upload, const char *name, struct err *err)
{
	int r = own_ops->commit(upload, name, err);

	return r >= 0 && !name ? err_set(err, ERR_NETWORK, EIO, "commit: no answer") : r;
}

/* An empty store whose functions may be replaced. */
static void make_empty(void)
{
	struct err err = ERR_INIT;

	ck_assert_int_eq(memory_store_new(&shared, &err), 0);
	own_ops = shared->ops;
	ops = *own_ops;
	ops.close = keep;
	shared->ops = &ops;
}

/* What an init that failed has made is a whole repository if its configuration came through. */
START_TEST(making_without_answer)
{
	struct err err = ERR_INIT;
	struct id id;

	make_empty();
	ops.commit = commit_without_answer;
	ck_assert_int_eq(repository_init(shared, "p", 0, NULL, &id, &err), -EIO);
	ops.commit = own_ops->commit;
	repository_close(open_it());
}
END_TEST

/* Else it is not in the way of the next one. */
START_TEST(making_again)
{
	struct err err = ERR_INIT;
	struct id id;

	make_empty();
	ops.begin = begin_unless_full;
	full = true;
	ck_assert_int_eq(repository_init(shared, "p", 0, NULL, &id, &err), -ENOSPC);
	full = false;
	ck_assert_int_eq(repository_init(shared, "p", 0, NULL, &id, &err), 0);
}
END_TEST

static struct repository *changing;

struct changed {
	store_list_fn *fn;
	void *context;
};

/* The old key goes and a new one comes when the old one is told. */
static int change_password(const char *name, uint64_t size_bytes, void *context, struct err *err)
{
	struct repository *repository = changing;
	struct changed *changed = context;
	char gone[STORE_NAME_SIZE];
	struct id id;

	snprintf(gone, sizeof(gone), "%s", name);
	changing = NULL;
	if (repository) {
		ck_assert_int_eq(repository_add_key(repository, "new", "", "", &id, err), 0);
		ck_assert_int_eq(own_ops->remove(shared, STORE_KEY, gone, err), 0);
	}
	return changed->fn(gone, size_bytes, changed->context, err);
}

static int list_and_change(struct store *store, enum store_type type, store_list_fn *fn,
	void *context, struct err *err)
{
	struct changed changed = {fn, context};

	return own_ops->list(store, type, changing ? change_password : fn,
		changing ? (void *)&changed : context, err);
}

START_TEST(password_is_being_changed)
{
	cleanup_repository struct repository *repository = NULL, *old = NULL;
	struct err err = ERR_INIT;

	make();
	old = open_it();
	ops.list = list_and_change;
	changing = old;
	ck_assert_msg(repository_open(shared, "new", NULL, &repository, &err) == 0, "%s", err.text);
	ck_assert_ptr_null(changing);
}
END_TEST

START_TEST(opening)
{
	cleanup_repository struct repository *repository = NULL;
	struct store *empty = NULL, *store = make();
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_int_eq(repository_init(store, "p", 0, NULL, &id, &err), -EEXIST);
	ck_assert_int_eq(repository_open(store, "wrong", NULL, &repository, &err), -EACCES);
	ck_assert_int_eq(err.kind, ERR_DENIED);
	ck_assert_int_eq(memory_store_new(&empty, &err), 0);
	ck_assert_int_eq(repository_open(empty, "p", NULL, &repository, &err), -ENOENT);
	ck_assert_int_eq(err.kind, ERR_NOT_FOUND);
	ck_assert_int_eq(repository_open(store, "p", NULL, &repository, &err), 0);
	ck_assert_uint_eq(repository_config(repository)->version, 2);
}
END_TEST

START_TEST(save_and_load)
{
	struct repository *repository;
	struct repository_added added;
	cleanup_buf struct buf plain = BUF_INIT(BLOB_DATA_MAX);
	struct err err = ERR_INIT;
	struct id data, tree, missing = {{9}};
	uint64_t size;

	make();
	repository = open_it();
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "hello", 5, &data, &added, &err),
		0);
	ck_assert(added.is_new);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "hello", 5, &tree, &added, &err),
		0);
	ck_assert(!added.is_new && id_equal(&data, &tree));
	/* The same bytes as a tree are another blob. */
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_TREE,
				 "hello", 5, &tree, &added, &err),
		0);
	ck_assert(added.is_new);
	ck_assert(!repository_blob_size(repository, BLOB_DATA, &data, &size));
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	repository_close(repository);
	repository = open_it();
	ck_assert_uint_eq(index_count(repository_index(repository)), 2);
	ck_assert_uint_eq(index_pack_count(repository_index(repository)), 2); /* never mixed */
	ck_assert(repository_blob_size(repository, BLOB_DATA, &data, &size));
	ck_assert_uint_eq(size, 5);
	ck_assert_int_eq(repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
				 &data, &plain, &err),
		0);
	ck_assert_str_eq((char *)plain.data, "hello");
	ck_assert_int_eq(repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
				 &missing, &plain, &err),
		-ENOENT);
	ck_assert_int_eq(err.kind, ERR_CORRUPT);
	/* Bytes that the store gets wrong are never handed out. */
	plan.short_reads = true;
	ck_assert_int_eq(repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
				 &data, &plain, &err),
		-EBADMSG);
	repository_close(repository);
}
END_TEST

/* Whatever call fails, what an earlier flush acknowledged stays. */
START_TEST(failing_store)
{
	struct repository *repository;
	struct repository_added added;
	cleanup_buf struct buf plain = BUF_INIT(BLOB_DATA_MAX);
	struct err err = ERR_INIT;
	struct id first, second;
	int r;

	make();
	repository = open_it();
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "first", 5, &first, &added, &err),
		0);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
	plan.calls = 0;
	plan.fail_at = (unsigned)_i + 1;
	plan.code = ENOSPC;
	r = repository_save_blob(repository, repository_codec(repository), BLOB_DATA, "second", 6,
		&second, &added, &err);
	if (r >= 0)
		r = repository_flush(repository, repository_codec(repository), &err);
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_int_eq(err.kind, ERR_SPACE);
	repository_close(repository);
	plan.fail_at = 0;
	repository = open_it();
	ck_assert_int_eq(repository_load_blob(repository, repository_codec(repository), BLOB_DATA,
				 &first, &plain, &err),
		0);
	ck_assert(!repository_has_blob(repository, BLOB_DATA, &second));
	repository_close(repository);
}
END_TEST

/* A clock that the test moves. */
static uint64_t moved_us;

static uint64_t read_clock(void *context)
{
	(void)context;
	return 1800000000000000ull + moved_us;
}

static const struct clock test_clock = {.realtime_us = read_clock, .monotonic_us = read_clock};

static int count_one(const struct id *id, uint64_t size, void *context, struct err *err)
{
	(void)id;
	(void)size;
	(void)err;
	++*(unsigned *)context;
	return 0;
}

/* What a long backup has stored is findable every 10 minutes, whatever becomes of it. */
START_TEST(index_every_ten_minutes)
{
	static const struct {
		uint64_t after_s;
		unsigned indexes;
	} steps[] = {{0, 0}, {599, 0}, {1, 1}, {1, 1}, {600, 2}};
	static uint8_t data[PACK_SIZE + 1]; /* a pack by itself */
	const struct repository_options options = {.clock = &test_clock};
	struct repository *repository = NULL;
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id ids[COUNT(steps)];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(data); i++) {
		x = x * 1664525 + 1013904223; /* nothing to compress */
		data[i] = (uint8_t)(x >> 24);
	}
	make();
	ck_assert_int_eq(repository_open(shared, "p", &options, &repository, &err), 0);
	for (int i = 0; i < COUNT(steps); i++) {
		unsigned count = 0;

		moved_us += steps[i].after_s * 1000000;
		data[0] = (uint8_t)i;
		ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository),
					 BLOB_DATA, data, sizeof(data), &ids[i], &added, &err),
			0);
		ck_assert_int_eq(
			repository_list(repository, STORE_INDEX, count_one, &count, &err), 0);
		ck_assert_uint_eq(count, steps[i].indexes);
	}
	repository_close(repository); /* as if it died here: the last pack is told by an index */
	repository = open_it();
	for (int i = 0; i < COUNT(steps); i++)
		ck_assert(repository_has_blob(repository, BLOB_DATA, &ids[i]));
	repository_close(repository);
}
END_TEST

START_TEST(dry_run)
{
	const struct repository_options options = {.dry_run = true};
	cleanup_repository struct repository *repository = NULL;
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	make();
	ck_assert_int_eq(repository_open(shared, "p", &options, &repository, &err), 0);
	plan.fail_at = plan.calls + 1; /* any write would fail */
	plan.code = EIO;
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 "hello", 5, &id, &added, &err),
		0);
	ck_assert(added.is_new);
	ck_assert_uint_gt(added.stored_bytes, 5);
	ck_assert_int_eq(repository_flush(repository, repository_codec(repository), &err), 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("repository");

	tcase_add_checked_fixture(tcase, NULL, drop);
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, opening);
	tcase_add_test(tcase, making_again);
	tcase_add_test(tcase, making_without_answer);
	tcase_add_test(tcase, password_is_being_changed);
	tcase_add_test(tcase, save_and_load);
	tcase_add_loop_test(tcase, failing_store, 0, 6);
	tcase_add_test(tcase, index_every_ten_minutes);
	tcase_add_test(tcase, dry_run);
	return unit_main("repository", tcase);
}
