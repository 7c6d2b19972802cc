#include "console/usb/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/i18n.h"
#include "hw/disk.h"

#define REDRAW_US 250000u
#define SETTLE_US 1000000u /* before that a speed says little */
#define STEP 10u /* per cent */

void meter_init(struct meter *meter, const struct clock *clock, bool quiet)
{
	const char *term = getenv("TERM");

	*meter = (struct meter){.clock = clock,
		.quiet = quiet,
		.terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0};
}

static unsigned percent_of(const struct meter *meter)
{
	if (!meter->total || meter->done >= meter->total)
		return 100;
	return (unsigned)((double)meter->done * 100 / (double)meter->total);
}

void meter_text(const struct meter *meter, char ret_text[METER_TEXT])
{
	uint64_t spent = clock_monotonic_us(meter->clock) - meter->begun_us;
	double speed = spent ? (double)meter->done / (double)spent : 0; /* bytes a us */
	uint64_t left = meter->total > meter->done ? meter->total - meter->done : 0;
	char rate[24], duration[32];

	if (spent < SETTLE_US || !(speed > 0)) {
		snprintf(ret_text, METER_TEXT, _("%s: %u %%"), meter->title, percent_of(meter));
		return;
	}
	hw_disk_size_format((uint64_t)(speed * 1e6), rate);
	clock_duration_format((uint64_t)((double)left / speed), duration);
	snprintf(ret_text, METER_TEXT, _("%s: %u %%, %s/s, %s left"), meter->title,
		percent_of(meter), rate, duration);
}

static void show(struct meter *meter)
{
	char text[METER_TEXT];

	meter_text(meter, text);
	if (meter->terminal) {
		fprintf(stderr, "\r\033[K%s", text);
		fflush(stderr);
	} else {
		fprintf(stderr, "%s\n", text);
	}
	meter->shown_us = clock_monotonic_us(meter->clock);
	meter->shown_percent = percent_of(meter);
}

void meter_begin(struct meter *meter, const char *title, uint64_t total)
{
	meter->title = title;
	meter->total = total;
	meter->done = 0;
	meter->begun_us = clock_monotonic_us(meter->clock);
	meter->shown_percent = 0;
	if (!meter->quiet)
		show(meter);
}

void meter_add(void *context, uint64_t bytes)
{
	struct meter *meter = context;

	meter->done += bytes;
	if (meter->quiet)
		return;
	if (meter->terminal ? clock_monotonic_us(meter->clock) >= meter->shown_us + REDRAW_US
			    : percent_of(meter) >= meter->shown_percent + STEP)
		show(meter);
}

double meter_end(struct meter *meter, bool good)
{
	uint64_t spent = clock_monotonic_us(meter->clock) - meter->begun_us;

	if (!meter->quiet && meter->terminal) {
		if (good)
			show(meter);
		fputs("\n", stderr);
	}
	return (double)spent / 1e6;
}
