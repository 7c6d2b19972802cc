/* What the technician sees and types, on every console at once: the screen and a serial cable
 * show the same, and whichever answers first is heard. Plain lines, no cursor movement but the
 * progress bar's carriage return. */
#ifndef NEXUS_PROVISION_SCREEN_H
#define NEXUS_PROVISION_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

#define SCREEN_CONSOLES_MAX 4
#define SCREEN_ANSWER_MAX 128 /* bytes with the NUL */

struct screen_console {
	int in, out; /* owned when opened here; in is -1 when nobody can type there */
	bool opened, terminal;
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
};

/* Standard input and output; all: the other consoles of the kernel too, as
 * /sys/class/tty/console/active names them. Never fails: what can't be opened is left out. */
void screen_open(struct screen *ret, bool all, const struct clock *clock);
void screen_close(struct screen *screen);

/* True if there is a terminal where somebody could answer. */
bool screen_can_ask(const struct screen *screen);

void screen_say(struct screen *screen, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Shows prompt and waits for a line, stripped, fit for a terminal. -ENOTTY (kind config) if
 * nobody can answer, or nobody can any more. */
int screen_ask(struct screen *screen, const char *prompt, char ret_answer[SCREEN_ANSWER_MAX],
	struct err *err) __attribute__((warn_unused_result));

/* A bar of total bytes; 0: it only says how long it took. */
void screen_bar_begin(struct screen *screen, const char *label, uint64_t total);
/* For struct copy: context is the struct screen. */
void screen_bar_add(void *context, uint64_t bytes);
/* Draws the last state; ok false leaves the bar where it stood. Returns the seconds it took. */
double screen_bar_end(struct screen *screen, bool ok);

/* The adoption code, "XXXX-XXXX-XXXX-XXXX", in large letters and plain below them. */
void screen_code(struct screen *screen, const char *code);

/* One beep for success, three for failure. */
void screen_beep(struct screen *screen, bool ok);

#endif
