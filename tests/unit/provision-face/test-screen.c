#include "provision/face/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/cleanup.h"
#include "base/file.h"

/* Screens whose consoles are pipes and files; time is what a test says. */
static uint64_t now_us;

static uint64_t now(void *context)
{
	(void)context;
	return now_us;
}

static const struct clock clock_test = {.realtime_us = now, .monotonic_us = now};

static struct screen a_screen(int in, int out, bool terminal)
{
	return (struct screen){
		.consoles = {{.in = in, .out = out, .terminal = terminal}},
		.count = 1,
		.clock = &clock_test,
	};
}

static char *shown(int fd)
{
	struct err err = ERR_INIT;
	char *text = NULL;

	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(file_read_fd(fd, "screen", 1 << 20, &text, NULL, &err), 0);
	return text;
}

static int a_file(void)
{
	char path[] = "/tmp/test-screen.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fd;
}

static int typed(const char *text)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	return ends[0];
}

static const struct {
	const char *typed, *answer; /* NULL: no answer */
} answers[] = {
	{"yes\n", "yes"},
	{"  8K3F \t\r\n", "8K3F"},
	{"\n", ""},
	{"first\nsecond\n", "first"},
	{"a\033[31mb\n", "a?[31mb"},
	{"", NULL},
	{"no end of line", NULL},
};

START_TEST(asks)
{
	cleanup_close int in = typed(answers[_i].typed), out = a_file();
	struct screen screen = a_screen(in, out, true);
	char answer[PAGE_ANSWER_MAX] = "";
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	int r;

	ck_assert(screen_can_ask(&screen));
	r = screen_ask(&screen, "Name: ", answer, &err);
	text = shown(out);
	ck_assert_str_eq(text, "Name: ");
	if (answers[_i].answer) {
		ck_assert_int_eq(r, 0);
		ck_assert_str_eq(answer, answers[_i].answer);
	} else {
		ck_assert_int_eq(r, -ENOTTY);
		ck_assert(!screen_can_ask(&screen));
		ck_assert_int_eq(screen_ask(&screen, "Name: ", answer, &err), -ENOTTY);
	}
}
END_TEST

START_TEST(cuts_long_answers)
{
	char line[PAGE_ANSWER_MAX + 20], answer[PAGE_ANSWER_MAX];
	struct err err = ERR_INIT;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n';
	line[sizeof(line) - 1] = '\0';
	cleanup_close int in = typed(line), out = a_file();
	struct screen screen = a_screen(in, out, true);

	ck_assert_int_eq(screen_ask(&screen, "", answer, &err), 0);
	ck_assert_uint_eq(strlen(answer), PAGE_ANSWER_MAX - 1);
}
END_TEST

START_TEST(hears_the_first_of_two)
{
	int silent[2];
	cleanup_close int in = typed("from the cable\n"), one = a_file(), two = a_file();
	struct screen screen = a_screen(-1, one, true);
	char answer[PAGE_ANSWER_MAX];
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	ck_assert_int_eq(pipe2(silent, O_CLOEXEC), 0);
	screen.consoles[0].in = silent[0];
	screen.consoles[1] = (struct screen_console){.in = in, .out = two, .terminal = true};
	screen.count = 2;
	ck_assert_int_eq(screen_ask(&screen, "? ", answer, &err), 0);
	ck_assert_str_eq(answer, "from the cable");
	/* Who looks at the other console sees what was answered. */
	text = shown(one);
	ck_assert_str_eq(text, "? from the cable\n");
	close(silent[0]);
	close(silent[1]);
}
END_TEST

START_TEST(draws_a_bar)
{
	cleanup_close int out = a_file();
	struct screen screen = a_screen(-1, out, true);
	cleanup_free char *text = NULL;

	now_us = 1000000;
	screen_bar_begin(&screen, "Copying", 100000000);
	now_us += 2000000;
	screen_bar_add(&screen, 50000000);
	screen_bar_add(&screen, 1); /* too soon to be drawn */
	now_us += 2000000;
	screen_bar_add(&screen, 999999999); /* never past the end */
	ck_assert_double_eq_tol(screen_bar_end(&screen, true), 4.0, 0.001);
	text = shown(out);
	ck_assert_ptr_nonnull(
		strstr(text, "[############............]  50 %  50/100 MB  25.0 MB/s  0:02"));
	ck_assert_ptr_nonnull(strstr(text, "[########################] 100 %  100/100 MB"));
	ck_assert_ptr_nonnull(strstr(text, "done: 100 MB in 4.0 s\n"));
}
END_TEST

START_TEST(draws_no_bar_in_a_file)
{
	cleanup_close int out = a_file();
	struct screen screen = a_screen(-1, out, false);
	cleanup_free char *text = NULL;

	screen_bar_begin(&screen, "Copying", 100);
	now_us += 10000000;
	screen_bar_add(&screen, 50);
	screen_bar_end(&screen, false);
	text = shown(out);
	ck_assert_str_eq(text, "Copying\n");
}
END_TEST

