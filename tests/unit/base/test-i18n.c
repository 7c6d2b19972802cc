#include "base/i18n.h"

#include <locale.h>
#include <string.h>

#include "../unit.h"

START_TEST(numbers_keep_their_point)
{
	char text[16];

	i18n_init();
	snprintf(text, sizeof(text), "%.1f", 0.5);
	ck_assert_str_eq(text, "0.5");
	ck_assert_str_eq(setlocale(LC_NUMERIC, NULL), "C");
	ck_assert_str_eq(textdomain(NULL), "nexus");
}
END_TEST

START_TEST(without_a_catalogue_texts_are_themselves)
{
	i18n_init();
	ck_assert_str_eq(_("no such text anywhere"), "no such text anywhere");
	ck_assert_str_eq(P_("one", "many", 1), "one");
	ck_assert_str_eq(P_("one", "many", 2), "many");
	ck_assert_str_eq(N_("marked"), "marked");
}
END_TEST

START_TEST(the_folder_can_be_given)
{
	setenv("NEXUS_LOCALEDIR", "/nowhere", 1);
	i18n_init();
	ck_assert_str_eq(bindtextdomain("nexus", NULL), "/nowhere");
	setenv("NEXUS_LOCALEDIR", "", 1);
	i18n_init();
	ck_assert_str_ne(bindtextdomain("nexus", NULL), "");
	unsetenv("NEXUS_LOCALEDIR");
}
END_TEST

START_TEST(speaks_another_language)
{
	i18n_init();
	i18n_speak("es");
	ck_assert_str_eq(i18n_language(), "es");
	ck_assert_str_eq(getenv("LANGUAGE"), "es");
	/* Never in "C", where gettext would not translate. */
	ck_assert_str_ne(setlocale(LC_MESSAGES, NULL), "C");
	ck_assert_str_eq(setlocale(LC_NUMERIC, NULL), "C");
	i18n_speak("en");
	ck_assert_str_eq(i18n_language(), "en");
	unsetenv("LANGUAGE");
	ck_assert_str_eq(i18n_language(), "en");
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("i18n");

	tcase_add_test(tcase, numbers_keep_their_point);
	tcase_add_test(tcase, without_a_catalogue_texts_are_themselves);
	tcase_add_test(tcase, the_folder_can_be_given);
	tcase_add_test(tcase, speaks_another_language);
	return unit_main("i18n", tcase);
}
