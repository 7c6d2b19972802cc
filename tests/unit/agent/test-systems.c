#include "agent/health/systems.h"

#include <errno.h>
#include <string.h>

#include "../check_dir.h"
#include "../unit.h"
#include "agent/health/facts.h"

START_TEST(goes_round)
{
	struct systems systems = {.versions = {"0.1.0", "0.2.0"}, .failed = "B", .network = true};
	struct systems again;
	struct err err = ERR_INIT;

	ck_assert_int_eq(systems_write(check_dir_fd, &systems, &err), 0);
	ck_assert_int_eq(systems_read(check_dir_fd, &again, &err), 0);
	ck_assert_mem_eq(&again, &systems, sizeof(systems));
	ck_assert_str_eq(systems_version(&again, "B"), "0.2.0");
	ck_assert_ptr_null(systems_version(&again, ""));
	ck_assert_ptr_null(systems_version(&again, "C"));
}
END_TEST

static const char *const torn[] = {"", "{", "{\"schema\":\"nexus.systems/1\"}",
	"{\"schema\":\"nexus.systems/2\",\"network\":true}", "[]"};

START_TEST(puts_damage_aside)
{
	struct systems systems = {.network = true};
	struct err err = ERR_INIT;

	check_dir_put("systems.json", torn[_i]);
	ck_assert_int_eq(systems_read(check_dir_fd, &systems, &err), 0);
	ck_assert(!systems.network);
	ck_assert(check_dir_has("systems.json.bad"));
}
END_TEST

static const struct {
	const char *what, *order, *a, *a_try, *b, *b_try, *proven, *running, *version_b, *failed;
	const char *state_a, *state_b;
} states[] = {
	{"fresh", "A B", "1", "1", "0", "0", "", "A", "", "", "trial", "empty"},
	{"proven", "A B", "1", "0", "0", "0", "A", "A", "", "", "good", "empty"},
	{"an update waits", "B A", "1", "0", "1", "0", "A", "A", "2", "", "good", "waiting"},
	{"an update is tried", "B A", "1", "0", "1", "1", "A", "B", "2", "", "good", "trial"},
	{"an update is good", "B A", "1", "0", "1", "0", "B", "B", "2", "", "good", "good"},
	{"an update failed", "A B", "1", "0", "0", "0", "A", "A", "2", "B", "good", "bad"},
	{"of no known version", "A B", "1", "0", "0", "0", "A", "A", "", "B", "good", "bad"},
};

START_TEST(shows_both)
{
	struct fleet_status_slot slots[FLEET_STATUS_SLOTS_MAX];
	struct systems systems = {0};
	struct hw_grubenv env = {0};
	struct err err = ERR_INIT;
	int r = 0;

	snprintf(systems.versions[1], sizeof(systems.versions[1]), "%s", states[_i].version_b);
	snprintf(systems.failed, sizeof(systems.failed), "%s", states[_i].failed);
	r |= hw_grubenv_set(&env, "ORDER", states[_i].order, &err);
	r |= hw_grubenv_set(&env, "A_OK", states[_i].a, &err);
	r |= hw_grubenv_set(&env, "A_TRY", states[_i].a_try, &err);
	r |= hw_grubenv_set(&env, "B_OK", states[_i].b, &err);
	r |= hw_grubenv_set(&env, "B_TRY", states[_i].b_try, &err);
	r |= hw_grubenv_set(&env, "PROVEN", states[_i].proven, &err);
	ck_assert_int_eq(r, 0);
	systems_show(&systems, &env, states[_i].running, slots);
	ck_assert_str_eq(slots[0].state, states[_i].state_a);
	ck_assert_str_eq(slots[1].state, states[_i].state_b);
	ck_assert_str_eq(slots[1].version, states[_i].version_b);
	ck_assert_int_eq(slots[1].ok, *states[_i].b == '1');
	ck_assert_uint_eq(slots[1].tries, *states[_i].b_try == '1');
	ck_assert_int_eq(slots[0].proven, *states[_i].proven == 'A');
}
END_TEST

#define BEFORE "20 1 0:2 / / rw - overlay overlay rw\n"

static const struct {
	const char *text, *error;
} mounts[] = {
	{BEFORE "30 20 8:8 / /data rw,noatime shared:1 - ext4 /dev/sda8 rw,errors=x\n", ""},
	/* read-only in the daemon's own sandbox alone */
	{BEFORE "30 20 8:8 / /data ro,noatime - ext4 /dev/sda8 rw\n", ""},
	{BEFORE "30 20 8:8 / /data rw - ext4 /dev/sda8 ro,errors=x\n", "can't be written"},
	{BEFORE "30 20 8:8 / /data2 rw - ext4 /dev/sda8 rw\n", "not mounted"},
	{BEFORE, "not mounted"},
	{"\n - \nx\n", "not mounted"},
};

START_TEST(sees_the_data_partition)
{
	cleanup_free struct health_facts *facts = calloc(1, sizeof(*facts));
	const struct slot slot = {0};
	struct err err = ERR_INIT;
	cleanup_free char *folder = str_printf("%s/proc/self", check_dir);

	ck_assert_int_eq(file_make_dirs(folder, 0700, &err), 0);
	facts_gather(check_dir, &slot, facts);
	ck_assert_str_eq(facts->data_error, "");
	check_dir_put("proc/self/mountinfo", mounts[_i].text);
	facts_gather(check_dir, &slot, facts);
	ck_assert_msg(*mounts[_i].error ? strstr(facts->data_error, mounts[_i].error) != NULL
					: !*facts->data_error,
		"%s", facts->data_error);
}
END_TEST

START_TEST(sees_who_set_the_clock)
{
	cleanup_free struct health_facts *facts = calloc(1, sizeof(*facts));
	cleanup_free char *folder = str_printf("%s/run/systemd/timesync", check_dir);
	const struct slot slot = {0};
	struct err err = ERR_INIT;

	facts_gather(check_dir, &slot, facts);
	ck_assert(!facts->clock_synchronized);
	ck_assert_int_eq(file_make_dirs(folder, 0700, &err), 0);
	check_dir_put("run/systemd/timesync/synchronized", "");
	facts_gather(check_dir, &slot, facts);
	ck_assert(facts->clock_synchronized);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("systems");

	tcase_add_checked_fixture(tcase, check_dir_make, check_dir_remove);
	tcase_add_test(tcase, goes_round);
	tcase_add_loop_test(tcase, puts_damage_aside, 0, COUNT(torn));
	tcase_add_loop_test(tcase, shows_both, 0, COUNT(states));
	tcase_add_loop_test(tcase, sees_the_data_partition, 0, COUNT(mounts));
	tcase_add_test(tcase, sees_who_set_the_clock);
	return unit_main("systems", tcase);
}
