#include "provision/page/frame.h"

#include <locale.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"

static const struct frame_size screen = {.columns = 80, .rows = 24, .has_blocks = true};

static struct frame made(const struct page *page, const struct frame_size *size, struct view *view)
{
	struct frame frame;
	struct err err = ERR_INIT;

	ck_assert_int_eq(frame_make(page, size, view, &frame, &err), 0);
	for (size_t i = 0; i < frame.count; i++)
		if (frame.rows[i].text)
			ck_assert_uint_le(str_width(frame.rows[i].text), size->columns);
	return frame;
}

static const char *row(const struct frame *frame, size_t at)
{
	return frame->rows[at].text ? frame->rows[at].text : "";
}

/* The row that has text, or FRAME_ROWS_MAX. */
static size_t find(const struct frame *frame, const char *text)
{
	for (size_t i = 0; i < frame->count; i++)
		if (strstr(row(frame, i), text))
			return i;
	return FRAME_ROWS_MAX;
}

START_TEST(has_title_and_keys)
{
	cleanup_page struct page page = page_make("A title");
	cleanup_frame struct frame frame = {0};
	struct view view;

	page.can_go_back = true;
	page_say(&page, "some text\n");
	view_begin(&page, &view);
	frame = made(&page, &screen, &view);
	ck_assert_uint_eq(frame.count, 24);
	ck_assert_ptr_nonnull(strstr(row(&frame, 0), "A title"));
	ck_assert_int_eq(frame.rows[0].style, FRAME_BAR);
	ck_assert_str_eq(row(&frame, 2), " some text");
	ck_assert_str_eq(row(&frame, 23), "  Enter: go on  Esc: back");
	ck_assert_int_eq(frame.rows[23].style, FRAME_BAR);
	ck_assert(view.seen);
	ck_assert(!frame.has_cursor);
}
END_TEST

START_TEST(wraps_below_the_first_word)
{
	cleanup_page struct page page = page_make("");
	cleanup_frame struct frame frame = {0};
	struct view view;

	page_say(&page, "    %076d word\n", 0);
	page_say(&page, "  ñandú %s\n",
		"a lengthy sentence that goes on and on until there is no "
		"room for it on one row");
	page_say(&page, "%0120d\n", 1);
	view_begin(&page, &view);
	frame = made(&page, &screen, &view);
	ck_assert_str_eq(row(&frame, 3), "     word");
	ck_assert_ptr_nonnull(strstr(row(&frame, 4), "   ñandú a lengthy"));
	ck_assert_ptr_eq(strstr(row(&frame, 5), "   "), row(&frame, 5));
	ck_assert_ptr_ne(strstr(row(&frame, 5), "    "), row(&frame, 5));
	/* A word longer than a row is cut, not wrapped into the next. */
	ck_assert_uint_eq(str_width(row(&frame, 6)), 80);
}
END_TEST

START_TEST(marks_choices_and_follows_them)
{
	cleanup_page struct page page = page_make("");
	cleanup_frame struct frame frame = {0}, further = {0};
	struct page_answer answer;
	struct view view;

	for (int i = 0; i < 20; i++)
		page_offer(&page, i == 1, "choice %d\nmore of it", i);
	view_begin(&page, &view);
	frame = made(&page, &screen, &view);
	ck_assert_str_eq(row(&frame, 2), " > choice 0");
	ck_assert_int_eq(frame.rows[2].style, FRAME_CHOSEN);
	ck_assert_str_eq(row(&frame, 3), "   more of it");
	ck_assert_str_eq(row(&frame, 4), " - choice 1");
	ck_assert_uint_eq(find(&frame, "more below"), 20);
	for (int i = 0; i < 20; i++) {
		cleanup_frame struct frame between = {0};

		ck_assert(!view_press(&view, &page, VIEW_DOWN, 0, &answer));
		between = made(&page, &screen, &view);
	}
	further = made(&page, &screen, &view);
	ck_assert_uint_eq(find(&further, "> choice 19"), 18);
	ck_assert_uint_eq(find(&further, "choice 0"), FRAME_ROWS_MAX);
	ck_assert_uint_eq(find(&further, "more above"), 20);
	ck_assert(view_press(&view, &page, VIEW_ENTER, 0, &answer));
	ck_assert_uint_eq(answer.choice, 19);
}
END_TEST

