/* What the technician sees and types, on every console at once: the screen and a serial cable
 * show the same, and whichever answers first is heard. It begins with plain lines, no cursor
 * movement but the progress bar's carriage return; raised, it shows whole pages. */
#ifndef NEXUS_PROVISION_FACE_SCREEN_H
#define NEXUS_PROVISION_FACE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "provision/face/full.h"
#include "provision/page/page.h"

#define SCREEN_CONSOLES_MAX FULL_TERMINALS_MAX

struct screen_console {
	int in, out; /* owned when opened here; in is -1 when nobody can type there */
	bool opened, terminal;
	const char *type; /* as TERM has it; static or of the environment; NULL: unknown */
	bool dead; /* a write failed: it is left alone from then on */
};

struct screen_bar {
	char label[96];
	uint64_t total, done; /* bytes */
	uint64_t begun_us, drawn_us;
	bool active;
};

struct screen {
	struct screen_console consoles[SCREEN_CONSOLES_MAX];
	size_t count;
	const struct clock *clock; /* borrowed */
	struct screen_bar bar;
	struct full *full; /* owned; NULL: plain lines */
	struct page log; /* raised: what was said since the last page */
	int errors; /* owned; standard error while it is kept off a raised terminal, else -1 */
};

/* Standard input and output; all: the other consoles of the kernel too, as
 * /sys/class/tty/console/active names them. Never fails: what can't be opened is left out. */
void screen_open(struct screen *ret, bool all, const struct clock *clock);
void screen_close(struct screen *screen);

/* True if there is a terminal where somebody could answer. */
bool screen_can_ask(const struct screen *screen);

/* From now on pages are whole terminals, where there is one that can; else nothing changes. */
void screen_raise(struct screen *screen);
/* Back to lines. */
void screen_lower(struct screen *screen);

/* A line, or a part of one, among those below the last title. */
void screen_say(struct screen *screen, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins anew with a title, for what is then said and for bars. */
void screen_title(struct screen *screen, const char *title);

/* Shows a page without asking anything. */
void screen_show(struct screen *screen, const struct page *page);

/* Shows a page and waits for an answer that it allows. -ENOTTY (kind config) if nobody can answer,
 * or nobody can any more. */
int screen_page(struct screen *screen, const struct page *page, struct page_answer *ret,
	struct err *err) __attribute__((warn_unused_result));

/* In lines: shows prompt and waits for a line, stripped, fit for a terminal. -ENOTTY as above. */
int screen_ask(struct screen *screen, const char *prompt, char ret_answer[PAGE_ANSWER_MAX],
	struct err *err) __attribute__((warn_unused_result));

/* Forgets what was typed so far: a key pressed during a long wait answers nothing later. */
void screen_forget_typed(struct screen *screen);

/* A bar of total bytes; 0: it only says how long it took. */
void screen_bar_begin(struct screen *screen, const char *label, uint64_t total);
/* For struct copy: context is the struct screen. */
void screen_bar_add(void *context, uint64_t bytes);
/* Draws the last state; ok false leaves the bar where it stood. Returns the seconds it took. */
double screen_bar_end(struct screen *screen, bool ok);

/* One beep for success, three for failure. */
void screen_beep(struct screen *screen, bool ok);

#endif