START_TEST(goes_on_without_a_dead_console)
{
	int ends[2];
	cleanup_close int out = a_file();
	struct screen screen = a_screen(-1, -1, true);
	cleanup_free char *text = NULL;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	close(ends[0]);
	screen.consoles[0].out = ends[0]; /* closed: every write fails */
	screen.consoles[1] = (struct screen_console){.in = -1, .out = out};
	screen.count = 2;
	screen_say(&screen, "one %d\n", 1);
	screen_say(&screen, "two\n");
	ck_assert(screen.consoles[0].dead);
	text = shown(out);
	ck_assert_str_eq(text, "one 1\ntwo\n");
	close(ends[1]);
}
END_TEST

/* What is typed at a page of three choices, the second of which can't be picked. */
static const struct {
	const char *typed;
	bool again, answered;
	enum page_act act;
	size_t choice;
	const char *shown;
} typings[] = {
	{"\n", true, true, PAGE_NEXT, 0, "Number (Enter: 1, <: back, r: look again, q: quit): "},
	{"3\n", true, true, PAGE_NEXT, 2, "   1  one\n      more\n - 2  two\n   3  three\n"},
	{"2\n3\n", true, true, PAGE_NEXT, 2, "That can't be chosen.\n"},
	{"0\nx\n4\n1\n", true, true, PAGE_NEXT, 0, "That can't be chosen.\n"},
	{"<\n", true, true, PAGE_BACK, 0, "\nTitle\ntext\n"},
	{"R\n", true, true, PAGE_AGAIN, 0, ""},
	{"q\n", true, true, PAGE_QUIT, 0, ""},
	{"r\n", false, false, PAGE_NEXT, 0, "Number (Enter: 1, <: back, q: quit): "},
};

START_TEST(asks_pages_in_lines)
{
	cleanup_close int in = typed(typings[_i].typed), out = a_file();
	cleanup_page struct page page = page_make("Title");
	struct screen screen = a_screen(in, out, true);
	struct page_answer answer = {0};
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;
	int r;

	page_say(&page, "text\n");
	page_offer(&page, false, "one\nmore");
	page_offer(&page, true, "two");
	page_offer(&page, false, "three");
	page.can_go_back = page.can_quit = true;
	page.can_look_again = typings[_i].again;
	r = screen_page(&screen, &page, &answer, &err);
	ck_assert_int_eq(r, typings[_i].answered ? 0 : -ENOTTY);
	ck_assert_int_eq(answer.act, typings[_i].act);
	if (answer.act == PAGE_NEXT && typings[_i].answered)
		ck_assert_uint_eq(answer.choice, typings[_i].choice);
	text = shown(out);
	ck_assert_msg(strstr(text, typings[_i].shown) != NULL, "%s", text);
}
END_TEST

START_TEST(asks_for_a_word)
{
	cleanup_close int in = typed("q\n<\n"), out = a_file();
	cleanup_page struct page page = page_make("Title");
	struct screen screen = a_screen(in, out, true);
	struct page_answer answer = {0};
	struct err err = ERR_INIT;

	snprintf(page.prompt, sizeof(page.prompt), "Name");
	page.can_go_back = page.can_quit = true;
	ck_assert_int_eq(screen_page(&screen, &page, &answer, &err), 0);
	ck_assert_int_eq(answer.act, PAGE_NEXT);
	ck_assert_str_eq(answer.text, "q");
	ck_assert_int_eq(screen_page(&screen, &page, &answer, &err), 0);
	ck_assert_int_eq(answer.act, PAGE_BACK);
}
END_TEST

/* A terminal that can't be drawn on stays with lines. */
START_TEST(stays_with_lines)
{
	static const char *const types[] = {NULL, "", "dumb", "no-such-terminal"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		cleanup_close int in = typed(""), out = a_file();
		struct screen screen = a_screen(in, out, true);
		cleanup_free char *text = NULL;

		screen.consoles[0].type = types[i];
		screen_raise(&screen);
		ck_assert_ptr_null(screen.full);
		screen_title(&screen, "Title");
		screen_say(&screen, "line\n");
		text = shown(out);
		ck_assert_str_eq(text, "\nTitle\nline\n");
		screen_lower(&screen);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("screen");

	tcase_add_loop_test(tcase, asks, 0, COUNT(answers));
	tcase_add_test(tcase, cuts_long_answers);
	tcase_add_test(tcase, hears_the_first_of_two);
	tcase_add_test(tcase, draws_a_bar);
	tcase_add_test(tcase, draws_no_bar_in_a_file);
	tcase_add_test(tcase, goes_on_without_a_dead_console);
	tcase_add_loop_test(tcase, asks_pages_in_lines, 0, COUNT(typings));
	tcase_add_test(tcase, asks_for_a_word);
	tcase_add_test(tcase, stays_with_lines);
	return unit_main("screen", tcase);
}
