#include "fleet/contract.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define R "{\"schema\":\"nexus.request/1\",\"id\":3,"

static const struct {
	const char *line;
	int result;
	int id; /* that a refusal can be addressed to */
} requests[] = {
	{R "\"op\":\"status\"}", 0, 3},
	{R "\"op\":\"jobs\",\"more\":1}", 0, 3},
	{R "\"op\":\"job\",\"job\":\"a-1\"}", 0, 3},
	{R "\"op\":\"job\"}", -EBADMSG, 3},
	{R "\"op\":\"job\",\"job\":\"../x\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"backup\",\"follow\":true}", 0, 3},
	{R "\"op\":\"run\",\"kind\":\"backup\",\"follow\":1}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"backup\",\"snapshot\":\"latest\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"erase\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"snapshot\":\"latest\",\"target\":\"/a\"}", 0, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"snapshot\":\"01234567\"}", 0, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"snapshot\":\"0123456\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"snapshot\":\"-1234567\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"target\":\"a\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"restore\",\"target\":\"/a\\nb\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"/a\"}", 0, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"https://a/b\",\"size\":7,\"now\":true}",
		0, 3},
	{R "\"op\":\"run\",\"kind\":\"update\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"ftp://a\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"/a\",\"sha256\":\"0A\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"/a\",\"size\":0}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"/a\",\"older\":1}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"update\",\"source\":\"/a\",\"target\":\"/b\"}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"backup\",\"now\":true}", -EBADMSG, 3},
	{R "\"op\":\"run\",\"kind\":\"check\",\"source\":\"/a\"}", -EBADMSG, 3},
	{R "\"op\":\"put\",\"size\":5,\"sha256\":\"" DIGEST "\"}", 0, 3},
	{R "\"op\":\"put\",\"sha256\":\"" DIGEST "\"}", -EBADMSG, 3},
	{R "\"op\":\"put\",\"size\":5}", -EBADMSG, 3},
	{R "\"op\":\"put\",\"size\":5,\"sha256\":\"../../../etc/passwd\"}", -EBADMSG, 3},
	{R "\"op\":\"put\",\"size\":17179869185,\"sha256\":\"" DIGEST "\"}", -EBADMSG, 3},
	{R "\"op\":\"log\"}", 0, 3},
	{R "\"op\":\"log\",\"lines\":2000,\"unit\":\"nexus-*\"}", 0, 3},
	{R "\"op\":\"log\",\"lines\":2001}", -EBADMSG, 3},
	{R "\"op\":\"log\",\"lines\":0}", -EBADMSG, 3},
	{R "\"op\":\"log\",\"unit\":\"--help\"}", -EBADMSG, 3},
	{R "\"op\":\"log\",\"unit\":\"a b\"}", -EBADMSG, 3},
	{R "\"op\":\"adopt\",\"operator_key\":\"ssh-ed25519 AAAA\"}", 0, 3},
	{R "\"op\":\"adopt\",\"operator_key\":\"\"}", -EBADMSG, 3},
	{R "\"op\":\"adopt\",\"operator_key\":\"a\\nb\"}", -EBADMSG, 3},
	{R "\"op\":7}", -EBADMSG, 3},
	{R "\"op\":\"format\"}", -EBADMSG, 3},
	{"{\"id\":4,\"op\":\"status\"}", -EBADMSG, 4},
	{"{\"schema\":\"nexus.request/1\",\"op\":\"status\"}", -EBADMSG, 0},
	{"{\"schema\":\"nexus.request/1\",\"id\":-1,\"op\":\"status\"}", -EBADMSG, 0},
	{"", -EBADMSG, 0},
	{"null", -EBADMSG, 0},
};

START_TEST(reads_requests)
{
	struct fleet_contract_request request;
	struct err err = ERR_INIT;
	int64_t id = 99;

	ck_assert_int_eq(fleet_contract_request_parse(
				 requests[_i].line, strlen(requests[_i].line), &request, &id, &err),
		requests[_i].result);
	ck_assert_int_eq(id, requests[_i].id);
}
END_TEST

START_TEST(requests_go_round)
{
	struct fleet_contract_request request = {.id = 5,
		.op = FLEET_CONTRACT_RUN,
		.kind = "restore",
		.snapshot = "latest",
		.target = "/data/restore/x",
		.follow = true};
	struct fleet_contract_request again;
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_contract_request_format(&request, &line, &err), 0);
	ck_assert_ptr_null(strchr(line, '\n'));
	ck_assert_int_eq(fleet_contract_request_parse(line, strlen(line), &again, NULL, &err), 0);
	ck_assert_mem_eq(&again, &request, sizeof(request));
}
END_TEST

