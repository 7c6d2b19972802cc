#include "console/progress.h"

#include <locale.h>

#include "base/i18n.h"
#include "base/str.h"

#include "../base/capture.h"
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

/* tests/i18n/runtime.sh runs this in a Spanish locale too. */
static const struct {
	const char *kind, *spanish;
} kinds[] = {
	{"backup", "copia de seguridad"},
	{"restore", "restauración"},
	{"check", "comprobación"},
	{"later-kind", "later-kind"},
	{"", ""},
};

START_TEST(kinds_are_translated)
{
	bool spanish;

	i18n_init();
	spanish = str_after(setlocale(LC_MESSAGES, NULL), "es_");
	ck_assert_str_eq(
		progress_kind_word(kinds[_i].kind), spanish ? kinds[_i].spanish : kinds[_i].kind);
}
END_TEST

/* What a person sees: a line for each state, in words. */
START_TEST(lines_name_the_kind)
{
	struct progress progress = {0};
	struct fleet_job job = {.kind = "backup", .state = FLEET_JOB_RUNNING};
	struct capture capture;
	char got[256], want[256];

	i18n_init();
	capture_begin(&capture, stderr);
	progress_show(&progress, &job);
	progress_show(&progress, &job);
	capture_end(&capture, stderr, got, sizeof(got));
	snprintf(want, sizeof(want), "%s: %s\n", progress_kind_word("backup"),
		progress_state_word(FLEET_JOB_RUNNING));
	ck_assert_str_eq(got, want);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("progress");

	tcase_add_loop_test(tcase, bars_are_drawn, 0, COUNT(bars));
	tcase_add_test(tcase, widest_bar_and_one_more);
	tcase_add_loop_test(tcase, kinds_are_translated, 0, COUNT(kinds));
	tcase_add_test(tcase, lines_name_the_kind);
	return unit_main("progress", tcase);
}
