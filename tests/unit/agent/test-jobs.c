#include "agent/jobs.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"

static uint64_t fake_now_us = 1800000000ull * 1000000;

static uint64_t fake_realtime(void *context)
{
	(void)context;
	return fake_now_us += 1000000;
}

static const struct clock fake_clock = {
	.realtime_us = fake_realtime, .monotonic_us = fake_realtime};

/* What was started last, and whether the next start is to fail. */
struct world {
	char started[FLEET_JOB_ID_SIZE];
	bool refuse;
	int changes;
};

static int start(void *context, const struct fleet_job *job, struct err *err)
{
	struct world *world = context;

	if (world->refuse)
		return err_set(err, ERR_DENIED, EACCES, "start: no");
	memcpy(world->started, job->id, sizeof(world->started));
	return 0;
}

static void changed(void *context, const struct fleet_job *job)
{
	(void)job;
	((struct world *)context)->changes++;
}

static const struct jobs_ops ops = {.start = start, .changed = changed};
static struct world world;
static struct jobs *jobs;

static void open_jobs(void)
{
	struct err err = ERR_INIT;

	ck_assert_msg(jobs_open(check_dir_fd, &ops, &world, &fake_clock, &jobs, &err) == 0, "%s",
		err.text);
}

static void reopen(void)
{
	jobs_free(jobs);
	open_jobs();
}

static void set_up(void)
{
	check_dir_make();
	world = (struct world){0};
	open_jobs();
}

static void tear_down(void)
{
	jobs_free(jobs);
	check_dir_remove();
}

static int add(const char *kind, char id[FLEET_JOB_ID_SIZE])
{
	struct fleet_contract_request request = {.id = 1, .op = FLEET_CONTRACT_RUN};
	struct err err = ERR_INIT;

	snprintf(request.kind, sizeof(request.kind), "%s", kind);
	return jobs_add(jobs, &request, id, &err);
}

START_TEST(runs_one_at_a_time)
{
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	ck_assert_int_eq(add("restore", b), 0);
	jobs_go_on(jobs);
	jobs_go_on(jobs);
	ck_assert_str_eq(world.started, a);
	ck_assert_int_eq(jobs_find(jobs, b)->state, FLEET_JOB_QUEUED);
	jobs_ended(jobs, a, true, NULL);
	ck_assert_str_eq(world.started, b);
	ck_assert_int_eq(jobs_find(jobs, a)->state, FLEET_JOB_DONE);
	jobs_ended(jobs, b, false, "because");
	ck_assert_str_eq(jobs_find(jobs, b)->result.message, "because");
	ck_assert_ptr_null(jobs_running(jobs));
}
END_TEST

START_TEST(does_not_double_a_backup)
{
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	ck_assert_int_eq(add("backup", b), 0);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(add("restore", a), 0);
	ck_assert_int_eq(add("restore", b), 0);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(bounds_the_queue)
{
	char id[FLEET_JOB_ID_SIZE];

	for (int i = 0; i < JOBS_WAITING_MAX; i++)
		ck_assert_int_eq(add("restore", id), 0);
	ck_assert_int_eq(add("restore", id), -EBUSY);
	jobs_go_on(jobs); /* one runs: there is room again */
	ck_assert_int_eq(add("restore", id), 0);
	ck_assert_int_eq(add("restore", id), -EBUSY);
	reopen();
	ck_assert_int_eq(add("restore", id), -EBUSY);
}
END_TEST

START_TEST(forgets_the_oldest_but_not_the_last_backup)
{
	char backup[FLEET_JOB_ID_SIZE], id[FLEET_JOB_ID_SIZE], first[FLEET_JOB_ID_SIZE] = "";

	ck_assert_int_eq(add("backup", backup), 0);
	jobs_go_on(jobs);
	jobs_ended(jobs, backup, true, NULL);
	for (int i = 0; i < 3 * JOBS_ENDED_MAX; i++) {
		ck_assert_int_eq(add("check", id), 0);
		if (!i)
			memcpy(first, id, sizeof(id));
		jobs_go_on(jobs);
		jobs_ended(jobs, id, false, NULL);
	}
	ck_assert_ptr_null(jobs_find(jobs, first));
	ck_assert_ptr_nonnull(jobs_find(jobs, backup));
	ck_assert_ptr_nonnull(jobs_get(jobs, JOBS_ENDED_MAX - 1));
	ck_assert_ptr_null(jobs_get(jobs, JOBS_ENDED_MAX));
	reopen();
	ck_assert_str_eq(jobs_last(jobs, "backup", FLEET_JOB_DONE)->id, backup);
	ck_assert_str_eq(jobs_get(jobs, 0)->id, id);
	ck_assert_ptr_null(jobs_get(jobs, JOBS_ENDED_MAX));
}
END_TEST

static void put_record(int number, const char *kind, enum fleet_job_state state)
{
	struct record record = {.sequence = (uint64_t)number,
		.job = {.state = state, .started_s = number, .ended_s = number},
		.request = {.id = 1, .op = FLEET_CONTRACT_RUN}};
	struct err err = ERR_INIT;

	snprintf(record.job.id, sizeof(record.job.id), "20260101-000000-%06x", number);
	snprintf(record.job.kind, sizeof(record.job.kind), "%s", kind);
	snprintf(record.request.kind, sizeof(record.request.kind), "%s", kind);
	ck_assert_msg(record_write(check_dir_fd, &record, &err) == 0, "%s", err.text);
}

/* More records than there is room for, as when a full disk kept them from being removed; in
 * which order the folder gives them is its own affair. */
START_TEST(prunes_what_it_finds)
{
	const char *backup = "20260101-000000-000001";
	char name[64];
	int files = 0;

	if (_i == 0)
		put_record(1, "backup", FLEET_JOB_DONE);
	for (int number = 2; number <= 60; number++)
		put_record(number, "check", FLEET_JOB_FAILED);
	if (_i == 1)
		put_record(1, "backup", FLEET_JOB_DONE);
	reopen();
	ck_assert_ptr_null(jobs_get(jobs, JOBS_ENDED_MAX));
	for (int number = 60; number > 60 - JOBS_ENDED_MAX + 1; number--) {
		snprintf(name, sizeof(name), "20260101-000000-%06x", number);
		ck_assert_str_eq(jobs_get(jobs, (size_t)(60 - number))->id, name);
	}
	ck_assert_str_eq(jobs_last(jobs, "backup", FLEET_JOB_DONE)->id, backup);
	for (int number = 1; number <= 60; number++) {
		snprintf(name, sizeof(name), "20260101-000000-%06x.json", number);
		files += check_dir_has(name);
	}
	ck_assert_int_eq(files, JOBS_ENDED_MAX);
}
END_TEST

START_TEST(survives_a_restart)
{
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	jobs_go_on(jobs);
	ck_assert_int_eq(add("check", b), 0);
	reopen();
	ck_assert_str_eq(jobs_running(jobs)->id, a);
	ck_assert_int_eq(jobs_find(jobs, b)->state, FLEET_JOB_QUEUED);
	jobs_ended(jobs, a, false, "interrupted");
	ck_assert_str_eq(world.started, b);
}
END_TEST

START_TEST(keeps_the_order_whatever_the_clock_says)
{
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("restore", a), 0);
	fake_now_us -= 365ull * 86400 * 1000000;
	ck_assert_int_eq(add("restore", b), 0);
	reopen();
	ck_assert_str_eq(jobs_get(jobs, 0)->id, b);
	jobs_go_on(jobs);
	ck_assert_str_eq(world.started, a);
	fake_now_us += 365ull * 86400 * 1000000;
}
END_TEST

