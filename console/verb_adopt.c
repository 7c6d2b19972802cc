#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "console/console.h"
#include "console/fleet/adopt.h"
#include "console/prompt.h"
#include "console/verbs.h"
#include "json/json.h"

#define TIMEOUT_US 30000000u
#define CODE_FILE_MAX 4096

static const char *arg_code, *arg_code_file, *arg_name;

const struct verb_option verb_adopt_options[] = {
	{.long_name = "code",
		.argument = N_("CODE"),
		.help = N_("the code on the box's screen (others on this machine may see it)"),
		.text = &arg_code},
	{.long_name = "code-file",
		.argument = N_("FILE"),
		.help = N_("read the code from a file; - is stdin"),
		.text = &arg_code_file},
	{.long_name = "name",
		.argument = N_("NAME"),
		.help = N_("what to call the box; its own name otherwise"),
		.text = &arg_name},
	{0},
};

/* --- the code --- */

static int read_code_file(struct fleet_adoption_code *ret, struct err *err)
{
	cleanup_free char *text = NULL;
	int r;

	if (strcmp(arg_code_file, "-") == 0)
		r = file_read_fd(STDIN_FILENO, "stdin", CODE_FILE_MAX, &text, NULL, err);
	else
		r = file_read(AT_FDCWD, arg_code_file, CODE_FILE_MAX, &text, NULL, err);
	if (r == 0)
		r = fleet_adoption_code_parse(text, ret, err);
	if (text)
		explicit_bzero(text, strlen(text));
	return r;
}

static int ask_code(struct fleet_adoption_code *ret, struct err *err)
{
	char line[PROMPT_LINE_MAX];
	int r = -EINVAL;

	/* Shown while it is typed: it stands on the box's screen, serves once, and has to be
	 * compared character by character. */
	for (int i = 0; r < 0 && i < (prompt_possible() ? 3 : 1); i++) {
		if (i > 0)
			fprintf(stderr, "%s\n", err->text);
		r = prompt_line(
			prompt_possible() ? _("Code on the box's screen: ") : NULL, line, err);
		if (r < 0)
			return r;
		r = fleet_adoption_code_parse(line, ret, err);
	}
	explicit_bzero(line, sizeof(line));
	return r;
}

static int get_code(const struct console *console, struct fleet_adoption_code *ret, struct err *err)
{
	if (arg_code && arg_code_file)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read adoption code: give --code or --code-file, not both");
	if (arg_code)
		return fleet_adoption_code_parse(arg_code, ret, err);
	if (arg_code_file)
		return read_code_file(ret, err);
	if (console->no_input)
		return err_set(err, ERR_CONFIG, EINVAL,
			"read adoption code: with --no-input it must come by --code-file");
	return ask_code(ret, err);
}

/* --- telling how it ended --- */

static const struct {
	const char *name, *text, *advice;
	int exit;
} ends[] = {
	[ADOPT_DONE] = {"done", "", "", 0},
	[ADOPT_KNOWN] = {"known", "", "", 0},
	[ADOPT_NAME_TAKEN] = {"name-taken", N_("Another box in this console has this name."),
		N_("Nothing was changed. Choose another --name, or see 'nexus fleet list'."), 1},
	[ADOPT_WRONG_HOST] = {"wrong-host",
		N_("This is not the box whose screen you read, or the code was mistyped."),
		N_("Nothing was sent to it. Compare the first eight characters of the code, and "
		   "the address, with the box's screen."),
		FAULT_EXIT_REFUSED},
	[ADOPT_WRONG_SECRET] = {"wrong-secret", N_("It is the right box, but it refuses the code."),
		N_("Compare the last eight characters of the code with the box's screen. If the "
		   "screen shows no code, the box has been adopted by another console already."),
		FAULT_EXIT_REFUSED},
	[ADOPT_TAKEN] = {"taken", N_("Another console has adopted this box already."),
		N_("Only that console, or installing the box anew, can change this."),
		FAULT_EXIT_REFUSED},
	[ADOPT_FAILED] = {"failed", "", "", 1},
};

