#include "base/log.h"

#include <errno.h>

#include "capture.h"

#include "../unit.h"

static char text[8192];

START_TEST(one_line_with_the_name)
{
	struct capture capture;

	unsetenv("JOURNAL_STREAM");
	log_init("nexus-x", LOG_LEVEL_INFO);
	capture_begin(&capture, stderr);
	errno = ENOENT;
	log_info("two\nlines %d", 7);
	log_debug("not shown");
	ck_assert_int_eq(errno, ENOENT);
	capture_end(&capture, stderr, text, sizeof(text));
	ck_assert_str_eq(text, "nexus-x: two lines 7\n");
}
END_TEST

START_TEST(the_journal_gets_priorities)
{
	struct capture capture;

	setenv("JOURNAL_STREAM", "8:12345", 1);
	log_init("nexus-x", LOG_LEVEL_DEBUG);
	unsetenv("JOURNAL_STREAM");
	capture_begin(&capture, stderr);
	log_error("e");
	log_warning("w");
	log_notice("n");
	log_info("i");
	log_debug("d");
	capture_end(&capture, stderr, text, sizeof(text));
	ck_assert_str_eq(text, "<3>e\n<4>w\n<5>n\n<6>i\n<7>d\n");
}
END_TEST

START_TEST(level_can_change)
{
	log_init("nexus-x", LOG_LEVEL_WARNING);
	ck_assert(log_is_on(LOG_LEVEL_ERROR) && log_is_on(LOG_LEVEL_WARNING));
	ck_assert(!log_is_on(LOG_LEVEL_NOTICE));
	log_set_level(LOG_LEVEL_DEBUG);
	ck_assert(log_is_on(LOG_LEVEL_DEBUG));
}
END_TEST

START_TEST(a_long_message_is_cut)
{
	struct capture capture;
	char big[4096];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	unsetenv("JOURNAL_STREAM");
	log_init("n", LOG_LEVEL_INFO);
	capture_begin(&capture, stderr);
	log_info("%s", big);
	capture_end(&capture, stderr, text, sizeof(text));
	ck_assert_uint_eq(strlen(text), 3 + 2047 + 1);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("log");

	tcase_add_test(tcase, one_line_with_the_name);
	tcase_add_test(tcase, the_journal_gets_priorities);
	tcase_add_test(tcase, level_can_change);
	tcase_add_test(tcase, a_long_message_is_cut);
	return unit_main("log", tcase);
}
