/* Pages on whole terminals, by ncurses: the same one on all of them, and whichever answers first is
 * heard. */
#ifndef NEXUS_PROVISION_FACE_FULL_H
#define NEXUS_PROVISION_FACE_FULL_H

#include "base/err.h"
#include "provision/page/page.h"

#define FULL_TERMINALS_MAX 4

/* A terminal; its files are borrowed. */
struct full_terminal {
	int in, out;
	const char *type; /* as TERM has it; NULL or "dumb" can't be used */
};

struct full;

/* Takes over those of the terminals that can be drawn on. -ENOTTY (kind config) if none can. */
int full_open(const struct full_terminal *terminals, size_t count, struct full **ret,
	struct err *err) __attribute__((warn_unused_result));

/* Gives the terminals back as they were, but empty. */
void full_close(struct full *full);

/* Shows a page. A terminal that does not take it is left alone from then on. */
int full_show(struct full *full, const struct page *page, struct err *err)
	__attribute__((warn_unused_result));

/* Shows a page and waits for its answer; what was typed before is forgotten. -EMSGSIZE: a terminal
 * is too small and its person wants plain lines; -ENOTTY when every terminal has gone. */
int full_ask(struct full *full, const struct page *page, struct page_answer *ret, struct err *err)
	__attribute__((warn_unused_result));

void full_beep(struct full *full);

#endif
