#include "agent/health/health.h"

#include <string.h>

#include "../unit.h"

#define NOW 1800000000
#define DAY 86400

static const struct settings settings = {
	.backup_enabled = true,
	.space_warn_percent = 15,
	.space_fail_percent = 5,
	.memory_warn_percent = 10,
	.memory_fail_percent = 3,
	.temperature_warn_c = 80,
	.temperature_fail_c = 95,
	.backup_warn_us = 3ull * DAY * 1000000,
	.backup_fail_us = 8ull * DAY * 1000000,
};

/* A box without a flaw. */
static void fill(struct health_facts *facts)
{
	*facts = (struct health_facts){
		.now_s = NOW,
		.build_s = NOW - 30 * DAY,
		.uptime_s = 5 * DAY,
		.memory = {.total_bytes = 4000, .available_bytes = 2000},
		.has_temperature = true,
		.temperature_c = 50,
		.filesystems = {{"/data", 1000, 500}, {"/", 1000, 900}},
		.filesystem_count = 2,
		.disks = {{.name = "sda", .smart = {.verdict = HW_SMART_PASSED}}},
		.disk_count = 1,
		.system_up = true,
		.clock_synchronized = true,
		.boot = {.mode = "installed", .slot = "A", .good = true},
		.backup = {.last_success_s = NOW - 3600, .last_result = "done"},
		.backup_enabled = true,
	};
}

static enum fleet_status_level level_of(const struct fleet_status *status, const char *id)
{
	for (size_t i = 0; i < status->check_count; i++)
		if (strcmp(status->checks[i].id, id) == 0)
			return status->checks[i].level;
	ck_abort_msg("no check %s", id);
}

static void set_space(struct health_facts *f)
{
	f->filesystems[1].free_bytes = 100;
}

static void set_no_space(struct health_facts *f)
{
	f->filesystems[0].free_bytes = 49;
}

static void set_memory(struct health_facts *f)
{
	f->memory.available_bytes = 200;
}

static void set_no_memory(struct health_facts *f)
{
	f->memory.available_bytes = 80;
}

static void set_warm(struct health_facts *f)
{
	f->temperature_c = 80;
}

static void set_hot(struct health_facts *f)
{
	f->temperature_c = 95.1;
}

static void set_sectors(struct health_facts *f)
{
	f->disks[0].smart.reallocated = 1;
}

static void set_smart(struct health_facts *f)
{
	f->disks[0].smart.verdict = HW_SMART_FAILED;
}

static void set_unit(struct health_facts *f)
{
	f->failed_unit_count = 1;
	snprintf(f->failed_units[0], sizeof(f->failed_units[0]), "foo.service");
}

static void set_clock(struct health_facts *f)
{
	f->clock_synchronized = false;
}

static void set_clock_at_boot(struct health_facts *f)
{
	f->clock_synchronized = false;
	f->uptime_s = 60;
}

static void set_old_clock(struct health_facts *f)
{
	f->now_s = f->build_s - 1;
}

static void set_old_backup(struct health_facts *f)
{
	f->backup.last_success_s = NOW - 4 * DAY;
}

static void set_very_old_backup(struct health_facts *f)
{
	f->backup.last_success_s = NOW - 9 * DAY;
}

static void set_failed_backup(struct health_facts *f)
{
	snprintf(f->backup.last_result, sizeof(f->backup.last_result), "failed");
}

static void set_never_backup(struct health_facts *f)
{
	f->backup = (struct fleet_status_backup){0};
}

static void set_only_failed(struct health_facts *f)
{
	f->backup = (struct fleet_status_backup){.last_result = "failed"};
}

static void set_no_backup(struct health_facts *f)
{
	f->backup_enabled = false;
}

static void set_trial(struct health_facts *f)
{
	f->boot.good = false;
}

static void set_fallback(struct health_facts *f)
{
	f->fallback[0] = 'B';
}

static void set_cuts(struct health_facts *f)
{
	f->boot.power_cut_times = 4;
	f->boot.power_cut_times_s[0] = NOW - 30 * DAY;
	for (int i = 1; i < 4; i++)
		f->boot.power_cut_times_s[i] = NOW - i * 1000;
}

static void set_one_cut(struct health_facts *f)
{
	f->boot.power_cut_times = 1;
	f->boot.power_cut_times_s[0] = NOW - 1000;
}

static void set_settings(struct health_facts *f)
{
	snprintf(f->settings_error, sizeof(f->settings_error), "agent.conf: line 2");
}

static void set_state(struct health_facts *f)
{
	snprintf(f->state_error, sizeof(f->state_error), "no space left");
}

