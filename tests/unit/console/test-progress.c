#include "console/progress.h"

#include "../unit.h"

static const struct {
	double percent;
	size_t width;
	const char *text;
} bars[] = {
	{0, 10, "[----------]   0 %"},
	{9.9, 10, "[----------]   9 %"},
	{50, 10, "[#####-----]  50 %"},
	{100, 10, "[##########] 100 %"},
	{-3, 4, "[----]   0 %"},
	{1e300, 4, "[####] 100 %"},
	{0.0 / 0.0, 4, "[----]   0 %"},
};

START_TEST(bars_are_drawn)
{
	char text[80];

	progress_bar(bars[_i].percent, bars[_i].width, text);
	ck_assert_str_eq(text, bars[_i].text);
}
END_TEST

START_TEST(widest_bar_and_one_more)
{
	char widest[80], more[80];

	progress_bar(30, 60, widest);
	progress_bar(30, 61, more);
	ck_assert_str_eq(widest, more);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("progress");

	tcase_add_loop_test(tcase, bars_are_drawn, 0, COUNT(bars));
	tcase_add_test(tcase, widest_bar_and_one_more);
	return unit_main("progress", tcase);
}
