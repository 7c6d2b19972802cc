/* What all commands of the console share: where its home is, how to print, how to fail. */
#ifndef NEXUS_CONSOLE_CONSOLE_H
#define NEXUS_CONSOLE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "console/fleet/ask.h"
#include "console/fleet/fault.h"
#include "console/fleet/home.h"
#include "console/fleet/inventory.h"

#define CONSOLE_PROGRAM "nexus"

struct console {
	/* Options of the command line; texts are borrowed from argv. */
	const char *home_path; /* NULL: the default */
	const char *timeout; /* NULL: the command's own */
	bool json;
	bool no_input;
	bool verbose;
	bool usage; /* the failure is a mistake on the command line */
	/* Opened by console_open. */
	struct home home;
	struct inventory *inventory;
	/* Filled by console_ask. */
	struct inventory_box box;
	struct ask ask;
};

/* Opens home, key and inventory. */
int console_open(struct console *console, struct err *err) __attribute__((warn_unused_result));
void console_done(struct console *console);

/* Finds a box by name or id and prepares console->ask for it. */
int console_ask(struct console *console, const char *name, struct err *err)
	__attribute__((warn_unused_result));

/* The --timeout, or fallback_us. */
int console_timeout(struct console *console, uint64_t fallback_us, uint64_t *ret_us,
	struct err *err) __attribute__((warn_unused_result));

/* Prints what went wrong and what to do, on stderr; as JSON on stdout too with --json. Returns
 * the exit status. subject is who it is about, e.g. "tienda-1 (10.0.0.5)". */
int console_fail(const struct console *console, const struct err *err);
int console_fail_box(const struct console *console, const char *subject, enum fault fault,
	const struct err *err);

/* "name (address)" of console->box; owned, NULL without memory. */
char *console_subject(const struct inventory_box *box);

/* True if stream is a terminal that may be coloured (NO_COLOR and TERM=dumb say no). */
bool console_coloured(int fd);

/* Prints a JSON value on one line, takes it. Returns the exit status. */
int console_print_json(const struct console *console, struct json *json);

#endif
