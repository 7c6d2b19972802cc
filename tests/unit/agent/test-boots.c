#include "agent/health/boots.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"

#define MIN_S 1700000000

START_TEST(counts_boots_and_cuts)
{
	struct boots boots = {0};

	ck_assert_int_eq(boots_begin(&boots, "one", MIN_S + 10, MIN_S), BOOTS_FIRST);
	ck_assert_int_eq(boots_begin(&boots, "one", MIN_S + 20, MIN_S), BOOTS_SAME);
	ck_assert_uint_eq(boots.count, 1);
	boots.alive_s = MIN_S + 300;
	ck_assert_int_eq(boots_begin(&boots, "two", MIN_S + 900, MIN_S), BOOTS_AFTER_CUT);
	ck_assert_uint_eq(boots.power_cuts, 1);
	ck_assert_int_eq(boots.times_s[0], MIN_S + 300);
	boots.clean = true;
	ck_assert_int_eq(boots_begin(&boots, "three", MIN_S + 1000, MIN_S), BOOTS_AFTER_CLEAN);
	ck_assert(!boots.clean);
	ck_assert_uint_eq(boots.count, 3);
	ck_assert_uint_eq(boots.power_cuts, 1);
}
END_TEST

/* A stamp of a clock without a battery counts, but is no time to show. */
START_TEST(does_not_believe_old_stamps)
{
	struct boots boots = {.boot_id = "one", .alive_s = 100, .count = 1};

	ck_assert_int_eq(boots_begin(&boots, "two", MIN_S, MIN_S), BOOTS_AFTER_CUT);
	ck_assert_uint_eq(boots.power_cuts, 1);
	ck_assert_uint_eq(boots.time_count, 0);
}
END_TEST

START_TEST(keeps_the_newest_times)
{
	struct boots boots = {.boot_id = "start"};
	char id[BOOTS_ID_SIZE];

	for (int i = 0; i < FLEET_STATUS_POWER_CUTS_MAX + 5; i++) {
		boots.alive_s = MIN_S + i;
		snprintf(id, sizeof(id), "%d", i);
		boots_begin(&boots, id, MIN_S + i, MIN_S);
	}
	ck_assert_uint_eq(boots.power_cuts, FLEET_STATUS_POWER_CUTS_MAX + 5);
	ck_assert_uint_eq(boots.time_count, FLEET_STATUS_POWER_CUTS_MAX);
	ck_assert_int_eq(boots.times_s[0], MIN_S + 5);
	ck_assert_int_eq(boots.times_s[FLEET_STATUS_POWER_CUTS_MAX - 1],
		MIN_S + FLEET_STATUS_POWER_CUTS_MAX + 4);
}
END_TEST

START_TEST(goes_round)
{
	struct boots boots = {.boot_id = "x",
		.clean = true,
		.alive_s = MIN_S,
		.count = 7,
		.power_cuts = 2,
		.times_s = {MIN_S - 2, MIN_S - 1},
		.time_count = 2};
	struct err err = ERR_INIT;
	struct boots again;

	ck_assert_int_eq(boots_write(check_dir_fd, &boots, &err), 0);
	ck_assert_int_eq(boots_read(check_dir_fd, &again, &err), 0);
	ck_assert_mem_eq(&again, &boots, sizeof(boots));
}
END_TEST

static const char long_id_boot[] =
	"{\"schema\":\"nexus.boots/1\","
	"\"boot_id\":\"0123456789012345678901234567890123456789\",\"clean\":true}";

static const char *const torn[] = {
	"",
	"{",
	"{\"schema\":\"nexus.boots/1\"}",
	"[]",
	"{\"schema\":\"nexus.boots/2\",\"boot_id\":\"x\",\"clean\":true,\"alive_s\":1}",
	long_id_boot,
};

START_TEST(puts_torn_files_aside)
{
	struct err err = ERR_INIT;
	struct boots boots;

	check_dir_put("boots.json", torn[_i]);
	ck_assert_int_eq(boots_read(check_dir_fd, &boots, &err), 0);
	ck_assert_uint_eq(boots.count, 0);
	ck_assert(check_dir_has("boots.json.bad"));
	ck_assert(!check_dir_has("boots.json"));
}
END_TEST

START_TEST(begins_with_nothing)
{
	struct err err = ERR_INIT;
	struct boots boots;

	ck_assert_int_eq(boots_read(check_dir_fd, &boots, &err), 0);
	ck_assert_uint_eq(boots.count, 0);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("boots");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, counts_boots_and_cuts);
	tcase_add_test(tcase, does_not_believe_old_stamps);
	tcase_add_test(tcase, keeps_the_newest_times);
	tcase_add_test(tcase, goes_round);
	tcase_add_loop_test(tcase, puts_torn_files_aside, 0, COUNT(torn));
	tcase_add_test(tcase, begins_with_nothing);
	return unit_main("boots", tcase);
}
