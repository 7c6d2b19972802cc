#include "fleet/job.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

static const struct {
	const char *id;
	bool valid;
} ids[] = {
	{"20261122-094452-3f2a1b", true},
	{"a", true},
	{"", false},
	{"-a", false},
	{"A", false},
	{"a/b", false},
	{"..", false},
	{"a.json", false},
	{"123456789012345678901234567890123456789", true}, /* 39 */
	{"1234567890123456789012345678901234567890", false},
};

START_TEST(judges_ids)
{
	ck_assert_int_eq(fleet_job_id_valid(ids[_i].id), ids[_i].valid);
}
END_TEST

START_TEST(goes_round)
{
	struct fleet_job job = {
		.id = "j1",
		.kind = "backup",
		.state = FLEET_JOB_FAILED,
		.started_s = 1700000000,
		.ended_s = 1700000060,
		.has_progress = true,
		.has_result = true,
		.progress = {.percent = 12.34,
			.bytes_done = 1,
			.bytes_total = 2,
			.eta_s = 3,
			.files_done = 5,
			.files_total = 6},
		.result = {.snapshot = "abcd", .message = "no", .data_added_bytes = 4},
	};
	cleanup_json struct json *json = fleet_job_to_json(&job);
	struct err err = ERR_INIT;
	struct fleet_job again;

	ck_assert_int_eq(fleet_job_from_json(json, &again, &err), 0);
	ck_assert_double_eq_tol(again.progress.percent, 12.3, 0.0001);
	again.progress.percent = job.progress.percent;
	ck_assert_mem_eq(&again, &job, sizeof(job));
}
END_TEST

static const struct {
	const char *text;
	int result;
	double percent;
} texts[] = {
	{"{\"id\":\"a\",\"kind\":\"backup\",\"state\":\"queued\"}", 0, 0},
	{"{\"id\":\"a\",\"kind\":\"b\",\"state\":\"done\",\"progress\":{\"percent\":100}}", 0, 100},
	{"{\"id\":\"a\",\"kind\":\"b\",\"state\":\"done\",\"progress\":{\"percent\":100.5}}", 0, 0},
	{"{\"id\":\"a\",\"kind\":\"b\",\"state\":\"done\",\"progress\":{\"percent\":-1}}", 0, 0},
	{"{\"id\":\"a\",\"kind\":\"backup\",\"state\":\"lost\"}", -EBADMSG, 0},
	{"{\"id\":\"a/../b\",\"kind\":\"backup\",\"state\":\"done\"}", -EBADMSG, 0},
	{"{\"id\":\"a\",\"kind\":\"\",\"state\":\"done\"}", -EBADMSG, 0},
	{"{\"id\":\"a\",\"kind\":\"a very long kind\",\"state\":\"done\"}", -EBADMSG, 0},
	{"{\"id\":7,\"kind\":\"backup\",\"state\":\"done\"}", -EBADMSG, 0},
	{"{\"id\":\"a\",\"kind\":\"backup\",\"state\":\"done\",\"progress\":{\"percent\":1e9}}", 0,
		0},
	{"[]", -EBADMSG, 0},
};

START_TEST(reads_with_care)
{
	cleanup_json struct json *json = NULL;
	struct err err = ERR_INIT;
	struct fleet_job job;

	ck_assert_int_eq(json_parse(texts[_i].text, strlen(texts[_i].text), 4096, &json, &err), 0);
	ck_assert_int_eq(fleet_job_from_json(json, &job, &err), texts[_i].result);
	if (texts[_i].result == 0)
		ck_assert_double_eq_tol(job.progress.percent, texts[_i].percent, 0.0001);
}
END_TEST

START_TEST(knows_states)
{
	enum fleet_job_state state;

	for (int i = FLEET_JOB_QUEUED; i <= FLEET_JOB_FAILED; i++) {
		ck_assert(fleet_job_state_parse(
			fleet_job_state_name((enum fleet_job_state)i), &state));
		ck_assert_int_eq(state, i);
	}
	ck_assert(!fleet_job_state_parse("", &state));
	ck_assert(!fleet_job_state_parse(NULL, &state));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("job");

	tcase_add_loop_test(tcase, judges_ids, 0, COUNT(ids));
	tcase_add_test(tcase, goes_round);
	tcase_add_loop_test(tcase, reads_with_care, 0, COUNT(texts));
	tcase_add_test(tcase, knows_states);
	return unit_main("job", tcase);
}
