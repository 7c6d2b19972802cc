#include "net/retry.h"

#include "../unit.h"
#include "fake_clock.h"

static const struct retry_policy policy = {.first_us = 1000, .most_us = 8000, .total_us = 100000};

START_TEST(doubles_with_jitter)
{
	static const uint64_t full_us[] = {1000, 2000, 4000, 8000, 8000, 8000};
	struct retry retry;
	uint64_t wait_us, low = UINT64_MAX, high = 0;

	for (int round = 0; round < 200; round++) {
		retry_start(&retry, &policy, &fake_clock);
		for (int i = 0; i < COUNT(full_us); i++) {
			ck_assert(retry_next(&retry, RETRY_HEALS, true, 0, &wait_us));
			ck_assert_uint_ge(wait_us, full_us[i] / 2);
			ck_assert_uint_le(wait_us, full_us[i]);
			low = i == 5 && wait_us < low ? wait_us : low;
			high = i == 5 && wait_us > high ? wait_us : high;
		}
	}
	ck_assert_uint_gt(high - low, 2000); /* not all alike */
}
END_TEST

START_TEST(gives_up_in_time)
{
	struct retry retry;
	uint64_t wait_us, start_us = fake_now_us;
	unsigned tries = 0;

	retry_start(&retry, &policy, &fake_clock);
	while (retry_next(&retry, RETRY_HEALS, true, 0, &wait_us)) {
		fake_now_us += wait_us;
		ck_assert_uint_lt(++tries, 100);
	}
	ck_assert_uint_le(fake_now_us - start_us, policy.total_us);
	ck_assert_uint_ge(fake_now_us - start_us, policy.total_us - policy.most_us);
}
END_TEST

static const struct {
	enum retry_class class;
	bool met;
	unsigned tries; /* of ten */
} classes[] = {
	{RETRY_NEVER, true, 1},
	{RETRY_IF_MET, false, 1},
	{RETRY_IF_MET, true, 10},
	{RETRY_SELDOM, true, RETRY_FEW},
	{RETRY_HEALS, false, 10},
	{RETRY_HEALS, true, 10},
};

START_TEST(tells_classes_apart)
{
	struct retry retry;
	uint64_t wait_us;
	unsigned tries = 1;

	retry_start(&retry, &policy, &fake_clock);
	while (tries < 10 && retry_next(&retry, classes[_i].class, classes[_i].met, 0, &wait_us))
		tries++;
	ck_assert_uint_eq(tries, classes[_i].tries);
}
END_TEST

START_TEST(a_stranger_gets_less_time)
{
	const struct retry_policy slow = {
		.first_us = 1000, .most_us = 1000, .total_us = UINT64_MAX};
	struct retry retry;
	uint64_t wait_us;

	retry_start(&retry, &slow, &fake_clock);
	fake_now_us += RETRY_STRANGER_US + 1;
	ck_assert(!retry_next(&retry, RETRY_HEALS, false, 0, &wait_us));
	ck_assert(retry_next(&retry, RETRY_HEALS, true, 0, &wait_us));
}
END_TEST

START_TEST(does_as_asked)
{
	const struct retry_policy slow = {
		.first_us = 1000, .most_us = 1000, .total_us = UINT64_MAX};
	struct retry retry;
	uint64_t wait_us;

	retry_start(&retry, &slow, &fake_clock);
	ck_assert(retry_next(&retry, RETRY_HEALS, true, 7000000, &wait_us));
	ck_assert_uint_eq(wait_us, 7000000);
	ck_assert(retry_next(&retry, RETRY_HEALS, true, UINT64_MAX, &wait_us));
	ck_assert_uint_eq(wait_us, RETRY_ASKED_MAX_US);
	/* Longer than there is time for: give up at once. */
	retry_start(&retry, &policy, &fake_clock);
	ck_assert(!retry_next(&retry, RETRY_HEALS, true, 7000000, &wait_us));
}
END_TEST

START_TEST(stops)
{
	const volatile bool stop = true;

	ck_assert(!retry_wait(UINT64_MAX, &stop));
	ck_assert(retry_wait(0, NULL));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("retry");

	tcase_add_test(tcase, doubles_with_jitter);
	tcase_add_test(tcase, gives_up_in_time);
	tcase_add_loop_test(tcase, tells_classes_apart, 0, COUNT(classes));
	tcase_add_test(tcase, a_stranger_gets_less_time);
	tcase_add_test(tcase, does_as_asked);
	tcase_add_test(tcase, stops);
	return unit_main("retry", tcase);
}
