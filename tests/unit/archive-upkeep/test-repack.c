#include "archive/upkeep/repack.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "../archive/room.h"
#include "../unit.h"
#include "crypto/secret.h"

#define BLOBS 12
#define BLOB_BYTES 700000u /* several runs come of them */

/* A store that counts reads of packs, and how many of them are under way at a time: each waits for
 * a second one, not for ever. */
static struct store_ops watched;
static int (*read_below)(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err);
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static unsigned reads, inside, most, wanted;
static int read_code; /* what reading fails with */
static size_t flipped_from = SIZE_MAX; /* what is read in one piece of that size is damaged */

static int watched_read(struct store *store, enum store_type type, const char *name,
	uint64_t offset, void *ret, size_t size, struct err *err)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	pthread_mutex_lock(&mutex);
	reads++;
	if (++inside > most)
		most = inside;
	pthread_cond_broadcast(&more);
	while (most < wanted)
		if (pthread_cond_timedwait(&more, &mutex, &until) != 0)
			break;
	inside--;
	pthread_mutex_unlock(&mutex);
	if (read_code)
		return err_set(err, ERR_SYSTEM, read_code, "read: asked to fail");
	if (read_below(store, type, name, offset, ret, size, err) < 0)
		return -err->code;
	if (size >= flipped_from)
		((uint8_t *)ret)[size / 2] ^= 1;
	return 0;
}

struct room {
	struct repository *from, *to;
	struct id ids[BLOBS];
	unsigned put[BLOBS]; /* how often */
	unsigned sealed, plain, lost, ticks;
	bool keeps;
	int put_code, tick_code;
};

static void make(struct room *room)
{
	static uint8_t data[BLOB_BYTES];
	struct repository_added added;
	struct store *store;
	struct err err = ERR_INIT;

	*room = (struct room){.keeps = true};
	reads = inside = most = wanted = 0;
	read_code = 0;
	flipped_from = SIZE_MAX;
	room->from = room_repository(&store);
	for (size_t i = 0; i < BLOBS; i++) {
		ck_assert_int_eq(secret_random(data, sizeof(data) / (i % 2 + 1), &err), 0);
		ck_assert_int_eq(
			repository_save_blob(room->from, repository_codec(room->from), BLOB_DATA,
				data, sizeof(data), &room->ids[i], &added, &err),
			0);
	}
	ck_assert_int_eq(repository_flush(room->from, repository_codec(room->from), &err), 0);
	watched = *store->ops;
	read_below = watched.read;
	watched.read = watched_read;
	store->ops = &watched;
	room->to = room_repository(&store);
}

static void end(struct room *room)
{
	repository_close(room->from);
	repository_close(room->to);
}

static bool keeps(void *context, const struct index_entry *entry)
{
	const struct room *room = context;

	(void)entry;
	return room->keeps;
}

static int put(void *context, struct blob_codec *codec, const struct index_entry *entry,
	const struct blob_sealed *sealed, const struct buf *plain, struct err *err)
{
	struct room *room = context;
	struct repository_added added;
	int r = 0;

	pthread_mutex_lock(&mutex);
	for (size_t i = 0; i < BLOBS; i++)
		room->put[i] += id_equal(&room->ids[i], &entry->id);
	room->sealed += sealed != NULL;
	room->plain += plain != NULL;
	if (room->put_code)
		r = err_set(err, ERR_SPACE, room->put_code, "put: asked to fail");
	pthread_mutex_unlock(&mutex);
	if (r < 0)
		return r;
	return sealed ? repository_save_sealed_blob(
				room->to, codec, BLOB_DATA, &entry->id, sealed, &added, err)
		      : repository_save_blob_as(room->to, codec, BLOB_DATA, &entry->id, plain->data,
				plain->size, &added, err);
}

static int tick(void *context, struct err *err)
{
	struct room *room = context;

	room->ticks++;
	return room->tick_code ? err_set(err, ERR_SYSTEM, room->tick_code, "interrupted") : 0;
}

static void lose(void *context, const struct id *id, const struct err *err)
{
	struct room *room = context;

	(void)id;
	(void)err;
	room->lost++;
}

static int run(struct room *room, const uint8_t *entries, bool may_lose, struct err *err)
{
	cleanup_pack_order struct pack_order order = {0};
	const struct repack repack = {
		.repository = room->from,
		.target = room->to,
		.order = &order,
		.put = put,
		.keeps = keeps,
		.put_context = room,
		.go_on = tick,
		.on_lost = may_lose ? lose : NULL,
		.context = room,
	};
	int r = pack_order_init(&order, repository_index(room->from), entries, NULL, err);

	return r < 0 ? r : repack_run(&repack, err);
}

