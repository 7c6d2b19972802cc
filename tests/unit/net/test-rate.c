#include "net/rate.h"

#include "../unit.h"
#include "fake_clock.h"

START_TEST(spreads_bytes)
{
	struct rate rate;
	uint64_t start_us;

	fake_now_us = start_us = 5000000;
	rate_init(&rate, 1000, &fake_clock);
	for (int i = 0; i < 10; i++)
		fake_now_us += rate_take(&rate, 500);
	/* The first goes at once, each other after the one before. */
	ck_assert_uint_eq(fake_now_us - start_us, 9 * 500000);
	/* Time that was not used is not saved up. */
	fake_now_us += 60000000;
	ck_assert_uint_eq(rate_take(&rate, 1000), 0);
	ck_assert_uint_eq(rate_take(&rate, 1000), 1000000);
	rate_done(&rate);
}
END_TEST

START_TEST(no_limit)
{
	struct rate rate = RATE_INIT;

	ck_assert_uint_eq(rate_take(&rate, 1000), 0);
	ck_assert_uint_eq(rate_take(&rate, 1), 0);
	ck_assert_uint_eq(rate_passed(&rate), 1001);
	ck_assert_uint_eq(rate_take(&rate, SIZE_MAX), 0);
	ck_assert_uint_eq(rate_take(NULL, SIZE_MAX), 0);
	ck_assert_uint_eq(rate_piece(&rate, 77), 77);
	ck_assert_uint_eq(rate_piece(NULL, 77), 77);
}
END_TEST

START_TEST(pieces_are_short)
{
	struct rate rate;

	rate_init(&rate, 8000, &fake_clock);
	ck_assert_uint_eq(rate_piece(&rate, 65536), 1001);
	rate_done(&rate);
	rate_init(&rate, 1, &fake_clock);
	ck_assert_uint_eq(rate_piece(&rate, 65536), 1);
	rate_done(&rate);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("rate");

	tcase_add_test(tcase, spreads_bytes);
	tcase_add_test(tcase, no_limit);
	tcase_add_test(tcase, pieces_are_short);
	return unit_main("rate", tcase);
}
