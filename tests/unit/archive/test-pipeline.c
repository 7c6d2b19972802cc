#include "archive/pipeline.h"

#include <errno.h>
#include <sched.h>

#include "../unit.h"
#include "archive/slab/slab.h"
#include "room.h"

struct work {
	unsigned done, released; /* atomic */
	unsigned fail_at; /* number of the job that fails; 0: none */
	bool hold, several; /* atomic: wait with what is to be done; several came at once */
};

static int work(const struct pipeline_job *jobs, size_t count, struct blob_codec *codec,
	bool failed, void *context, struct err *err)
{
	struct work *state = context;
	size_t bytes = 0;
	int r = 0;

	ck_assert(count >= 1 && count <= PIPELINE_BATCH_MAX);
	for (size_t i = 0; i < count; i++) {
		/* In order, none left out. */
		ck_assert_uint_eq(jobs[i].number, jobs[0].number + i);
		bytes += jobs[i].size;
		slab_unref(jobs[i].part);
		if (state->fail_at && jobs[i].number == state->fail_at && !failed)
			r = err_set(err, ERR_SPACE, ENOSPC, "job %u", jobs[i].number);
	}
	ck_assert(count == 1 || bytes <= 2u << 20);
	if (failed) {
		__atomic_add_fetch(&state->released, count, __ATOMIC_SEQ_CST);
		return 0;
	}
	ck_assert_ptr_nonnull(codec);
	while (__atomic_load_n(&state->hold, __ATOMIC_SEQ_CST))
		sched_yield();
	if (count > 1)
		__atomic_store_n(&state->several, true, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&state->done, count, __ATOMIC_SEQ_CST);
	return r;
}

START_TEST(all_are_done)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_pipeline struct pipeline *pipeline = NULL;
	struct work state = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(pipeline_new(repository, 3, work, &state, &pipeline, &err), 0);
	for (uint32_t i = 1; i <= 5000; i++) {
		const struct pipeline_job job = {.number = i};

		ck_assert_int_eq(pipeline_push(pipeline, &job, &err), 0);
	}
	ck_assert_int_eq(pipeline_drain(pipeline, &err), 0);
	ck_assert_uint_eq(state.done, 5000);
}
END_TEST

/* What has queued up behind a slow job comes several at once, unless it is long. */
START_TEST(short_ones_come_together)
{
	const size_t size = _i ? 3u << 20 : 1000;
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_pipeline struct pipeline *pipeline = NULL;
	struct work state = {.hold = true};
	struct err err = ERR_INIT;

	ck_assert_int_eq(pipeline_new(repository, 1, work, &state, &pipeline, &err), 0);
	for (uint32_t i = 1; i <= 200; i++) {
		const struct pipeline_job job = {.number = i, .size = size};

		ck_assert_int_eq(pipeline_push(pipeline, &job, &err), 0);
	}
	__atomic_store_n(&state.hold, false, __ATOMIC_SEQ_CST);
	ck_assert_int_eq(pipeline_drain(pipeline, &err), 0);
	ck_assert_uint_eq(state.done, 200);
	ck_assert_int_eq(state.several, _i == 0);
}
END_TEST

START_TEST(the_first_failure_stops)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	cleanup_slab_pool struct slab_pool *pool = NULL;
	cleanup_pipeline struct pipeline *pipeline = NULL;
	struct work state = {.fail_at = 100};
	struct err err = ERR_INIT;
	struct slab *slab;
	unsigned pushed = 0;
	int r = 0;

	ck_assert_int_eq(slab_pool_new(2, &pool, &err), 0);
	ck_assert_int_eq(pipeline_new(repository, 2, work, &state, &pipeline, &err), 0);
	slab = slab_get(pool);
	for (uint32_t i = 1; r >= 0 && i <= 100000; i++) {
		const struct pipeline_job job = {.number = i, .part = slab};

		slab_ref(slab);
		r = pipeline_push(pipeline, &job, &err);
		pushed++;
	}
	ck_assert_int_eq(r, -ENOSPC);
	ck_assert_int_eq(pipeline_drain(pipeline, &err), -ENOSPC);
	ck_assert_str_eq(err.text, "job 100");
	/* Each job was handed to the work function once, and let go of its slab. */
	ck_assert_uint_eq(state.done + state.released, pushed);
	ck_assert_uint_eq(slab->references, 1);
	slab_unref(slab);
	slab = slab_get(pool);
	slab_unref(slab);
}
END_TEST

static void aside(void *context, const bool *stop)
{
	unsigned *seen = context;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
		__atomic_add_fetch(seen, 1, __ATOMIC_RELAXED);
}

START_TEST(aside_is_joined)
{
	struct store *store;
	cleanup_repository struct repository *repository = room_repository(&store);
	struct pipeline *pipeline = NULL;
	struct work state = {0};
	struct err err = ERR_INIT;
	unsigned seen = 0;

	ck_assert_int_eq(pipeline_new(repository, 1, work, &state, &pipeline, &err), 0);
	ck_assert_int_eq(pipeline_aside(pipeline, aside, &seen, &err), 0);
	ck_assert_int_eq(pipeline_aside(pipeline, aside, &seen, &err), -EBUSY);
	pipeline_free(pipeline);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("pipeline");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, all_are_done);
	tcase_add_loop_test(tcase, short_ones_come_together, 0, 2);
	tcase_add_test(tcase, the_first_failure_stops);
	tcase_add_test(tcase, aside_is_joined);
	return unit_main("pipeline", tcase);
}
