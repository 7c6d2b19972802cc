#include "archive/restore/ahead.h"

#include <errno.h>

#include "blobs.h"

#define BLOBS 300u

static struct store *store;
static struct repository *repository;
static struct ahead *ahead;
static bool interrupted;

static int on_wait(void *context, struct err *err)
{
	(void)context;
	return interrupted ? err_set(err, ERR_SYSTEM, ECANCELED, "interrupted") : 0;
}

static void setup(void)
{
	interrupted = false;
	repository = room_repository(&store);
	blobs_watch_start(store);
}

static void start_at(unsigned workers, bool far)
{
	const struct ahead_options options = {.workers = workers, .far = far, .wait = on_wait};
	struct err err = ERR_INIT;

	blobs_flush(repository);
	ck_assert_int_eq(ahead_new(repository, &options, &ahead, &err), 0);
}

static void start(unsigned workers)
{
	start_at(workers, true);
}

static void teardown(void)
{
	ahead_free(ahead);
	ahead = NULL;
	repository_close(repository);
}

static int take(const struct id *id, uint64_t number, size_t size)
{
	const uint8_t *data = NULL;
	struct err err = ERR_INIT;
	size_t found = 0;
	int r = ahead_take(ahead, id, &data, &found, &err);

	if (r == 1)
		ck_assert(blobs_is(data, found, number, size));
	return r;
}

/* Empty ones, small ones, and some that are a request of their own. */
static size_t size_of(size_t number)
{
	return number % 40 == 39 ? (2u << 20) + number : number % 10 * 700;
}

/* Everything comes, in order, although more is announced than there is room for. */
START_TEST(all_in_order)
{
	static struct id ids[BLOBS];
	size_t announced = 0;

	for (size_t i = 0; i < BLOBS; i++)
		ids[i] = blobs_save(repository, i, size_of(i));
	start(0);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	for (size_t i = 0; i < BLOBS; i++) {
		while (announced < BLOBS && ahead_announce(ahead, &ids[announced]))
			announced++;
		ck_assert_uint_gt(announced, i);
		ck_assert_int_eq(take(&ids[i], i, size_of(i)), 1);
	}
	ck_assert(ahead_is_empty(ahead)); /* but for the file that is written */
	ahead_end(ahead);
	ck_assert(ahead_is_empty(ahead));
	ck_assert_uint_lt(blobs_watch.calls, BLOBS / 4); /* neighbours come together */
}
END_TEST

static struct id save_zeros(size_t size)
{
	cleanup_free uint8_t *data = calloc(1, size);
	struct repository_added added;
	struct err err = ERR_INIT;
	struct id id;

	ck_assert_ptr_nonnull(data);
	ck_assert_int_eq(repository_save_blob(repository, repository_codec(repository), BLOB_DATA,
				 data, size, &id, &added, &err),
		0);
	ck_assert_uint_lt(added.stored_bytes, AHEAD_BLOB_MAX);
	return id;
}

