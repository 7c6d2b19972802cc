#include "agent/schedule.h"

#include "../unit.h"

#define DAY 86400
#define NOW 1800000000

static const struct {
	struct schedule schedule;
	int64_t next_s;
} cases[] = {
	/* never: soon after boot */
	{{.now_s = NOW, .boot_s = NOW - 60, .interval_s = DAY, .boot_delay_s = 600}, NOW + 540},
	/* yesterday: a day later, and this box's part of the jitter */
	{{.now_s = NOW, .boot_s = NOW - 9 * DAY, .last_success_s = NOW - 1000, .interval_s = DAY},
		NOW - 1000 + DAY},
	{{.now_s = NOW,
		 .boot_s = NOW - 9 * DAY,
		 .last_success_s = NOW,
		 .interval_s = DAY,
		 .jitter_s = 3600,
		 .seed = 3600 * 5 + 77},
		NOW + DAY + 77},
	/* long ago, the box was off: due as soon as the boot's delay is over */
	{{.now_s = NOW,
		 .boot_s = NOW - 60,
		 .last_success_s = NOW - 20 * DAY,
		 .interval_s = DAY,
		 .boot_delay_s = 600},
		NOW + 540},
	/* after a failure: not at once again */
	{{.now_s = NOW,
		 .boot_s = NOW - 9 * DAY,
		 .last_success_s = NOW - 3 * DAY,
		 .last_failure_s = NOW - 60,
		 .interval_s = DAY,
		 .retry_s = 3600},
		NOW - 60 + 3600},
	/* what the clock calls future is not believed: no year without a backup */
	{{.now_s = NOW,
		 .boot_s = NOW - 9000,
		 .last_success_s = NOW + 300 * DAY,
		 .last_failure_s = NOW + 301 * DAY,
		 .interval_s = DAY,
		 .retry_s = 3600,
		 .boot_delay_s = 600},
		NOW - 9000 + 600},
};

START_TEST(plans)
{
	ck_assert_int_eq(schedule_next(&cases[_i].schedule), cases[_i].next_s);
}
END_TEST

START_TEST(seeds_differ)
{
	ck_assert_uint_ne(schedule_seed("box-1"), schedule_seed("box-2"));
	ck_assert_uint_eq(schedule_seed("box-1"), schedule_seed("box-1"));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("schedule");

	tcase_add_loop_test(tcase, plans, 0, COUNT(cases));
	tcase_add_test(tcase, seeds_differ);
	return unit_main("schedule", tcase);
}
