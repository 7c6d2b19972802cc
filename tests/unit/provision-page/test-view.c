#include "provision/page/view.h"

#include <string.h>

#include "../unit.h"

/* Three choices, the second refused; the page can be left in every direction. */
static struct page choices(void)
{
	struct page page = page_make("Disk");

	page_offer(&page, false, "one");
	page_offer(&page, true, "two");
	page_offer(&page, false, "three");
	page.can_go_back = page.can_look_again = page.can_quit = true;
	return page;
}

static struct view begun(const struct page *page)
{
	struct view view;

	view_begin(page, &view);
	view.seen = true;
	view.window = 10;
	return view;
}

/* Keys of one letter: u, d: arrows; e: Enter; b: Esc; c: Ctrl-C; others: characters. */
static bool press(
	struct view *view, const struct page *page, const char *keys, struct page_answer *ret)
{
	static const char letters[] = "udebc";
	static const enum view_key meanings[] = {
		VIEW_UP, VIEW_DOWN, VIEW_ENTER, VIEW_BACK, VIEW_QUIT};

	for (; *keys; keys++) {
		const char *at = strchr(letters, *keys);

		if (view_press(
			    view, page, at ? meanings[at - letters] : VIEW_CHARACTER, *keys, ret))
			return true;
	}
	return false;
}

static const struct {
	const char *keys;
	bool answered;
	enum page_act act;
	size_t choice;
} walks[] = {
	{"e", true, PAGE_NEXT, 0},
	{"de", true, PAGE_NEXT, 2},
	{"dde", true, PAGE_NEXT, 2},
	{"due", true, PAGE_NEXT, 0},
	{"uue", true, PAGE_NEXT, 0},
	{"db", true, PAGE_BACK, 0},
	{"r", true, PAGE_AGAIN, 0},
	{"R", true, PAGE_AGAIN, 0},
	{"q", true, PAGE_QUIT, 0},
	{"c", true, PAGE_QUIT, 0},
	{"x1 ", false, PAGE_NEXT, 0},
};

START_TEST(walks_choices)
{
	cleanup_page struct page page = choices();
	struct view view = begun(&page);
	struct page_answer answer = {0};

	ck_assert_int_eq(press(&view, &page, walks[_i].keys, &answer), walks[_i].answered);
	ck_assert_int_eq(answer.act, walks[_i].act);
	if (walks[_i].act == PAGE_NEXT)
		ck_assert_uint_eq(answer.choice, walks[_i].choice);
}
END_TEST

START_TEST(goes_only_where_it_may)
{
	cleanup_page struct page page = choices();
	struct view view = begun(&page);
	struct page_answer answer = {0};

	page.can_go_back = page.can_look_again = page.can_quit = false;
	ck_assert(!press(&view, &page, "brqc", &answer));
	/* What can't be picked is no answer, and it is said. */
	view.chosen = 1;
	ck_assert(!press(&view, &page, "e", &answer));
	ck_assert_str_ne(view.note, "");
	ck_assert(!press(&view, &page, "u", &answer));
	ck_assert_str_eq(view.note, "");
}
END_TEST

START_TEST(types_into_a_field)
{
	cleanup_page struct page page = page_make("Name");
	struct view view;
	struct page_answer answer = {0};

	snprintf(page.prompt, sizeof(page.prompt), "Name");
	page.can_quit = true;
	view = begun(&page);
	view.seen = false;
	/* Letters that are keys elsewhere are letters here. */
	ck_assert(!press(&view, &page, "qr", &answer));
	ck_assert(!view_press(&view, &page, VIEW_CHARACTER, '\x07', &answer));
	ck_assert(!view_press(&view, &page, VIEW_CHARACTER, '\xc3', &answer));
	ck_assert(!press(&view, &page, "x", &answer));
	ck_assert(!view_press(&view, &page, VIEW_ERASE, 0, &answer));
	ck_assert(press(&view, &page, "e", &answer));
	ck_assert_str_eq(answer.text, "qr");
	for (int i = 0; i < 3; i++)
		ck_assert(!view_press(&view, &page, VIEW_ERASE, 0, &answer));
	for (int i = 0; i < 2 * PAGE_ANSWER_MAX; i++)
		ck_assert(!view_press(&view, &page, VIEW_CHARACTER, 'a', &answer));
	ck_assert(press(&view, &page, "e", &answer));
	ck_assert_uint_eq(strlen(answer.text), PAGE_ANSWER_MAX - 1);
}
END_TEST

START_TEST(accepts_only_what_was_seen)
{
	cleanup_page struct page page = page_make("Firmware");
	struct page_answer answer = {0};
	struct view view = begun(&page);

	view.seen = false;
	ck_assert(!press(&view, &page, "e", &answer));
	ck_assert_uint_eq(view.top, 9);
	view.seen = true;
	ck_assert(press(&view, &page, "e", &answer));
	page_offer(&page, false, "below");
	view = begun(&page);
	view.seen = false;
	ck_assert(!press(&view, &page, "e", &answer));
	ck_assert(view.follow);
}
END_TEST

START_TEST(scrolls)
{
	cleanup_page struct page page = page_make("Long");
	struct page_answer answer = {0};
	struct view view = begun(&page);
	static const struct {
		enum view_key key;
		size_t top;
	} moves[] = {{VIEW_PAGE_UP, 0}, {VIEW_UP, 0}, {VIEW_DOWN, 1}, {VIEW_PAGE_DOWN, 10},
		{VIEW_UP, 9}, {VIEW_PAGE_UP, 0}, {VIEW_PAGE_DOWN, 9}, {VIEW_HOME, 0}};

	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		ck_assert(!view_press(&view, &page, moves[i].key, 0, &answer));
		ck_assert_uint_eq(view.top, moves[i].top);
	}
	ck_assert(!view_press(&view, &page, VIEW_END, 0, &answer));
	ck_assert(view.follow);
}
END_TEST

START_TEST(offers_no_more_than_fit)
{
	cleanup_page struct page page = page_make("Many");

	for (int i = 0; i < PAGE_CHOICES_MAX; i++)
		page_offer(&page, false, "%d", i);
	ck_assert(!page.broken);
	page_offer(&page, false, "one too many");
	ck_assert(page.broken);
	ck_assert_uint_eq(page.count, PAGE_CHOICES_MAX);
	ck_assert(!page_can_pick(&page, PAGE_CHOICES_MAX));
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("view");

	tcase_add_loop_test(tcase, walks_choices, 0, COUNT(walks));
	tcase_add_test(tcase, goes_only_where_it_may);
	tcase_add_test(tcase, types_into_a_field);
	tcase_add_test(tcase, accepts_only_what_was_seen);
	tcase_add_test(tcase, scrolls);
	tcase_add_test(tcase, offers_no_more_than_fit);
	return unit_main("view", tcase);
}
