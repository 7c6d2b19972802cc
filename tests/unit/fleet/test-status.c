#include "fleet/status.h"

#include <errno.h>
#include <string.h>

#include "../check_read.h"
#include "base/buf.h"

#define GOLDEN "tests/golden/fleet/status.json"

/* The document of the golden file. */
static void fill(struct fleet_status *status)
{
	*status = (struct fleet_status){
		.time_s = 1795340692,
		.box = {.id = "0123456789abcdef0123456789abcdef",
			.name = "caja-1",
			.version = "0.1.0",
			.distribution = "debian",
			.adopted = true},
		.uptime_s = 86400,
		.slots = {{.name = "A",
				  .version = "0.1.0",
				  .ok = true,
				  .proven = true,
				  .state = "good"},
			{.name = "B", .tries = 3, .state = "bad"}},
		.slot_count = 2,
		.boot = {.mode = "installed",
			.slot = "A",
			.proven = "A",
			.good = true,
			.count = 12,
			.power_cuts = 3,
			.power_cut_times_s = {1795000000, 1795100000},
			.power_cut_times = 2},
		.memory = {.total_bytes = 4123456789,
			.available_bytes = 2123456789,
			.agent_rss_bytes = 4194304},
		.filesystems = {{"/data", 240000000000, 120000000000}},
		.filesystem_count = 1,
		.disks = {{.name = "sda",
			.model = "WDC WD5000AAKX",
			.serial = "WD-1",
			.smart = "passed",
			.has_temperature = true,
			.temperature_c = 38,
			.warnings = {"8 sectors were replaced."},
			.warning_count = 1}},
		.disk_count = 1,
		.has_temperature = true,
		.temperature_c = 51.25,
		.failed_units = {"foo.service"},
		.failed_unit_count = 1,
		.clock_synchronized = true,
		.backup = {.last_success_s = 1795300000,
			.last_result = "done",
			.snapshot = "0123456789abcdef",
			.next_s = 1795390000},
		.jobs = {{.id = "20261122-020000-00ab12",
			.kind = "backup",
			.state = FLEET_JOB_DONE,
			.started_s = 1795299000,
			.ended_s = 1795300000,
			.has_result = true,
			.result = {.snapshot = "0123456789abcdef",
				.data_added_bytes = 123456,
				.max_rss_bytes = 90000000}}},
		.job_count = 1,
	};
	fleet_status_add_check(
		status, "space", FLEET_STATUS_OK, "/data has 50 % of its space free.");
	fleet_status_add_check(
		status, "units", FLEET_STATUS_WARN, "1 service has failed: foo.service.");
}

START_TEST(format_stays_the_same)
{
	cleanup_free struct fleet_status *status = malloc(sizeof(*status));
	cleanup_free char *golden = check_read(GOLDEN, NULL), *text = NULL;
	struct err err = ERR_INIT;

	fill(status);
	ck_assert_int_eq(fleet_status_format(status, &text, &err), 0);
	ck_assert_str_eq(text, str_strip(golden));
}
END_TEST

START_TEST(reads_what_it_wrote)
{
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	cleanup_free struct fleet_status *expected = malloc(sizeof(*expected));
	cleanup_free char *golden = NULL, *text = NULL;
	struct err err = ERR_INIT;
	size_t size;

	fill(expected);
	golden = check_read(GOLDEN, &size);
	ck_assert_int_eq(fleet_status_parse(golden, size, status, &err), 0);
	ck_assert_int_eq(status->level, FLEET_STATUS_WARN);
	ck_assert_double_eq_tol(status->temperature_c, 51.3, 0.001);
	expected->temperature_c = status->temperature_c;
	ck_assert_int_eq(fleet_status_format(status, &text, &err), 0);
	ck_assert_str_eq(text, str_strip(golden));
	ck_assert_mem_eq(&status->boot, &expected->boot, sizeof(status->boot));
	ck_assert_mem_eq(&status->slots, &expected->slots, sizeof(status->slots));
	ck_assert_mem_eq(&status->disks[0], &expected->disks[0], sizeof(status->disks[0]));
}
END_TEST

#define HEAD                                                                                       \
	"{\"schema\":\"nexus.status/1\",\"time\":\"2026-11-22T09:44:52Z\",\"box\":{\"id\":\"x\"}," \
	"\"health\":{\"level\":\"ok\"}"