/* Every blob once, under the other key, by few reads of which several are under way. */
START_TEST(all_of_them)
{
	cleanup_buf struct buf plain = BUF_INIT(BLOB_BYTES + 1);
	struct room room;
	struct err err = ERR_INIT;

	make(&room);
	room.keeps = _i == 0;
	wanted = 2;
	ck_assert_int_eq(run(&room, NULL, false, &err), 0);
	ck_assert_uint_eq(room.sealed, _i == 0 ? BLOBS : 0);
	ck_assert_uint_eq(room.plain, _i == 0 ? 0 : BLOBS);
	ck_assert_uint_ge(most, 2);
	ck_assert_uint_lt(reads, BLOBS);
	ck_assert_uint_gt(room.ticks, 0);
	ck_assert_int_eq(repository_flush(room.to, repository_codec(room.to), &err), 0);
	for (size_t i = 0; i < BLOBS; i++) {
		ck_assert_uint_eq(room.put[i], 1);
		ck_assert_int_eq(repository_load_blob(room.to, repository_codec(room.to), BLOB_DATA,
					 &room.ids[i], &plain, &err),
			0);
	}
	end(&room);
}
END_TEST

START_TEST(chosen_ones)
{
	uint8_t entries[BLOBS / 8 + 1] = {0};
	struct room room;
	struct err err = ERR_INIT;
	size_t number;

	make(&room);
	for (size_t i = 0; i < BLOBS; i += 3) {
		ck_assert(index_number(
			repository_index(room.from), BLOB_DATA, &room.ids[i], &number));
		entries[number / 8] |= (uint8_t)(1u << number % 8);
	}
	ck_assert_int_eq(run(&room, entries, false, &err), 0);
	for (size_t i = 0; i < BLOBS; i++)
		ck_assert_uint_eq(room.put[i], i % 3 == 0);
	end(&room);
}
END_TEST

/* What stops it: in a worker, in the store, from outside. */
START_TEST(failures)
{
	static const struct {
		int put_code, tick_code, read_code, want;
		unsigned lost;
	} cases[] = {
		{ENOSPC, 0, 0, -ENOSPC, 0}, {0, ECANCELED, 0, -ECANCELED, 0},
		{0, 0, ETIMEDOUT, -ETIMEDOUT, 0},
		{0, 0, EIO, 0, BLOBS}, /* of no blob a copy can be read */
	};
	struct room room;
	struct err err = ERR_INIT;

	make(&room);
	room.put_code = cases[_i].put_code;
	room.tick_code = cases[_i].tick_code;
	read_code = cases[_i].read_code;
	ck_assert_int_eq(run(&room, NULL, true, &err), cases[_i].want);
	ck_assert_uint_eq(room.lost, cases[_i].lost);
	if (room.lost) {
		ck_assert_int_eq(run(&room, NULL, false, &err), -EIO);
	}
	end(&room);
}
END_TEST

/* A byte that is wrong costs at most its blob; if it can be read the next time, not even that. */
START_TEST(damage)
{
	const bool for_ever = _i == 1;
	unsigned damaged, put = 0;
	struct room room;
	struct err err = ERR_INIT;

	make(&room);
	flipped_from = for_ever ? 1 : (size_t)2 * BLOB_BYTES;
	ck_assert_int_eq(run(&room, NULL, true, &err), 0);
	damaged = for_ever ? room.lost : room.plain;
	ck_assert_uint_gt(damaged, 0);
	ck_assert_uint_lt(damaged, BLOBS);
	ck_assert_uint_eq(room.lost, for_ever ? damaged : 0);
	ck_assert_uint_eq(room.sealed, BLOBS - damaged);
	for (size_t i = 0; i < BLOBS; i++) {
		ck_assert_uint_le(room.put[i], 1);
		put += room.put[i];
	}
	ck_assert_uint_eq(put, BLOBS - room.lost);
	end(&room);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("repack");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, all_of_them, 0, 2);
	tcase_add_test(tcase, chosen_ones);
	tcase_add_loop_test(tcase, failures, 0, 4);
	tcase_add_loop_test(tcase, damage, 0, 2);
	return unit_main("repack", tcase);
}