static const struct {
	void (*change)(struct health_facts *facts);
	const char *id;
	enum fleet_status_level level;
} cases[] = {
	{set_space, "space", FLEET_STATUS_WARN},
	{set_no_space, "space", FLEET_STATUS_FAIL},
	{set_memory, "memory", FLEET_STATUS_WARN},
	{set_no_memory, "memory", FLEET_STATUS_FAIL},
	{set_warm, "temperature", FLEET_STATUS_WARN},
	{set_hot, "temperature", FLEET_STATUS_FAIL},
	{set_sectors, "smart", FLEET_STATUS_WARN},
	{set_smart, "smart", FLEET_STATUS_FAIL},
	{set_unit, "units", FLEET_STATUS_WARN},
	{set_clock, "clock", FLEET_STATUS_WARN},
	{set_clock_at_boot, "clock", FLEET_STATUS_OK},
	{set_old_clock, "clock", FLEET_STATUS_FAIL},
	{set_old_backup, "backup", FLEET_STATUS_WARN},
	{set_very_old_backup, "backup", FLEET_STATUS_FAIL},
	{set_failed_backup, "backup", FLEET_STATUS_WARN},
	{set_never_backup, "backup", FLEET_STATUS_WARN},
	{set_only_failed, "backup", FLEET_STATUS_FAIL},
	{set_no_backup, "backup", FLEET_STATUS_WARN},
	{set_trial, "slot", FLEET_STATUS_WARN},
	{set_fallback, "slot", FLEET_STATUS_WARN},
	{set_one_cut, "power", FLEET_STATUS_OK},
	{set_cuts, "power", FLEET_STATUS_WARN},
	{set_settings, "settings", FLEET_STATUS_FAIL},
	{set_state, "state", FLEET_STATUS_FAIL},
};

START_TEST(all_is_well)
{
	cleanup_free struct health_facts *facts = malloc(sizeof(*facts));
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));

	fill(facts);
	health_evaluate(facts, &settings, status);
	ck_assert_int_eq(status->level, FLEET_STATUS_OK);
	ck_assert_uint_eq(status->check_count, 9);
	ck_assert(health_gate(facts, NULL));
}
END_TEST

START_TEST(each_flaw_is_told)
{
	cleanup_free struct health_facts *facts = malloc(sizeof(*facts));
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));

	fill(facts);
	cases[_i].change(facts);
	health_evaluate(facts, &settings, status);
	ck_assert_int_eq(level_of(status, cases[_i].id), cases[_i].level);
	ck_assert_int_eq(status->level, cases[_i].level);
}
END_TEST

START_TEST(a_system_with_nothing_known_is_told_too)
{
	cleanup_free struct health_facts *facts = calloc(1, sizeof(*facts));
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));

	health_evaluate(facts, &settings, status);
	ck_assert_uint_ge(status->check_count, 4);
}
END_TEST

START_TEST(the_gate_judges_the_system_alone)
{
	cleanup_free struct health_facts *facts = malloc(sizeof(*facts));
	const char *why;

	fill(facts);
	set_smart(facts);
	set_no_space(facts);
	set_never_backup(facts);
	set_unit(facts);
	ck_assert(health_gate(facts, &why));
	snprintf(facts->failed_units[0], sizeof(facts->failed_units[0]), "ssh.service");
	ck_assert(!health_gate(facts, &why));
	ck_assert_str_eq(why, "ssh.service");
	fill(facts);
	facts->system_up = false;
	ck_assert(!health_gate(facts, &why));
	fill(facts);
	snprintf(facts->data_error, sizeof(facts->data_error), "not mounted");
	ck_assert(!health_gate(facts, &why));
	fill(facts);
	set_state(facts);
	ck_assert(!health_gate(facts, &why));
}
END_TEST

/* Without a network nobody calls a new system good; one that is proven stays what it is. */
START_TEST(the_gate_wants_the_network_that_was)
{
	cleanup_free struct health_facts *facts = malloc(sizeof(*facts));
	const char *why;

	fill(facts);
	snprintf(facts->boot.slot, sizeof(facts->boot.slot), "B");
	snprintf(facts->boot.proven, sizeof(facts->boot.proven), "A");
	facts->had_network = true;
	facts->network = false;
	ck_assert(!health_gate(facts, &why));
	ck_assert_ptr_nonnull(strstr(why, "network"));
	facts->network = true;
	ck_assert(health_gate(facts, &why));
	facts->had_network = facts->network = false;
	ck_assert(health_gate(facts, &why));
	facts->had_network = true;
	snprintf(facts->boot.proven, sizeof(facts->boot.proven), "B");
	ck_assert(health_gate(facts, &why));
	facts->boot.proven[0] = '\0';
	ck_assert(health_gate(facts, &why));
}
END_TEST

START_TEST(disks_warn_by_number)
{
	cleanup_free struct health_facts *facts = malloc(sizeof(*facts));
	cleanup_free struct fleet_status *status = calloc(1, sizeof(*status));

	fill(facts);
	facts->disks[0].smart = (struct hw_smart){.verdict = HW_SMART_PASSED,
		.reallocated = 1,
		.pending = 2,
		.offline_uncorrected = 3,
		.uncorrected = 4,
		.spin_retries = 5,
		.media_errors = 6,
		.critical_warning = 7,
		.has_percentage_used = true,
		.percentage_used = 95};
	health_evaluate(facts, &settings, status);
	ck_assert_uint_eq(status->disks[0].warning_count, 8);
	ck_assert_str_eq(status->disks[0].warnings[0], "1 sectors were replaced.");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("health");

	tcase_add_test(tcase, all_is_well);
	tcase_add_loop_test(tcase, each_flaw_is_told, 0, COUNT(cases));
	tcase_add_test(tcase, a_system_with_nothing_known_is_told_too);
	tcase_add_test(tcase, the_gate_judges_the_system_alone);
	tcase_add_test(tcase, the_gate_wants_the_network_that_was);
	tcase_add_test(tcase, disks_warn_by_number);
	return unit_main("health", tcase);
}