static const struct {
	const char *text;
	int result;
} texts[] = {
	{HEAD "}", 0},
	{HEAD ",\"news\":[1,2,{}]}", 0},
	{HEAD ",\"disks\":7,\"filesystems\":{},\"boot\":[],\"memory\":\"x\"}", 0},
	{HEAD ",\"slots\":[{},{},{}]}", 0},
	{HEAD ",\"slots\":[7,\"x\"]}", 0},
	{HEAD ",\"temperature_c\":1e300}", -EBADMSG}, /* no number that JSON here takes */
	{HEAD ",\"temperature_c\":100000}", 0},
	{HEAD ",\"jobs\":[{}]}", -EBADMSG},
	{"{\"schema\":\"nexus.status/1\",\"box\":{\"id\":\"x\"},\"health\":{\"level\":\"ok\"}}",
		-EBADMSG}, /* no time */
	{"{\"schema\":\"nexus.status/1\",\"time\":\"2026-11-22T09:44:52Z\",\"box\":{\"id\":\"x\"},"
	 "\"health\":{}}",
		-EBADMSG},
	{"{}", -EBADMSG},
	{"[]", -EBADMSG},
	{"", -EBADMSG},
	{"{\"schema\":\"nexus.status/2\",\"time\":\"2026-11-22T09:44:52Z\",\"box\":{\"id\":\"x\"},"
	 "\"health\":{\"level\":\"ok\"}}",
		-EBADMSG},
	{"{\"schema\":\"nexus.status/1\",\"time\":\"2026-11-22T09:44:52Z\",\"box\":{\"id\":\"x\"},"
	 "\"health\":{\"level\":\"fine\"}}",
		-EBADMSG},
};

START_TEST(reads_with_care)
{
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_status_parse(texts[_i].text, strlen(texts[_i].text), status, &err),
		texts[_i].result);
	if (texts[_i].result == 0)
		ck_assert(!status->has_temperature);
	else
		ck_assert_str_eq(status->box.id, "");
}
END_TEST

/* Each list holds its maximum and drops what is past it. */
START_TEST(bounds_its_lists)
{
	static const struct {
		const char *key, *item;
	} lists[] = {
		{"failed_units", "\"u\""},
		{"disks", "{\"warnings\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}"},
		{"filesystems", "{\"path\":\"/\"}"},
		{"jobs", "{\"id\":\"a\",\"kind\":\"backup\",\"state\":\"done\"}"},
	};
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	cleanup_buf struct buf buf = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	ck_assert_int_eq(buf_add_text(&buf, HEAD, &err), 0);
	for (int i = 0; i < COUNT(lists); i++) {
		ck_assert_int_ge(
			buf_printf(&buf, &err, ",\"%s\":[%s", lists[i].key, lists[i].item), 0);
		for (int n = 1; n < 33; n++)
			ck_assert_int_ge(buf_printf(&buf, &err, ",%s", lists[i].item), 0);
		ck_assert_int_eq(buf_add_text(&buf, "]", &err), 0);
	}
	ck_assert_int_eq(buf_add_text(&buf, "}", &err), 0);
	ck_assert_int_eq(fleet_status_parse((const char *)buf.data, buf.size, status, &err), 0);
	ck_assert_uint_eq(status->failed_unit_count, FLEET_STATUS_UNITS_MAX);
	ck_assert_uint_eq(status->disk_count, FLEET_STATUS_DISKS_MAX);
	ck_assert_uint_eq(status->disks[15].warning_count, FLEET_STATUS_WARNINGS_MAX);
	ck_assert_uint_eq(status->filesystem_count, FLEET_STATUS_FILESYSTEMS_MAX);
	ck_assert_uint_eq(status->job_count, FLEET_STATUS_JOBS_MAX);
}
END_TEST

START_TEST(makes_hostile_text_harmless)
{
	static const char text[] =
		"{\"schema\":\"nexus.status/1\",\"time\":\"2026-11-22T09:44:52Z\","
		"\"box\":{\"id\":\"x\",\"name\":\"\\u001b]0;owned\\u0007\"},\"health\":{\"level\":"
		"\"ok\","
		"\"checks\":[{\"id\":\"a\",\"level\":\"ok\",\"text\":\"one\\ntwo\\u202e\"}]}}";
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));
	struct err err = ERR_INIT;

	ck_assert_int_eq(fleet_status_parse(text, strlen(text), status, &err), 0);
	ck_assert_str_eq(status->box.name, "?]0;owned?");
	ck_assert_str_eq(status->checks[0].text, "one?two???");
}
END_TEST

START_TEST(counts_checks)
{
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));

	for (int i = 0; i < FLEET_STATUS_CHECKS_MAX; i++)
		fleet_status_add_check(status, "x", FLEET_STATUS_OK, "fine");
	fleet_status_add_check(status, "y", FLEET_STATUS_FAIL, "not fine");
	ck_assert_uint_eq(status->check_count, FLEET_STATUS_CHECKS_MAX);
	ck_assert_int_eq(status->level, FLEET_STATUS_FAIL);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("status");

	tcase_add_test(tcase, format_stays_the_same);
	tcase_add_test(tcase, reads_what_it_wrote);
	tcase_add_loop_test(tcase, reads_with_care, 0, COUNT(texts));
	tcase_add_test(tcase, bounds_its_lists);
	tcase_add_test(tcase, makes_hostile_text_harmless);
	tcase_add_test(tcase, counts_checks);
	return unit_main("status", tcase);
}