START_TEST(must_be_scrolled_before_it_is_accepted)
{
	cleanup_page struct page page = page_make("");
	struct page_answer answer;
	struct view view;
	int presses = 0;

	for (int i = 0; i < 40; i++)
		page_say(&page, "line %d\n", i);
	view_begin(&page, &view);
	for (bool done = false; !done && presses < 10; presses++) {
		cleanup_frame struct frame frame = made(&page, &screen, &view);

		done = view_press(&view, &page, VIEW_ENTER, 0, &answer);
	}
	ck_assert_int_eq(presses, 3);
}
END_TEST

START_TEST(shows_a_field)
{
	cleanup_page struct page page = page_make("");
	cleanup_frame struct frame frame = {0}, full = {0};
	struct view view;

	snprintf(page.prompt, sizeof(page.prompt), "Name");
	view_begin(&page, &view);
	snprintf(view.typed, sizeof(view.typed), "caja-1");
	frame = made(&page, &screen, &view);
	ck_assert_str_eq(row(&frame, 22), " Name: caja-1");
	ck_assert(frame.has_cursor);
	ck_assert_uint_eq(frame.cursor_row, 22);
	ck_assert_uint_eq(frame.cursor_column, 13);
	/* Of more than fits, the end is shown. */
	memset(view.typed, 'x', sizeof(view.typed) - 2);
	view.typed[sizeof(view.typed) - 2] = 'y';
	view.typed[sizeof(view.typed) - 1] = '\0';
	full = made(&page, &screen, &view);
	ck_assert_uint_eq(full.cursor_column, 79);
	ck_assert(str_ends(row(&full, 22), "xy"));
}
END_TEST

START_TEST(tells_that_it_is_too_small)
{
	static const struct frame_size sizes[] = {
		{79, 24, true}, {80, 23, true}, {20, 5, false}, {1, 1, false}, {5, 200, false}};
	cleanup_page struct page page = page_make("Title");

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cleanup_frame struct frame frame = {0};
		struct view view;
		struct err err = ERR_INIT;

		view_begin(&page, &view);
		ck_assert(frame_is_too_small(&sizes[i]));
		ck_assert_int_eq(frame_make(&page, &sizes[i], &view, &frame, &err), 0);
		ck_assert_uint_eq(frame.count, sizes[i].rows);
		ck_assert_uint_eq(find(&frame, "Title"), FRAME_ROWS_MAX);
		ck_assert_ptr_nonnull(frame.rows[0].text);
	}
	ck_assert(!frame_is_too_small(&screen));
}
END_TEST

START_TEST(shows_the_picture_or_the_letters)
{
	const struct frame_size letters = {.columns = 80, .rows = 24};
	const struct frame_size huge = {.columns = 400, .rows = 400, .has_blocks = true};
	cleanup_page struct page page = page_make("");
	cleanup_frame struct frame with = {0}, without = {0}, large = {0};
	struct view view;

	page.picture = strdup("█▀▄ \n█▀▄ \n");
	snprintf(page.code, sizeof(page.code), "0000-0000-0000-0000");
	page_say(&page, "%s\n",
		"a sentence of many words that must end before the picture begins, so "
		"it is wrapped");
	view_begin(&page, &view);
	with = made(&page, &screen, &view);
	ck_assert_uint_eq(with.picture_column, 75);
	ck_assert_uint_le(str_width(row(&with, 2)), 73);
	ck_assert_uint_eq(find(&with, "##"), FRAME_ROWS_MAX);
	without = made(&page, &letters, &view);
	ck_assert_ptr_null(without.picture);
	ck_assert_uint_ne(find(&without, "##"), FRAME_ROWS_MAX);
	large = made(&page, &huge, &view);
	ck_assert_uint_eq(large.count, FRAME_ROWS_MAX);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("frame");

	setlocale(LC_ALL, "");
	tcase_add_test(tcase, has_title_and_keys);
	tcase_add_test(tcase, wraps_below_the_first_word);
	tcase_add_test(tcase, marks_choices_and_follows_them);
	tcase_add_test(tcase, must_be_scrolled_before_it_is_accepted);
	tcase_add_test(tcase, shows_a_field);
	tcase_add_test(tcase, tells_that_it_is_too_small);
	tcase_add_test(tcase, shows_the_picture_or_the_letters);
	return unit_main("frame", tcase);
}