START_TEST(a_refused_start_ends_the_job)
{
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	ck_assert_int_eq(add("check", b), 0);
	world.refuse = true;
	jobs_go_on(jobs);
	ck_assert_int_eq(jobs_find(jobs, a)->state, FLEET_JOB_FAILED);
	ck_assert_int_eq(jobs_find(jobs, b)->state, FLEET_JOB_FAILED);
	ck_assert_str_eq(jobs_find(jobs, a)->result.message, "start: no");
}
END_TEST

START_TEST(takes_reports_of_the_running_job_alone)
{
	struct fleet_job report = {.has_progress = true, .progress = {.percent = 40}};
	char a[FLEET_JOB_ID_SIZE], b[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	ck_assert_int_eq(add("check", b), 0);
	jobs_go_on(jobs);
	memcpy(report.id, b, sizeof(b));
	jobs_report(jobs, &report);
	ck_assert(!jobs_find(jobs, b)->has_progress);
	memcpy(report.id, a, sizeof(a));
	report.state = FLEET_JOB_DONE; /* its unit says when it has ended, not the report */
	jobs_report(jobs, &report);
	ck_assert(jobs_find(jobs, a)->has_progress);
	ck_assert_int_eq(jobs_find(jobs, a)->state, FLEET_JOB_RUNNING);
}
END_TEST

START_TEST(puts_bad_records_aside)
{
	char a[FLEET_JOB_ID_SIZE];

	ck_assert_int_eq(add("backup", a), 0);
	check_dir_put("torn.json", "{\"schema\":\"nexus.jo");
	check_dir_put("..json", "{}");
	check_dir_put("UPPER.json", "{}");
	check_dir_put("a.json.0123456789abcdef.tmp", "x");
	reopen();
	ck_assert_ptr_nonnull(jobs_find(jobs, a));
	ck_assert_ptr_null(jobs_get(jobs, 1));
	ck_assert(check_dir_has("torn.json.bad"));
	ck_assert(check_dir_has("UPPER.json.bad"));
	ck_assert(!check_dir_has("a.json.0123456789abcdef.tmp"));
}
END_TEST

START_TEST(a_record_of_another_name_is_bad)
{
	char a[FLEET_JOB_ID_SIZE], name[FLEET_JOB_ID_SIZE + 8];

	ck_assert_int_eq(add("backup", a), 0);
	snprintf(name, sizeof(name), "%s.json", a);
	ck_assert_int_eq(renameat(check_dir_fd, name, check_dir_fd, "other.json"), 0);
	reopen();
	ck_assert_ptr_null(jobs_get(jobs, 0));
	ck_assert(check_dir_has("other.json.bad"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("jobs");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, runs_one_at_a_time);
	tcase_add_test(tcase, does_not_double_a_backup);
	tcase_add_test(tcase, bounds_the_queue);
	tcase_add_test(tcase, forgets_the_oldest_but_not_the_last_backup);
	tcase_add_loop_test(tcase, prunes_what_it_finds, 0, 2);
	tcase_add_test(tcase, survives_a_restart);
	tcase_add_test(tcase, keeps_the_order_whatever_the_clock_says);
	tcase_add_test(tcase, a_refused_start_ends_the_job);
	tcase_add_test(tcase, takes_reports_of_the_running_job_alone);
	tcase_add_test(tcase, puts_bad_records_aside);
	tcase_add_test(tcase, a_record_of_another_name_is_bad);
	return unit_main("jobs", tcase);
}
