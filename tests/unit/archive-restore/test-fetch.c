#include "archive/restore/fetch.h"

#include "blobs.h"

#define BLOBS 200u

/* --- Planning --- */

struct place {
	uint8_t pack;
	uint32_t offset, length;
};

#define MIB (1u << 20)
#define FETCH_BYTES (700u << 10)

/* Blobs as they are needed, and the requests that come of them: the numbers of each, in order. */
static const struct {
	struct place places[6];
	const char *requests;
} plans[] = {
	{{{0}}, ""},
	{{{1, 0, 100}}, "0"},
	{{{1, 0, 100}, {1, 100, 100}, {1, 200, 50}}, "012"},
	{{{1, 200, 50}, {1, 100, 100}, {1, 0, 100}}, "210"},
	{{{1, 0, 100}, {2, 0, 100}, {1, 100, 100}, {2, 100, 100}}, "02 13"},
	{{{2, 0, 100}, {1, 0, 100}, {1, 100, 100}, {2, 100, 100}}, "03 12"},
	{{{1, 0, 100}, {1, 100 + FETCH_GAP, 100}}, "01"},
	{{{1, 0, 100}, {1, 101 + FETCH_GAP, 100}}, "0 1"},
	{{{1, 0, FETCH_BYTES - 1}, {1, FETCH_BYTES - 1, 1}}, "01"},
	{{{1, 0, FETCH_BYTES - 1}, {1, FETCH_BYTES - 1, 2}}, "0 1"},
	{{{1, 0, 3 * MIB}, {1, 3 * MIB, 100}, {1, 3 * MIB + 100, 100}}, "0 12"},
	{{{1, 0, 100}, {1, 0, 100}, {1, 50, 100}}, "012"},
	{{{1, UINT32_MAX - 10, UINT32_MAX}, {1, 0, 10}}, "0 1"},
};

static void put(char *text, size_t size, char letter)
{
	size_t at = strlen(text);

	ck_assert_uint_lt(at + 1, size);
	text[at] = letter;
	text[at + 1] = '\0';
}

START_TEST(plan)
{
	struct fetch_blob blobs[6] = {0}, *list[6];
	char text[32] = "";
	size_t count = 0, requests;

	for (; count < 6 && plans[_i].places[count].pack; count++) {
		blobs[count].pack.bytes[0] = plans[_i].places[count].pack;
		blobs[count].location.offset = plans[_i].places[count].offset;
		blobs[count].location.length = plans[_i].places[count].length;
		blobs[count].number = count;
		list[count] = &blobs[count];
	}
	requests = fetch_plan(list, count, FETCH_BYTES);
	for (size_t i = 0; i < requests; i++) {
		if (i)
			put(text, sizeof(text), ' ');
		for (const struct fetch_blob *blob = list[i]; blob; blob = blob->next)
			put(text, sizeof(text), (char)('0' + blob->number));
	}
	ck_assert_str_eq(text, plans[_i].requests);
}
END_TEST

/* --- Running --- */

struct fixture {
	struct store *store;
	struct repository *repository;
	struct fetch_blob blobs[BLOBS], *list[BLOBS];
	uint8_t *plain, *sealed;
	size_t requests;
};

static size_t size_of(size_t number)
{
	return number % 7 * 1000 + number % 3;
}

/* Blobs, some of them twice, and their requests. */
static void make(struct fixture *fixture)
{
	size_t at = 0;

	fixture->repository = room_repository(&fixture->store);
	fixture->plain = malloc(BLOBS * 7000);
	fixture->sealed = malloc(FETCH_BYTES);
	ck_assert(fixture->plain && fixture->sealed);
	for (size_t i = 0; i < BLOBS; i++)
		fixture->blobs[i].id = blobs_save(fixture->repository, i % 150, size_of(i % 150));
	blobs_flush(fixture->repository);
	for (size_t i = 0; i < BLOBS; i++) {
		struct fetch_blob *blob = &fixture->blobs[i];

		ck_assert(repository_place_blob(
			fixture->repository, BLOB_DATA, &blob->id, &blob->pack, &blob->location));
		blob->number = i;
		blob->plain = fixture->plain + at;
		at += size_of(i % 150);
		fixture->list[i] = blob;
	}
	fixture->requests = fetch_plan(fixture->list, BLOBS, FETCH_BYTES);
	ck_assert_uint_le(fixture->requests, 4);
}

static void run(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->requests; i++) {
		ck_assert_uint_le(fetch_size(fixture->list[i]), FETCH_BYTES);
		fetch_run(fixture->store, repository_codec(fixture->repository), fixture->list[i],
			fixture->sealed);
	}
}

static void done(struct fixture *fixture)
{
	repository_close(fixture->repository);
	free(fixture->plain);
	free(fixture->sealed);
}

/* All come, with one request for many; a damaged one does not, nor does its double. */
START_TEST(blobs_come)
{
	static struct fixture fixture;
	size_t damaged = (size_t)_i;

	fixture = (struct fixture){0};
	make(&fixture);
	blobs_watch_start(fixture.store);
	if (damaged)
		blobs_damage(fixture.repository, fixture.store, &fixture.blobs[damaged].id);
	run(&fixture);
	ck_assert_uint_eq(blobs_watch.calls, fixture.requests);
	for (size_t i = 0; i < BLOBS; i++) {
		const struct fetch_blob *blob = &fixture.blobs[i];
		bool bad = damaged && i % 150 == damaged;

		ck_assert_int_eq(blob->found, bad ? FETCH_FAILED : FETCH_READY);
		ck_assert(bad || blobs_is(blob->plain, blob_plain_size(&blob->location), i % 150,
					 size_of(i % 150)));
	}
	done(&fixture);
}
END_TEST

START_TEST(nothing_comes)
{
	static struct fixture fixture;

	fixture = (struct fixture){0};
	make(&fixture);
	blobs_watch_start(fixture.store);
	blobs_watch.fails = true;
	run(&fixture);
	for (size_t i = 0; i < BLOBS; i++)
		ck_assert_int_eq(fixture.blobs[i].found, FETCH_FAILED);
	done(&fixture);
}
END_TEST

/* A blob is what its name says, or it does not come. */
START_TEST(another_blob)
{
	static struct fixture fixture;

	fixture = (struct fixture){0};
	make(&fixture);
	fixture.blobs[149].id.bytes[3] ^= 1;
	run(&fixture);
	for (size_t i = 0; i < BLOBS; i++)
		ck_assert_int_eq(fixture.blobs[i].found, i == 149 ? FETCH_FAILED : FETCH_READY);
	done(&fixture);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("fetch");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, room_setup, room_teardown);
	tcase_add_loop_test(tcase, plan, 0, COUNT(plans));
	tcase_add_loop_test(tcase, blobs_come, 0, 3);
	tcase_add_test(tcase, nothing_comes);
	tcase_add_test(tcase, another_blob);
	return unit_main("fetch", tcase);
}
