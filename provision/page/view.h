/* Where a person stands in a page, and what each key does to it. */
#ifndef NEXUS_PROVISION_PAGE_VIEW_H
#define NEXUS_PROVISION_PAGE_VIEW_H

#include "provision/page/page.h"

enum view_key {
	VIEW_UP,
	VIEW_DOWN,
	VIEW_PAGE_UP,
	VIEW_PAGE_DOWN,
	VIEW_HOME,
	VIEW_END,
	VIEW_ENTER,
	VIEW_BACK, /* Esc */
	VIEW_QUIT, /* Ctrl-C */
	VIEW_ERASE, /* Backspace */
	VIEW_CHARACTER,
};

struct view {
	size_t chosen; /* of the choices */
	char typed[PAGE_ANSWER_MAX];
	char note[200];
	size_t top; /* first line of the page that is shown; frame_make puts it right */
	bool follow; /* scroll to what is chosen, or to the end of a page without choices */
	bool seen; /* that was in the last frame; frame_make says */
	size_t window; /* rows that the last frame had for the page; frame_make says */
};

void view_begin(const struct page *page, struct view *ret);

/* character counts with VIEW_CHARACTER alone; only printing ASCII is taken. Returns true when
 * that was the answer. What can't be picked, or was not seen yet, is no answer. */
bool view_press(struct view *view, const struct page *page, enum view_key key, char character,
	struct page_answer *ret);

#endif
