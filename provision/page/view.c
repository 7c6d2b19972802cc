#include "provision/page/view.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/i18n.h"

void view_begin(const struct page *page, struct view *ret)
{
	*ret = (struct view){.chosen = page->chosen};
	snprintf(ret->note, sizeof(ret->note), "%s", page->note);
	ret->follow = page->at_end;
}

static void scroll(struct view *view, enum view_key key)
{
	const size_t step = view->window > 1 ? view->window - 1 : 1;

	view->follow = key == VIEW_END;
	if (key == VIEW_PAGE_DOWN)
		view->top += step;
	else if (key == VIEW_DOWN)
		view->top++;
	else if (key == VIEW_HOME)
		view->top = 0;
	else if (key == VIEW_PAGE_UP)
		view->top -= view->top < step ? view->top : step;
	else if (key == VIEW_UP && view->top)
		view->top--;
}

/* The next choice that may be picked; where there is none, the lines beyond are shown. */
static void move(struct view *view, const struct page *page, enum view_key key)
{
	for (size_t at = view->chosen; key == VIEW_DOWN ? at + 1 < page->count : at > 0;) {
		at = key == VIEW_DOWN ? at + 1 : at - 1;
		if (page_can_pick(page, at)) {
			view->chosen = at;
			view->follow = true;
			return;
		}
	}
	scroll(view, key);
}

static bool accept(struct view *view, const struct page *page, struct page_answer *ret)
{
	if (!view->seen && !page->prompt[0]) {
		if (page->count)
			view->follow = true;
		else
			scroll(view, VIEW_PAGE_DOWN);
		return false;
	}
	if (page->count && !page_can_pick(page, view->chosen)) {
		snprintf(view->note, sizeof(view->note), "%s", _("That can't be chosen."));
		return false;
	}
	ret->act = PAGE_NEXT;
	ret->choice = view->chosen;
	snprintf(ret->text, sizeof(ret->text), "%s", view->typed);
	return true;
}

static bool leave(bool may, enum page_act act, struct page_answer *ret)
{
	if (may)
		ret->act = act;
	return may;
}

static bool type(
	struct view *view, const struct page *page, char character, struct page_answer *ret)
{
	const size_t used = strlen(view->typed);

	if (page->prompt[0]) {
		if (isprint((unsigned char)character) && used + 1 < sizeof(view->typed)) {
			view->typed[used] = character;
			view->typed[used + 1] = '\0';
		}
		return false;
	}
	switch (tolower((unsigned char)character)) {
	case 'r':
		return leave(page->can_look_again, PAGE_AGAIN, ret);
	case 'q':
		return leave(page->can_quit, PAGE_QUIT, ret);
	case ' ':
		scroll(view, VIEW_PAGE_DOWN);
		return false;
	}
	return false;
}

bool view_press(struct view *view, const struct page *page, enum view_key key, char character,
	struct page_answer *ret)
{
	const size_t used = strlen(view->typed);

	view->note[0] = '\0';
	switch (key) {
	case VIEW_UP:
	case VIEW_DOWN:
		if (page->count && view->seen)
			move(view, page, key);
		else
			scroll(view, key);
		return false;
	case VIEW_PAGE_UP:
	case VIEW_PAGE_DOWN:
	case VIEW_HOME:
	case VIEW_END:
		scroll(view, key);
		return false;
	case VIEW_ENTER:
		return accept(view, page, ret);
	case VIEW_BACK:
		return leave(page->can_go_back, PAGE_BACK, ret);
	case VIEW_QUIT:
		return leave(page->can_quit, PAGE_QUIT, ret);
	case VIEW_ERASE:
		if (used)
			view->typed[used - 1] = '\0';
		return false;
	case VIEW_CHARACTER:
		return type(view, page, character, ret);
	}
	return false;
}