START_TEST(reads_answers_to_put)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer event = {0}, answer = {0};
	cleanup_free char *have_line = NULL, *path_line = NULL;
	struct err err = ERR_INIT;
	uint64_t have = 0;
	char path[32];

	ck_assert_int_eq(fleet_contract_have_format(7, 1500000, &have_line, &err), 0);
	ck_assert_int_eq(
		fleet_contract_answer_parse(have_line, strlen(have_line), &event, &err), 0);
	ck_assert(event.is_event);
	ck_assert_int_eq(fleet_contract_answer_have(&event, &have, &err), 0);
	ck_assert_uint_eq(have, 1500000);
	ck_assert_int_eq(fleet_contract_answer_path(&event, path, sizeof(path), &err), -EBADMSG);
	ck_assert_int_eq(fleet_contract_path_format(7, "/data/x\033", &path_line, &err), 0);
	ck_assert_int_eq(
		fleet_contract_answer_parse(path_line, strlen(path_line), &answer, &err), 0);
	ck_assert(!answer.is_event && answer.ok);
	ck_assert_int_eq(fleet_contract_answer_path(&answer, path, sizeof(path), &err), 0);
	ck_assert_str_eq(path, "/data/x?");
	ck_assert_int_eq(fleet_contract_answer_path(&answer, path, 8, &err), -EBADMSG);
	ck_assert_int_eq(fleet_contract_answer_have(&answer, &have, &err), -EBADMSG);
}
END_TEST

START_TEST(updates_go_round)
{
	struct fleet_contract_request request = {.id = 6,
		.op = FLEET_CONTRACT_RUN,
		.kind = "update",
		.source = "https://example.org/b.raucb",
		.size = FLEET_CONTRACT_BUNDLE_MAX,
		.older = true,
		.now = true,
		.only_check = true};
	struct fleet_contract_request again;
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;

	memset(request.sha256, 'a', sizeof(request.sha256) - 1);
	ck_assert_int_eq(fleet_contract_request_format(&request, &line, &err), 0);
	ck_assert_int_eq(fleet_contract_request_parse(line, strlen(line), &again, NULL, &err), 0);
	ck_assert_mem_eq(&again, &request, sizeof(request));
	request.size++;
	free(TAKE(line));
	ck_assert_int_eq(fleet_contract_request_format(&request, &line, &err), -EINVAL);
}
END_TEST

START_TEST(refuses_to_write_what_is_refused)
{
	struct fleet_contract_request request = {
		.id = 5, .op = FLEET_CONTRACT_RUN, .kind = "erase"};
	struct err err = ERR_INIT;
	char *line = NULL;

	ck_assert_int_eq(fleet_contract_request_format(&request, &line, &err), -EINVAL);
	ck_assert_ptr_null(line);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
}
END_TEST

/* A line of exactly the maximum is read, one byte more is not. */
START_TEST(bounds_a_line)
{
	size_t size = FLEET_CONTRACT_REQUEST_MAX;
	cleanup_free char *line = malloc(size + 2);
	static const char start[] = R "\"op\":\"status\",\"x\":\"";
	struct fleet_contract_request request;
	struct err err = ERR_INIT;

	memset(line, 'a', size + 2);
	memcpy(line, start, strlen(start));
	memcpy(line + size - 2, "\"}", 2);
	ck_assert_int_eq(fleet_contract_request_parse(line, size, &request, NULL, &err), 0);
	memcpy(line + size - 2, "a\"}", 3);
	ck_assert_int_eq(
		fleet_contract_request_parse(line, size + 1, &request, NULL, &err), -EFBIG);
}
END_TEST

START_TEST(bounds_a_member)
{
	struct fleet_contract_request request = {.id = 1, .op = FLEET_CONTRACT_ADOPT};
	cleanup_free char *line = NULL, *longer = NULL;
	struct err err = ERR_INIT;

	memset(request.operator_key, 'k', sizeof(request.operator_key) - 1);
	ck_assert_int_eq(fleet_contract_request_format(&request, &line, &err), 0);
	longer = str_printf(R "\"op\":\"adopt\",\"operator_key\":\"%sk\"}", request.operator_key);
	ck_assert_int_eq(fleet_contract_request_parse(longer, strlen(longer), &request, NULL, &err),
		-EBADMSG);
}
END_TEST