/* Never more at a time than it says: blobs, files, bytes; and one more is refused. */
START_TEST(bounds)
{
	struct id small = blobs_save(repository, 1, 10), large = blobs_save(repository, 2, 7 << 20);
	struct id most = blobs_save(repository, 3, AHEAD_BLOB_MAX - CIPHER_OVERHEAD);
	struct id longer = blobs_save(repository, 4, AHEAD_BLOB_MAX + 1);
	struct id sealed_longer = blobs_save(repository, 5, AHEAD_BLOB_MAX);
	struct id zeros = save_zeros(AHEAD_BLOB_MAX + 1);
	size_t n;

	start(0);
	for (n = 0; n < 2 * AHEAD_FILES && ahead_announce_file(ahead, n + 100); n++)
		;
	ck_assert_uint_eq(n, AHEAD_FILES);
	ahead_clear(ahead);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	for (n = 0; n < 2 * AHEAD_BLOBS && ahead_announce(ahead, &small); n++)
		;
	ck_assert_uint_eq(n, AHEAD_BLOBS);
	ck_assert_int_eq(take(&small, 1, 10), 1);
	ck_assert(!ahead_announce(ahead, &small)); /* it is still with us */
	ck_assert_int_eq(take(&small, 1, 10), 1);
	ck_assert(ahead_announce(ahead, &small));
	ck_assert(!ahead_announce(ahead, &small));
	for (n = 0; take(&small, 1, 10) == 1; n++)
		;
	ck_assert_uint_eq(n, AHEAD_BLOBS - 1);
	for (n = 0; n < 100 && ahead_announce(ahead, &large); n++)
		;
	ck_assert_uint_eq(n, AHEAD_WINDOW / (7 << 20));
	for (; n; n--)
		ck_assert_int_eq(take(&large, 2, 7 << 20), 1);
	/* What is too large, stored or plain, is not for it, and nothing else is held up. */
	ck_assert(ahead_announce(ahead, &longer));
	ck_assert_int_eq(take(&longer, 4, AHEAD_BLOB_MAX + 1), 0);
	ck_assert(ahead_announce(ahead, &sealed_longer));
	ck_assert_int_eq(take(&sealed_longer, 5, AHEAD_BLOB_MAX), 0);
	ck_assert(ahead_announce(ahead, &zeros));
	ck_assert_int_eq(take(&zeros, 0, 0), 0);
	ck_assert(ahead_announce(ahead, &most));
	ck_assert_int_eq(take(&most, 3, AHEAD_BLOB_MAX - CIPHER_OVERHEAD), 1);
}
END_TEST

/* A blob that the caller holds stays where it is, though there are bytes enough for another: they
 * stand elsewhere. */
START_TEST(not_over_what_is_held)
{
	struct id large = blobs_save(repository, 1, 7 << 20),
		  other = blobs_save(repository, 2, 6 << 20);
	const uint8_t *data = NULL;
	struct err err = ERR_INIT;
	size_t size = 0;

	start(0);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	ck_assert(ahead_announce(ahead, &large) && ahead_announce(ahead, &large));
	ck_assert_int_eq(take(&large, 1, 7 << 20), 1);
	ck_assert_int_eq(ahead_take(ahead, &large, &data, &size, &err), 1);
	ck_assert(ahead_announce(ahead, &large)); /* where the first was */
	ck_assert(!ahead_announce(ahead, &other));
	ck_assert_int_eq(take(&large, 1, 7 << 20), 1);
	ck_assert(ahead_announce(ahead, &other));
	ck_assert_int_eq(take(&other, 2, 6 << 20), 1);
}
END_TEST

/* Full of what a file wanted that was ended early, or of what was cleared, there is room again. */
START_TEST(room_again)
{
	struct id small = blobs_save(repository, 1, 10);
	unsigned turns = 0;

	start(0);
	ck_assert(ahead_announce_file(ahead, 1));
	if (_i)
		ck_assert(ahead_begin(ahead, 1));
	while (ahead_announce(ahead, &small))
		;
	if (_i)
		ahead_end(ahead);
	else
		ahead_clear(ahead);
	ck_assert(ahead_announce_file(ahead, 2));
	for (; !ahead_announce(ahead, &small) && turns < 20000; turns++)
		usleep(1000); /* what is on its way keeps its place */
	ck_assert_uint_lt(turns, 20000);
	ck_assert(ahead_begin(ahead, 2));
	ck_assert_int_eq(take(&small, 1, 10), 1);
}
END_TEST

/* A store that answers at once needs little, but any blob finds room, and all stand close to each
 * other, so that they stay in the cache; a slow answer changes that. */
START_TEST(near_and_far)
{
	struct id small = blobs_save(repository, 1, 1 << 20),
		  large = blobs_save(repository, 2, 7 << 20);
	const uint8_t *data = NULL, *least = (const uint8_t *)UINTPTR_MAX, *most = NULL;
	struct err err = ERR_INIT;
	size_t n, turns, size;

	start_at(0, false);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	for (turns = 0; turns < 30; turns++) {
		for (n = 0; n < 100 && ahead_announce(ahead, &small); n++)
			;
		if (n != AHEAD_NEAR >> 20) {
			ck_assert_uint_gt(blobs_watch.slow, 0); /* this machine is, just now */
			break;
		}
		for (; n; n--) {
			ck_assert_int_eq(ahead_take(ahead, &small, &data, &size, &err), 1);
			ck_assert(blobs_is(data, size, 1, 1 << 20));
			least = data < least ? data : least;
			most = data > most ? data : most;
		}
		ck_assert_int_eq(take(&small, 1, 1 << 20), 0);
		ck_assert(ahead_announce(ahead, &large));
		ck_assert_int_eq(take(&large, 2, 7 << 20), 1);
		ck_assert_int_eq(take(&small, 1, 1 << 20), 0);
	}
	ck_assert_uint_gt(turns, 0);
	if (!blobs_watch.slow)
		ck_assert_int_le(most - least, AHEAD_BLOB_MAX - (1 << 20));
}
END_TEST

