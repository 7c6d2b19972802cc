/* One page of the installer, whatever it is shown on: a title, lines of text, then either choices,
 * a field to fill in, or nothing but going on. */
#ifndef NEXUS_PROVISION_PAGE_PAGE_H
#define NEXUS_PROVISION_PAGE_PAGE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define PAGE_COLUMNS 80 /* of the smallest terminal that a page is laid out for */
#define PAGE_ROWS 24
#define PAGE_CHOICES_MAX 72
#define PAGE_ANSWER_MAX 128 /* bytes with the NUL */
#define PAGE_TEXT_MAX (64u << 10) /* bytes of all lines */

struct page_choice {
	char *text; /* owned; lines without an end, the first is what it is called */
	bool refused; /* can't be picked; its text says why */
};

struct page {
	char title[80];
	struct buf text; /* lines, each with its end; blanks at the start of one indent all of it */
	char *picture; /* owned; lines of UTF-8, all as wide, beside the text; NULL: none */
	char code[24]; /* shown in large letters where there is no picture; "": none */
	struct page_choice choices[PAGE_CHOICES_MAX];
	size_t count; /* of the choices; 0: none */
	size_t chosen; /* the one that Enter picks at first */
	char prompt[100]; /* what a field is called; "": none. A page has no choices and field both
			   */
	char note[200]; /* what was wrong with the last answer, or what has happened */
	bool can_go_back, can_look_again, can_quit;
	bool at_end; /* its last lines matter most: progress */
	bool broken; /* out of memory: a part is missing */
};

enum page_act {
	PAGE_NEXT,
	PAGE_BACK,
	PAGE_AGAIN, /* look again at what the page lists */
	PAGE_QUIT,
};

struct page_answer {
	enum page_act act;
	size_t choice; /* PAGE_NEXT with choices */
	char text[PAGE_ANSWER_MAX]; /* PAGE_NEXT with a field */
};

/* An empty page; its title is cut when too long. Released with page_done. */
struct page page_make(const char *title);
void page_done(struct page *page);

/* Adds to the text; what can't be added makes the page broken. */
void page_say(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a choice; past PAGE_CHOICES_MAX the page is broken. */
void page_offer(struct page *page, bool refused, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* True if choice may be picked. */
bool page_can_pick(const struct page *page, size_t choice);

static inline void cleanup_page_fn(struct page *page)
{
	int saved = errno;

	page_done(page);
	errno = saved;
}
#define cleanup_page __attribute__((cleanup(cleanup_page_fn)))

#endif