START_TEST(answers_go_round)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_job job = {.id = "a", .kind = "check", .state = FLEET_JOB_DONE}, again;
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(
		fleet_contract_answer_format(9, "job", fleet_job_to_json(&job), &line, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_parse(line, strlen(line), &answer, &err), 0);
	ck_assert(answer.ok && !answer.is_event && answer.id == 9);
	ck_assert_int_eq(fleet_contract_answer_job(&answer, &again, &err), 0);
	ck_assert_mem_eq(&again, &job, sizeof(job));
}
END_TEST

START_TEST(events_go_round)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_job job = {.id = "a", .kind = "check", .state = FLEET_JOB_RUNNING};
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_contract_event_format(9, &job, &line, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_parse(line, strlen(line), &answer, &err), 0);
	ck_assert(answer.is_event);
}
END_TEST

START_TEST(refusals_go_round)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_free char *line = NULL;
	struct err why = ERR_INIT, err = ERR_INIT;

	err_set(&why, ERR_LOCKED, EBUSY, "too\nmuch");
	ck_assert_int_eq(fleet_contract_error_format(2, &why, &line, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_parse(line, strlen(line), &answer, &err), 0);
	ck_assert(!answer.ok);
	ck_assert_int_eq(answer.why.kind, ERR_LOCKED);
	ck_assert_int_eq(answer.why.code, EBUSY);
	ck_assert_str_eq(answer.why.text, "too?much");
}
END_TEST

START_TEST(adoption_goes_round)
{
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	struct fleet_contract_adopted adopted = {.box_id = "i",
					      .name = "n",
					      .version = "v",
					      .distribution = "debian"},
				      again = {0};
	cleanup_free char *line = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_contract_adopted_format(2, &adopted, &line, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_parse(line, strlen(line), &answer, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_adopted(&answer, &again, &err), 0);
	ck_assert_mem_eq(&again, &adopted, sizeof(again));
}
END_TEST

START_TEST(reads_lines)
{
	static const char line[] = "{\"schema\":\"nexus.answer/1\",\"id\":1,\"ok\":true,"
				   "\"lines\":[\"a\",\"b\\u001b[1m\",7]}";
	cleanup_fleet_contract_answer struct fleet_contract_answer answer = {0};
	cleanup_str_list struct str_list lines = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_contract_answer_parse(line, strlen(line), &answer, &err), 0);
	ck_assert_int_eq(fleet_contract_answer_lines(&answer, &lines, &err), 0);
	ck_assert_uint_eq(lines.count, 3);
	ck_assert_str_eq(lines.items[1], "b?[1m");
	ck_assert_str_eq(lines.items[2], "");
}
END_TEST

static const char *const bad_answers[] = {
	"",
	"{}",
	"{\"schema\":\"nexus.answer/1\",\"id\":1}",
	"{\"schema\":\"nexus.answer/1\",\"ok\":true}",
	"{\"schema\":\"nexus.answer/2\",\"id\":1,\"ok\":true}",
	"{\"schema\":\"nexus.answer/1\",\"id\":1,\"ok\":\"yes\"}",
};

START_TEST(refuses_bad_answers)
{
	struct fleet_contract_answer answer = {0};
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_contract_answer_parse(
				 bad_answers[_i], strlen(bad_answers[_i]), &answer, &err),
		-EBADMSG);
	ck_assert_ptr_null(answer.json);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("contract");

	tcase_add_loop_test(tcase, reads_requests, 0, COUNT(requests));
	tcase_add_test(tcase, requests_go_round);
	tcase_add_test(tcase, reads_answers_to_put);
	tcase_add_test(tcase, updates_go_round);
	tcase_add_test(tcase, refuses_to_write_what_is_refused);
	tcase_add_test(tcase, bounds_a_line);
	tcase_add_test(tcase, bounds_a_member);
	tcase_add_test(tcase, answers_go_round);
	tcase_add_test(tcase, events_go_round);
	tcase_add_test(tcase, refusals_go_round);
	tcase_add_test(tcase, adoption_goes_round);
	tcase_add_test(tcase, reads_lines);
	tcase_add_loop_test(tcase, refuses_bad_answers, 0, COUNT(bad_answers));
	return unit_main("contract", tcase);
}