/* One slow answer of four makes it reach further; one of more does not. */
static const struct {
	size_t quick;
	bool far;
} answers[] = {{0, true}, {3, true}, {7, false}};

START_TEST(becomes_far)
{
	struct id small = blobs_save(repository, 1, 1 << 20);
	size_t n;

	start_at(0, false);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	for (n = 0; n <= answers[_i].quick; n++) {
		/* The last read waits for a further one, which does not come. */
		if (n == answers[_i].quick) {
			blobs_watch.together = 2;
			blobs_watch.patience_ms = 30;
		}
		ck_assert(ahead_announce(ahead, &small));
		ck_assert_int_eq(take(&small, 1, 1 << 20), 1);
	}
	for (n = 0; n < 100 && ahead_announce(ahead, &small); n++)
		;
	ck_assert_uint_gt(blobs_watch.slow, 0);
	if (!answers[_i].far && blobs_watch.slow > 1)
		return; /* this machine is slow just now */
	ck_assert_uint_ge(n, answers[_i].far ? (AHEAD_WINDOW >> 20) - 4 : 1);
	ck_assert_uint_le(n, (answers[_i].far ? AHEAD_WINDOW : AHEAD_NEAR) >> 20);
}
END_TEST

/* Requests go out at the same time, but not more bytes than allowed. */
START_TEST(at_the_same_time)
{
	static struct id ids[24];
	size_t announced = 0;

	for (size_t i = 0; i < COUNT(ids); i++)
		ids[i] = blobs_save(repository, i, 3 << 20);
	start(16);
	blobs_watch.together = AHEAD_SEALED / ((3 << 20) + CIPHER_OVERHEAD);
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_begin(ahead, 1));
	for (size_t i = 0; i < COUNT(ids); i++) {
		while (announced < COUNT(ids) && ahead_announce(ahead, &ids[announced]))
			announced++;
		ck_assert_int_eq(take(&ids[i], i, 3 << 20), 1);
	}
	ck_assert_uint_eq(blobs_watch.most, blobs_watch.together);
	ck_assert_uint_le(blobs_watch.bytes_most, AHEAD_SEALED);
}
END_TEST

/* What is damaged, unknown or can't be read is the caller's; all others come. */
START_TEST(failures)
{
	struct id ids[BLOBS], unknown = {{9}};

	for (size_t i = 0; i < BLOBS; i++)
		ids[i] = blobs_save(repository, i, 1000);
	start(0);
	blobs_damage(repository, store, &ids[100]);
	for (unsigned turn = 0; turn < 2; turn++) {
		blobs_watch.fails = turn == 1;
		ck_assert(ahead_announce_file(ahead, turn));
		for (size_t i = 0; i < BLOBS; i++)
			ck_assert(ahead_announce(ahead, &ids[i]));
		ck_assert(ahead_announce(ahead, &unknown));
		ck_assert(ahead_begin(ahead, turn));
		ck_assert_int_eq(take(&unknown, 0, 0), 0);
		for (size_t i = 0; i < BLOBS; i++)
			ck_assert_int_eq(take(&ids[i], i, 1000), turn == 0 && i != 100);
		ahead_end(ahead);
	}
}
END_TEST

