#include "console/console.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/verb.h"
#include "json/json.h"

#define TIMEOUT_DEFAULT_US 30000000u
#define TIMEOUT_MAX_US 3600000000u

int console_open(struct console *console, struct err *err)
{
	int r;

	r = home_open(console->home_path, &console->home, err);
	return r < 0 ? r : inventory_open(console->home.path, &console->inventory, err);
}

void console_done(struct console *console)
{
	inventory_box_done(&console->box);
	inventory_close(TAKE(console->inventory));
	home_done(&console->home);
}

int console_timeout(
	struct console *console, uint64_t fallback_us, uint64_t *ret_us, struct err *err)
{
	int r;

	*ret_us = fallback_us;
	if (!console->timeout)
		return 0;
	r = parse_duration(console->timeout, 100000, TIMEOUT_MAX_US, ret_us, err);
	console->usage = r < 0;
	return r < 0 ? err_wrap(err, "read --timeout") : 0;
}

int console_ask(struct console *console, const char *name, struct err *err)
{
	uint64_t timeout_us;
	int r;

	r = console_timeout(console, TIMEOUT_DEFAULT_US, &timeout_us, err);
	if (r == 0)
		r = console_open(console, err);
	if (r == 0)
		r = inventory_find(console->inventory, name, &console->box, err);
	if (r < 0)
		return r;
	console->ask = (struct ask){.box = &console->box,
		.identity = console->home.identity,
		.clock = &clock_system,
		.timeout_us = timeout_us};
	return 0;
}

char *console_subject(const struct inventory_box *box)
{
	char address[ADDRESS_TEXT_SIZE];

	address_format(&box->address, address);
	return str_printf("%s (%s)", box->name, address);
}

bool console_coloured(int fd)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(none && *none) && term && strcmp(term, "dumb") != 0;
}

int console_print_json(const struct console *console, struct json *json)
{
	cleanup_json struct json *owned = json;
	cleanup_free char *text = NULL;
	struct err err = ERR_INIT;

	if (json_finish(owned, &text, &err) < 0) {
		err_print(stderr, CONSOLE_PROGRAM, &err);
		return VERB_EXIT_FAILED;
	}
	(void)console;
	puts(text);
	return VERB_EXIT_OK;
}

static void print_json_error(const struct console *console, const char *subject, const char *kind,
	const char *sentence, const struct err *err)
{
	struct json *json = json_object_new(), *error;

	json_set_text(json, "schema", "nexus.error/1");
	json_set_text(json, "box", subject);
	error = json_set_object(json, "error");
	json_set_text(error, "kind", kind);
	json_set_text(error, "sentence", sentence);
	json_set_text(error, "text", err->text);
	(void)console_print_json(console, json);
}

int console_fail(const struct console *console, const struct err *err)
{
	err_print(stderr, CONSOLE_PROGRAM, err);
	if (console->json)
		print_json_error(console, NULL, err_kind_name(err->kind), err->text, err);
	return console->usage ? VERB_EXIT_USAGE : VERB_EXIT_FAILED;
}

int console_fail_box(
	const struct console *console, const char *subject, enum fault fault, const struct err *err)
{
	const char *advice = fault_advice(fault);

	if (fault == FAULT_BOX || fault == FAULT_CONSOLE)
		advice = err_advice(err->kind);
	fprintf(stderr, "%s: %s: %s\n", CONSOLE_PROGRAM, subject, fault_text(fault));
	if (fault == FAULT_BOX || fault == FAULT_CONSOLE || console->verbose)
		fprintf(stderr, "  %s\n", err->text);
	if (*advice)
		fprintf(stderr, "%s\n", advice);
	if (console->json)
		print_json_error(console, subject, fault_name(fault), fault_text(fault), err);
	return fault_exit(fault);
}
