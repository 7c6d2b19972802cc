#include "agent/worker/engine.h"

#include <string.h>

#include "../unit.h"

static const struct {
	const char *line;
	enum engine_line kind;
} lines[] = {
	{"{\"message_type\":\"status\",\"percent_done\":0.5}", ENGINE_LINE_STATUS},
	{"{\"message_type\":\"summary\"}", ENGINE_LINE_SUMMARY},
	{"{\"message_type\":\"error\",\"text\":\"x\"}", ENGINE_LINE_ERROR},
	{"{\"message_type\":\"exit_error\",\"code\":10,\"message\":\"x\"}", ENGINE_LINE_ERROR},
	{"{\"message_type\":\"verbose_status\"}", ENGINE_LINE_OTHER},
	{"{\"message_type\":7}", ENGINE_LINE_OTHER},
	{"{\"message_type\":\"status\"", ENGINE_LINE_OTHER},
	{"Fatal: unable to open repository", ENGINE_LINE_OTHER},
	{"", ENGINE_LINE_OTHER},
};

START_TEST(knows_lines)
{
	struct engine_report report = {0};

	ck_assert_int_eq(
		engine_read_line(lines[_i].line, strlen(lines[_i].line), &report), lines[_i].kind);
}
END_TEST

static void take(struct engine_report *report, const char *line)
{
	engine_read_line(line, strlen(line), report);
}

START_TEST(follows_a_backup)
{
	struct engine_report report = {0};

	take(&report, "{\"message_type\":\"status\",\"percent_done\":0.25,\"seconds_remaining\":9,"
		      "\"total_files\":4,\"files_done\":1,\"total_bytes\":100,\"bytes_done\":25}");
	ck_assert(report.has_progress);
	ck_assert_double_eq_tol(report.progress.percent, 25, 0.001);
	ck_assert_uint_eq(report.progress.bytes_done, 25);
	ck_assert_uint_eq(report.progress.files_total, 4);
	ck_assert_uint_eq(report.progress.eta_s, 9);
	take(&report, "{\"message_type\":\"error\",\"error\":{\"message\":\"denied\"},"
		      "\"during\":\"archival\",\"item\":\"/x\"}");
	ck_assert_str_eq(report.result.message, "/x: denied");
	ck_assert_uint_eq(report.errors, 1);
	take(&report, "{\"message_type\":\"summary\",\"data_added\":5,\"total_files_processed\":4,"
		      "\"total_bytes_processed\":100,\"snapshot_id\":\"abcd\"}");
	ck_assert_str_eq(report.result.snapshot, "abcd");
	ck_assert_uint_eq(report.result.data_added_bytes, 5);
	ck_assert_double_eq_tol(report.progress.percent, 100, 0.001);
	ck_assert_uint_eq(report.progress.eta_s, 0);
}
END_TEST

START_TEST(does_not_believe_nonsense)
{
	struct engine_report report = {0};

	take(&report, "{\"message_type\":\"status\",\"percent_done\":7,\"bytes_done\":-3}");
	ck_assert_double_eq_tol(report.progress.percent, 0, 0.001);
	ck_assert_uint_eq(report.progress.bytes_done, 0);
	take(&report, "{\"message_type\":\"error\",\"text\":\"a\\u001b[2J\"}");
	ck_assert_str_eq(report.result.message, "a?[2J");
}
END_TEST

START_TEST(explains_ends)
{
	static const int known[] = {1, 3, 10, 11, 12, 127, 137, 143, 99};

	ck_assert_ptr_null(engine_status_text(0));
	for (int i = 0; i < COUNT(known); i++)
		ck_assert_str_ne(engine_status_text(known[i]), "");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("engine");

	tcase_add_loop_test(tcase, knows_lines, 0, COUNT(lines));
	tcase_add_test(tcase, follows_a_backup);
	tcase_add_test(tcase, does_not_believe_nonsense);
	tcase_add_test(tcase, explains_ends);
	return unit_main("engine", tcase);
}