/* Files are found by their keys; what was announced before and is not wanted goes. */
START_TEST(files)
{
	struct id ids[40];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT(ids); i++)
		ids[i] = blobs_save(repository, i, 100);
	start(0);
	for (size_t i = 0; i < COUNT(ids); i++) {
		if (i % 4 == 0) {
			ck_assert(ahead_announce_file(ahead, 1000 + i));
			ck_assert(ahead_announce_file(ahead, 1001 + i)); /* it has none */
		}
		ck_assert(ahead_announce(ahead, &ids[i]));
	}
	ck_assert_int_eq(ahead_send(ahead, &err), 0);
	ck_assert(!ahead_begin(ahead, 5));
	ck_assert_int_eq(take(&ids[0], 0, 100), 0); /* no file is begun */
	ck_assert(ahead_begin(ahead, 1001));
	ck_assert_int_eq(take(&ids[0], 0, 100), 1);
	ck_assert_int_eq(take(&ids[3], 3, 100), 1); /* two were passed over */
	ck_assert_int_eq(take(&ids[2], 2, 100), 0); /* they are gone */
	ck_assert_int_eq(take(&ids[4], 4, 100), 0); /* that is the next file's */
	ck_assert(!ahead_begin(ahead, 1001)); /* that is over */
	ck_assert(ahead_begin(ahead, 1000 + 20 + 1));
	ck_assert_int_eq(take(&ids[4], 4, 100), 0);
	ck_assert_int_eq(take(&ids[20], 20, 100), 1);
	ck_assert(!ahead_is_empty(ahead));
	ahead_clear(ahead);
	ck_assert(ahead_is_empty(ahead));
	ck_assert(!ahead_begin(ahead, 1000 + 24 + 1));
	/* And it goes on. */
	ck_assert(ahead_announce_file(ahead, 7));
	ck_assert(ahead_announce(ahead, &ids[7]));
	ck_assert_int_eq(take(&ids[7], 7, 100), 0); /* it is not begun */
	ck_assert(ahead_begin(ahead, 7));
	ck_assert_int_eq(take(&ids[7], 7, 100), 1);
}
END_TEST

/* What nobody wants any more, while a worker still reads it, keeps its place until then. */
START_TEST(dropped_on_its_way)
{
	bool shut = true;
	struct id large = blobs_save(repository, 1, 7 << 20), other = blobs_save(repository, 2, 9);
	struct err err = ERR_INIT;

	start(0);
	blobs_watch.shut = &shut;
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_announce(ahead, &large) && ahead_announce(ahead, &large));
	ck_assert_int_eq(ahead_send(ahead, &err), 0);
	ahead_clear(ahead);
	ck_assert(ahead_announce_file(ahead, 2));
	ck_assert(ahead_announce(ahead, &other));
	ck_assert(!ahead_announce(ahead, &large));
	__atomic_store_n(&shut, false, __ATOMIC_SEQ_CST);
	ck_assert(ahead_begin(ahead, 2));
	ck_assert_int_eq(take(&other, 2, 9), 1);
	while (!ahead_announce(ahead, &large))
		usleep(1000);
	ck_assert_int_eq(take(&large, 1, 7 << 20), 1);
}
END_TEST

/* Who waits can be stopped, whatever the store does; the rest ends with the store's answer. */
START_TEST(interruption)
{
	bool shut = true;
	struct id id = blobs_save(repository, 1, 100);

	start(0);
	blobs_watch.shut = &shut;
	ck_assert(ahead_announce_file(ahead, 1));
	ck_assert(ahead_announce(ahead, &id));
	ck_assert(ahead_begin(ahead, 1));
	interrupted = true;
	ck_assert_int_eq(take(&id, 1, 100), -ECANCELED);
	__atomic_store_n(&shut, false, __ATOMIC_SEQ_CST);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("ahead");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, all_in_order);
	tcase_add_test(tcase, bounds);
	tcase_add_test(tcase, not_over_what_is_held);
	tcase_add_loop_test(tcase, room_again, 0, 2);
	tcase_add_test(tcase, near_and_far);
	tcase_add_loop_test(tcase, becomes_far, 0, COUNT(answers));
	tcase_add_test(tcase, at_the_same_time);
	tcase_add_test(tcase, failures);
	tcase_add_test(tcase, files);
	tcase_add_test(tcase, dropped_on_its_way);
	tcase_add_test(tcase, interruption);
	return unit_main("ahead", tcase);
}