/* Not yet in the inventory, so the general advice does not fit. */
static int fail_away(const struct console *console, const char *where, const struct err *err)
{
	fprintf(stderr, "%s: %s: %s\n%s\n", CONSOLE_PROGRAM, where, fault_text(FAULT_AWAY),
		_("Is the box on, and its network cable in? Compare the address with the one on "
		  "its screen."));
	if (console->verbose)
		fprintf(stderr, "  %s\n", err->text);
	return FAULT_EXIT_UNREACHABLE;
}

static int fail(const struct console *console, const struct address *address,
	const struct adopt_result *result, const struct err *err)
{
	char where[ADDRESS_TEXT_SIZE];
	struct json *json;

	address_format(address, where);
	if (result->end == ADOPT_FAILED && result->fault == FAULT_AWAY && !console->json)
		return fail_away(console, where, err);
	if (result->end == ADOPT_FAILED)
		return console_fail_box(console, where, result->fault, err);
	fprintf(stderr, "%s: %s: %s\n", CONSOLE_PROGRAM, where, _(ends[result->end].text));
	if (console->verbose)
		fprintf(stderr, "  %s\n", err->text);
	fprintf(stderr, "%s\n", _(ends[result->end].advice));
	if (console->json) {
		json = json_object_new();
		json_set_text(json, "schema", "nexus.adopt/1");
		json_set_text(json, "result", ends[result->end].name);
		json_set_text(json, "text", err->text);
		(void)console_print_json(console, json);
	}
	return ends[result->end].exit;
}

static int tell(const struct console *console, const struct adopt_result *result)
{
	const struct inventory_box *box = &result->box;
	char where[ADDRESS_TEXT_SIZE];
	struct json *json;

	address_format(&box->address, where);
	if (result->renamed)
		fprintf(stderr,
			_("Another box has its name; here it is called %s ('nexus fleet "
			  "rename').\n"),
			box->name);
	if (console->json) {
		json = json_object_new();
		json_set_text(json, "schema", "nexus.adopt/1");
		json_set_text(json, "result", ends[result->end].name);
		json_set_text(json, "box_id", box->box_id);
		json_set_text(json, "name", box->name);
		json_set_text(json, "address", where);
		json_set_text(json, "version", result->version);
		json_set_text(json, "distribution", result->distribution);
		return console_print_json(console, json);
	}
	if (result->end == ADOPT_KNOWN)
		printf(_("%s was yours already (%s); the inventory is up to date.\n"), box->name,
			where);
	else
		printf(_("%s is yours now (%s, %s %s).\n"), box->name, where, result->distribution,
			result->version);
	printf(_("See how it is: nexus fleet status %s\n"), box->name);
	return VERB_EXIT_OK;
}

/* --- the verb --- */

/* What is wrong on the command line itself is told before anything is opened. */
static int read_arguments(const char *text, struct console *console, struct address *ret_address,
	struct fleet_adoption_code *ret_code, struct err *err)
{
	int r;

	r = address_parse(text, 22, ret_address, err);
	if (r == 0 && arg_name && !inventory_name_valid(arg_name))
		r = err_set(err, ERR_CONFIG, EINVAL,
			"read --name: up to 63 letters, digits, '-', '_' and '.'");
	return r < 0 ? r : get_code(console, ret_code, err);
}

int verb_adopt(int argc, char **argv, void *context)
{
	struct console *console = context;
	struct fleet_adoption_code code;
	struct adopt_result result;
	struct address address;
	struct err err = ERR_INIT;
	struct adopt_options options = {.home = &console->home,
		.clock = &clock_system,
		.address = &address,
		.code = &code,
		.name = arg_name};
	int r;

	(void)argc;
	r = read_arguments(argv[0], console, &address, &code, &err);
	if (r == 0)
		r = console_timeout(console, TIMEOUT_US, &options.timeout_us, &err);
	if (r < 0) {
		(void)console_fail(console, &err);
		return VERB_EXIT_USAGE;
	}
	r = console_open(console, &err);
	if (r < 0)
		return console_fail(console, &err);
	options.inventory = console->inventory;
	r = adopt_box(&options, &result, &err);
	explicit_bzero(&code, sizeof(code));
	return r < 0 ? fail(console, &address, &result, &err) : tell(console, &result);
}
