/* How far a long piece of work is, how fast, and how long it will take: one line that is drawn over
 * on a terminal, else a line every ten per cent. On stderr. */
#ifndef NEXUS_CONSOLE_USB_METER_H
#define NEXUS_CONSOLE_USB_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#define METER_TEXT 160

struct meter {
	const struct clock *clock; /* borrowed */
	bool terminal, quiet;
	const char *title; /* borrowed, translated */
	uint64_t total, done; /* bytes */
	uint64_t begun_us, shown_us;
	unsigned shown_percent;
};

/* Finds out whether stderr is a terminal. quiet: nothing is printed. */
void meter_init(struct meter *meter, const struct clock *clock, bool quiet);

void meter_begin(struct meter *meter, const char *title, uint64_t total);

/* For struct copy: context is the meter. */
void meter_add(void *context, uint64_t bytes);

/* Wipes the line, or leaves it as the last. Returns the seconds since meter_begin. */
double meter_end(struct meter *meter, bool good);

/* The line as text: "Writing: 42 %, 12.3 MB/s, 31 s left". */
void meter_text(const struct meter *meter, char ret_text[METER_TEXT]);

#endif
